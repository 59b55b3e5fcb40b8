"""A swarm of one node: dockerd in a network and a mount namespace of its own.

What it does to devices, firewall rules and mounts goes with the namespaces.
"""

import json
import os
import shutil
import signal
import subprocess
import tempfile
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import docker
import stub_image
from drivers.errors import InfraError
from drivers.swarm import SwarmDriver
from drivers.swarm_engine import Certificates, Engine
from real_machine import CHECKOUT, HERE, wait_until

ADDRESS, GATEWAY = "10.98.77.2", "10.98.77.1"
DEVICE = "saasswarm0"
CELL = "cell"
# A name server that refuses at once: nothing is pulled here.
_START = """\
ip link set lo up
mount --bind "$1/resolv.conf" /etc/resolv.conf
mkdir -p /run/docker
mount -t tmpfs tmpfs /run/docker
shift
exec dockerd "$@"
"""


class RealSwarm:
    """The engine lives in a folder; its containers in a control group of its own."""

    def __init__(self, platform, storage):
        self.platform, self.storage = platform, storage
        self.run = Path(tempfile.mkdtemp(prefix="saasodoo-swarm-", dir="/var/tmp"))
        self.address = f"unix://{self.run}/docker.sock"
        self.image = ""
        self._group = self.run.name
        self._dockerd = None

    @classmethod
    @contextmanager
    def started(cls, *arguments):
        swarm = cls(*arguments)
        try:
            swarm.start()
            swarm.prepare()
            yield swarm
        finally:
            swarm.end()

    def start(self):
        """Start the engine, and wait until it answers."""
        (self.run / "resolv.conf").write_text("nameserver 127.0.0.1\n")
        if not (self.run / "ca.pem").exists():
            self._make_certificates()
        command = [
            "unshare", "--net", "--mount", "--propagation", "private",
            "sh", "-ec", _START, "sh", self.run,
            "--data-root", self.run / "data", "--exec-root", self.run / "exec",
            "--pidfile", self.run / "docker.pid", "--bridge", "none",
            "-H", self.address, "-H", "tcp://0.0.0.0:2376",
            "--tlsverify", "--tlscacert", self.run / "ca.pem",
            "--tlscert", self.run / "server.pem", "--tlskey", self.run / "server.key",
            "--cgroup-parent", f"/{self._group}", "--no-new-privileges",
        ]  # fmt: skip
        with open(self.run / "dockerd.log", "ab") as log:
            self._dockerd = subprocess.Popen(
                command, stdout=log, stderr=log, start_new_session=True
            )
        self._connect_network()
        wait_until(self._answers, "the start of dockerd", 60)

    def stop(self):
        """Stop the engine as a reboot does; it comes back with its swarm."""
        self._dockerd.terminate()
        self._dockerd.wait(timeout=90)

    def prepare(self):
        client = self.client()
        client.init_swarm(advertise_addr="127.0.0.1")
        ipam = docker.types.IPAMConfig(
            pool_configs=[docker.types.IPAMPool(subnet="10.77.0.0/24")]
        )
        client.create_network(CELL, driver="overlay", ipam=ipam)
        folder = self.run / "image"
        folder.mkdir()
        tar = stub_image.write_tar(folder, HERE / "stub_tenant.py")
        answer = client.import_image_from_file(
            str(tar), repository="stub", tag="1", changes=stub_image.CHANGES
        )
        self.image = json.loads(answer.splitlines()[-1])["status"]
        shutil.rmtree(folder)

    def end(self):
        if self._dockerd and self._dockerd.poll() is None:
            with suppress(InfraError):
                Engine(self.address, timeout=60).call("leave_swarm", force=True)
            self.stop()
        wait_until(self._is_empty, "the end of the containers")
        for path in Path("/sys/fs/cgroup").glob(f"*/{self._group}"):
            for folder in sorted(path.rglob("*/"), reverse=True):
                folder.rmdir()
            path.rmdir()
        shutil.rmtree(self.run)

    def _is_empty(self):
        """Kill what a container left behind when its engine ended too early."""
        left = []
        for shim in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                if str(self.run) in (shim / "cmdline").read_text():
                    left.append(int(shim.name))
        for procs in Path("/sys/fs/cgroup").glob(f"*/{self._group}/*/cgroup.procs"):
            left += map(int, procs.read_text().split())
        for pid in left:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return not left

    def client(self):
        """The SDK itself, to look at what the driver made."""
        return docker.APIClient(self.address, version="auto", timeout=60)

    def certificates(self, name="client"):
        places = ("ca.pem", f"{name}.pem", f"{name}.key")
        return Certificates(*(str(self.run / place) for place in places))

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
        client = self.client()
        found = client.containers(filters=chosen)
        found.sort(key=lambda each: each["Created"])
        return [client.inspect_container(each["Id"]) for each in found]

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

    def inside(self, *command):
        """Run a command in the node's own network; return what it says."""
        node = ["nsenter", "-n", "-t", str(self._dockerd.pid)]
        done = subprocess.run(
            [*node, *map(str, command)], check=True, capture_output=True, text=True
        )
        return done.stdout

    def _answers(self):
        if self._dockerd.poll() is not None:
            raise AssertionError((self.run / "dockerd.log").read_text()[-2000:])
        try:
            Engine(self.address).call("ping")
        except InfraError:
            return False
        return True

    def _connect_network(self):
        """Have a cable between this machine and the engine's network."""
        pid = str(self._dockerd.pid)
        wait_until(lambda: _netns(pid) != _netns("self"), "the namespace")
        peer = f"{DEVICE}p"
        inside = ["nsenter", "-n", "-t", pid]
        for command in (
            ["ip", "link", "add", DEVICE, "type", "veth", "peer", peer, "netns", pid],
            ["ip", "address", "add", f"{GATEWAY}/30", "dev", DEVICE],
            ["ip", "link", "set", DEVICE, "up"],
            [*inside, "ip", "address", "add", f"{ADDRESS}/30", "dev", peer],
            [*inside, "ip", "link", "set", peer, "up"],
        ):
            subprocess.run(command, check=True)

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
                f"subjectAltName=IP:{ADDRESS}\nextendedKeyUsage={use}\n"
            )
            what = ("-in", request, "-days", str(days), "-extfile", "ext")
            self._openssl("x509", "-req", *what, *signed_by, "-out", f"{name}.pem")

    def _openssl(self, *arguments):
        subprocess.run(
            ["openssl", *arguments], cwd=self.run, check=True, capture_output=True
        )


def _netns(pid):
    return Path(f"/proc/{pid}/ns/net").readlink()
