"""A swarm on one machine: nodes in namespaces of their own, plugged into a bridge."""

import json
import shutil
import subprocess
import tempfile
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

import docker
import stub_image
from drivers.swarm import SwarmDriver
from drivers.swarm_tls import Certificates
from real_machine import CHECKOUT, HERE, wait_until
from real_node import RealNode

NETWORK, DEVICE = "10.98.77", "saasswarm0"
GATEWAY, ADDRESS = f"{NETWORK}.1", f"{NETWORK}.2"
# Of a second swarm beside the first
OTHER_NETWORK, OTHER_DEVICE = "10.98.78", "saasswarm1"
CELL = "cell"


class RealSwarm:
    """Its first node is the manager; this machine is at the bridge's first address."""

    def __init__(self, platform, storage, count=1, network=NETWORK, device=DEVICE):
        self.platform, self.storage = platform, storage
        self.run = Path(tempfile.mkdtemp(prefix="saasodoo-swarm-", dir="/var/tmp"))
        self._network, self._device = network, device
        self.nodes = [
            RealNode(self.run, device, network, number + 1) for number in range(count)
        ]
        self.manager = self.nodes[0]
        self.address = self.manager.socket
        self.image = ""

    @classmethod
    @contextmanager
    def started(cls, *arguments, **values):
        swarm = cls(*arguments, **values)
        with ExitStack() as stack:
            stack.callback(shutil.rmtree, swarm.run)
            stack.callback(swarm._remove_bridge)
            for node in swarm.nodes:
                stack.callback(node.end)
            swarm.prepare()
            yield swarm

    def prepare(self):
        self._make_certificates()
        self._make_bridge()
        for node in self.nodes:
            node.start()
        client = self.client()
        client.init_swarm(advertise_addr=self.manager.address)
        for node in self.nodes[1:]:
            self.join(node)
        ipam = docker.types.IPAMConfig(
            pool_configs=[docker.types.IPAMPool(subnet="10.77.0.0/24")]
        )
        client.create_network(CELL, driver="overlay", ipam=ipam)
        self._load_image()
        wait_until(self._is_complete, "the nodes of the swarm", 60)

    def join(self, node):
        """Have a node join as a worker."""
        token = self.client().inspect_swarm()["JoinTokens"]["Worker"]
        managers = [f"{self.manager.address}:2377"]
        node.client().join_swarm(managers, token, advertise_addr=node.address)

    def _load_image(self):
        folder = self.run / "image"
        folder.mkdir()
        tar = stub_image.write_tar(folder, HERE / "stub_tenant.py")
        answer = self.client().import_image_from_file(
            str(tar), repository="stub", tag="1", changes=stub_image.CHANGES
        )
        self.image = json.loads(answer.splitlines()[-1])["status"]
        shutil.rmtree(folder)
        # An import of its own would be another image.
        for node in self.nodes[1:]:
            for _ in node.client().load_image(self.client().get_image(self.image)):
                pass

    def _is_complete(self):
        states = self.driver().list_nodes().values()
        return [each.state for each in states] == ["ready"] * len(self.nodes)

    def client(self):
        """The manager's SDK itself, to look at what the driver made."""
        return self.manager.client()

    def inside(self, *command):
        """Run a command in the manager's own network; return what it says."""
        return self.manager.inside(*command)

    def certificates(self, name="client"):
        places = ("ca.pem", f"{name}.pem", f"{name}.key")
        return Certificates(*((self.run / place).read_text() for place in places))

    def driver(self, **values):
        settings = {
            "address": self.address,
            "platform": self.platform,
            "conf_template": (CHECKOUT / "config/swarm/tenant.conf").read_text(),
        }
        return SwarmDriver(**settings | values)

    def on_swarm(self, spec):
        """Add to a service's spec what Swarm needs."""
        return replace(
            spec, image=self.image, networks=(CELL,), storage_root=str(self.storage)
        )

    def containers(self, spec):
        """Inspect the running containers of a service, the newest last."""
        chosen = {"label": f"com.docker.swarm.service.name={spec.name}"}
        found = []
        for node in filter(RealNode.is_running, self.nodes):
            client = node.client()
            found += [
                client.inspect_container(each["Id"])
                for each in client.containers(filters=chosen)
            ]
        return sorted(found, key=lambda each: each["Created"])

    def place_of(self, spec):
        """Return the node on which it is healthy; None without one."""
        for task in self.client().tasks(filters={"service": spec.name}):
            wanted = task["DesiredState"] in ("running", "complete")
            if wanted and task["Status"]["State"] == "running":
                found = self.client().inspect_node(task["NodeID"])
                name = found["Description"]["Hostname"]
                return next(node for node in self.nodes if node.name == name)
        return None

    def mend(self):
        """Bring back nodes that were killed or drained."""
        for node in self.nodes:
            if not node.is_running():
                node.start()
        client = self.client()
        for found in client.nodes():
            if found["Spec"]["Availability"] != "active":
                spec = found["Spec"] | {"Availability": "active"}
                client.update_node(found["ID"], found["Version"]["Index"], spec)
        wait_until(self._is_complete, "the nodes of the swarm", 60)

    def ask(self, spec, path="/"):
        """Ask the newest container from its own network; None without an answer."""
        found = self.containers(spec)
        if not found:
            return None
        done = subprocess.run(
            ["nsenter", "-n", "-t", str(found[-1]["State"]["Pid"]), "curl", "-s",
             "--max-time", "5", f"http://127.0.0.1:8069{path}"],
            capture_output=True,
        )  # fmt: skip
        return json.loads(done.stdout) if done.stdout else None

    def _make_bridge(self):
        self._remove_bridge()  # of a run that was killed
        for command in (
            ["link", "add", self._device, "type", "bridge"],
            ["address", "add", f"{self._network}.1/24", "dev", self._device],
            ["link", "set", self._device, "up"],
        ):
            subprocess.run(["ip", *command], check=True)
        subprocess.run(["iptables", "-I", *self._rule], check=True)

    def _remove_bridge(self):
        for command in (
            ["ip", "link", "del", self._device],
            ["iptables", "-D", *self._rule],
        ):
            subprocess.run(command, stderr=subprocess.DEVNULL)

    @property
    def _rule(self):
        """An engine of this machine forbids to forward what is not its own."""
        ways = ("-i", self._device, "-o", self._device)
        return ["FORWARD", *ways, "-j", "ACCEPT"]

    def _make_certificates(self):
        key = ("-newkey", "rsa:2048", "-nodes", "-keyout")
        root = ("-x509", "-days", "2", "-subj", "/CN=test", "-out", "ca.pem")
        self._openssl("req", *key, "ca.key", *root)
        signed_by = ("-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial")
        for name, days in (("server", 2), ("client", 2), ("expired", -1)):
            request, subject = f"{name}.csr", ("-subj", f"/CN={name}")
            self._openssl("req", *key, f"{name}.key", *subject, "-out", request)
            use = "serverAuth" if name == "server" else "clientAuth"
            (self.run / "ext").write_text(
                f"subjectAltName=IP:{self.manager.address}\nextendedKeyUsage={use}\n"
            )
            what = ("-in", request, "-days", str(days), "-extfile", "ext")
            self._openssl("x509", "-req", *what, *signed_by, "-out", f"{name}.pem")

    def _openssl(self, *arguments):
        subprocess.run(
            ["openssl", *arguments], cwd=self.run, check=True, capture_output=True
        )
