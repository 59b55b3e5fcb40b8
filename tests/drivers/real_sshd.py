"""An SSH server in a folder, whose user reaches a Docker engine, or one program."""

import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path

from drivers.ssh import SshLogin
from real_machine import wait_until

PORT = 23222
CONFIGURATION = """\
Port {port}
ListenAddress 127.0.0.1
HostKey {run}/host
AuthorizedKeysFile {run}/authorized_keys
PidFile {run}/pid
PermitRootLogin prohibit-password
PasswordAuthentication no
StrictModes no
UsePAM no
SetEnv DOCKER_HOST={engine}
"""


class RealSshd:
    """Lets root in by one key.

    :param str engine: the address of an engine, for Docker's command line
    :param int port: of loopback
    """

    def __init__(self, engine="", port=PORT):
        self.engine, self._port = engine, port
        self.address = f"ssh://root@127.0.0.1:{port}"
        self.run = Path(tempfile.mkdtemp(prefix="saasodoo-sshd-", dir="/var/tmp"))
        self._process = None

    @classmethod
    @contextmanager
    def started(cls, **values):
        server = cls(**values)
        try:
            server.start()
            yield server
        finally:
            server.stop()
            shutil.rmtree(server.run)

    def start(self):
        for name in ("host", "client", "stranger"):
            subprocess.run(
                ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", self.run / name],
                check=True,
            )
        self.admit(self.public_key)
        text = CONFIGURATION.format(run=self.run, port=self._port, engine=self.engine)
        (self.run / "sshd_config").write_text(text)
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
        command = ["/usr/sbin/sshd", "-D", "-e", "-f", self.run / "sshd_config"]
        with open(self.run / "log", "ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        wait_until(lambda: "listening" in (self.run / "log").read_text(), "sshd")

    def stop(self):
        if self._process:
            self._process.terminate()
            self._process.wait(timeout=20)

    @property
    def public_key(self):
        """The one that is let in."""
        return (self.run / "client.pub").read_text().strip()

    def admit(self, line):
        """Have authorized_keys of this line alone."""
        (self.run / "authorized_keys").write_text(f"{line}\n")

    def logins(self):
        """Return how often somebody was let in."""
        return (self.run / "log").read_text().count("Accepted publickey")

    def login(self, key="client", host="host"):
        """Return what a client shows and expects, by the names of key pairs."""
        host_key = (self.run / f"{host}.pub").read_text()
        return SshLogin(key=(self.run / key).read_text(), host_key=host_key)
