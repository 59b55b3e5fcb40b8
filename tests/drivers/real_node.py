"""A node of a swarm: dockerd in a network, a mount and a UTS namespace of its own.

What it does to devices, firewall rules and mounts goes with the namespaces.
"""

import os
import shutil
import signal
import subprocess
from contextlib import suppress
from pathlib import Path

import docker
from drivers.errors import InfraError
from drivers.swarm_engine import Engine
from real_machine import wait_until

# A name server that refuses at once: nothing is pulled here. The engine starts when it
# has the address by which other nodes know it.
_START = """\
hostname "$2"
ip link set lo up
mount --bind "$1/resolv.conf" /etc/resolv.conf
for folder in /run/docker /run/containerd; do
    mkdir -p "$folder"
    mount -t tmpfs tmpfs "$folder"
done
shift 2
read -r _
exec dockerd "$@"
"""


class RealNode:
    """The engine lives in a folder; its containers in a control group of its own.

    :param Path swarm: folder of the swarm, with its certificates
    :param str bridge: what the node is plugged into
    :param str network: the first three numbers of the bridge's addresses
    :param int number: of the node, from 1
    """

    def __init__(self, swarm, bridge, network, number):
        self.name, self.address = f"node{number}", f"{network}.{number + 1}"
        self.run = swarm / self.name
        self.socket = f"unix://{self.run}/docker.sock"
        self._swarm, self._bridge = swarm, bridge
        self._link, self._mac = f"{bridge}n{number}", f"02:53:41:53:00:{number:02x}"
        self._group = f"{swarm.name}-{self.name}"
        self._dockerd = None

    def start(self):
        """Start the engine with a cable to the bridge, and wait until it answers."""
        self.run.mkdir(exist_ok=True)
        (self.run / "resolv.conf").write_text("nameserver 127.0.0.1\n")
        command = [
            "unshare", "--net", "--mount", "--uts", "--propagation", "private",
            "sh", "-ec", _START, "sh", self.run, self.name,
            "--data-root", self.run / "data", "--exec-root", self.run / "exec",
            "--pidfile", self.run / "docker.pid", "--bridge", "none",
            "-H", self.socket, "-H", "tcp://0.0.0.0:2376",
            "--tlsverify", "--tlscacert", self._swarm / "ca.pem",
            "--tlscert", self._swarm / "server.pem",
            "--tlskey", self._swarm / "server.key",
            "--cgroup-parent", f"/{self._group}", "--no-new-privileges",
        ]  # fmt: skip
        with open(self.run / "dockerd.log", "ab") as log:
            self._dockerd = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._connect_network()
        with self._dockerd.stdin as line:
            line.write(b"connected\n")
        wait_until(self._answers, f"the start of dockerd on {self.name}", 60)

    def stop(self):
        """Stop the engine as a reboot does; it comes back with its swarm."""
        self._dockerd.terminate()
        self._dockerd.wait(timeout=90)

    def kill(self):
        """End the engine and its containers at once, as a power cut does."""
        if self._dockerd:
            self._dockerd.kill()
            self._dockerd.wait()
        wait_until(self._is_empty, f"the end of {self.name}")
        # They lie in a /run of their own elsewhere, which is empty after a power cut.
        # The engine would wait for one that got the same number meanwhile.
        shutil.rmtree(self.run / "exec", ignore_errors=True)
        (self.run / "docker.pid").unlink(missing_ok=True)

    def end(self):
        """Kill it and leave nothing."""
        self.kill()
        self._disconnect()
        for path in Path("/sys/fs/cgroup").glob(f"*/{self._group}"):
            for folder in sorted(path.rglob("*/"), reverse=True):
                folder.rmdir()
            path.rmdir()
        shutil.rmtree(self.run, ignore_errors=True)

    def is_running(self):
        return bool(self._dockerd) and self._dockerd.poll() is None

    def client(self):
        """The SDK itself, to look at what the driver made."""
        return docker.APIClient(self.socket, version="auto", timeout=60)

    def inside(self, *command):
        """Run a command in the node's own network; return what it says."""
        node = ["nsenter", "-n", "-t", str(self._dockerd.pid)]
        done = subprocess.run(
            [*node, *map(str, command)], check=True, capture_output=True, text=True
        )
        return done.stdout

    def _is_empty(self):
        """Kill what a container left behind when its engine ended too early."""
        left = []
        for process in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                if f"{self.run}/" in (process / "cmdline").read_text():
                    left.append(int(process.name))
        for procs in Path("/sys/fs/cgroup").glob(f"*/{self._group}/*/cgroup.procs"):
            left += map(int, procs.read_text().split())
        for pid in left:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return not left

    def _answers(self):
        if self._dockerd.poll() is not None:
            raise AssertionError((self.run / "dockerd.log").read_text()[-2000:])
        try:
            Engine(self.socket).call("ping")
        except InfraError:
            return False
        return True

    def _connect_network(self):
        """Have a cable between the bridge and the engine's network."""
        pid = str(self._dockerd.pid)
        wait_until(lambda: _netns(pid) != _netns("self"), "the namespace")
        # That of a network that just ended goes some time later by itself.
        self._disconnect()
        cable = ["ip", "link", "add", self._link, "type", "veth"]
        inside = ["nsenter", "-n", "-t", pid, "ip"]
        for command in (
            # Others remember it: after a restart they would talk to nobody.
            [*cable, "peer", "name", "eth0", "address", self._mac, "netns", pid],
            ["ip", "link", "set", self._link, "master", self._bridge, "up"],
            [*inside, "address", "add", f"{self.address}/24", "dev", "eth0"],
            [*inside, "link", "set", "eth0", "up"],
        ):
            subprocess.run(command, check=True)

    def _disconnect(self):
        subprocess.run(["ip", "link", "del", self._link], stderr=subprocess.DEVNULL)


def _netns(pid):
    return Path(f"/proc/{pid}/ns/net").readlink()
