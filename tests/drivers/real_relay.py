"""A mail relay as set-up makes it, and a smarthost that keeps what comes."""

import os
import shutil
import socketserver
import subprocess
import tempfile
import threading
from contextlib import contextmanager
from pathlib import Path

from drivers.errors import InfraError
from drivers.exim import EximDriver
from real_machine import wait_until

from scripts.setup import certificates, exim, mail
from scripts.setup.accounts import MAIL
from scripts.setup.choices import load

PORT_BASE = 22300


class Smarthost(socketserver.ThreadingTCPServer):
    """Takes all mail, in clear and from everybody.

    ``mails`` are sender and text each, ``logins`` what was shown, and ``offers`` is an
    extension that it says to have.
    """

    allow_reuse_address = daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Conversation)
        self.mails, self.logins, self.offers = [], [], "HELP"
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def address(self):
        return f"127.0.0.1:{self.server_address[1]}"


class _Conversation(socketserver.StreamRequestHandler):
    def handle(self):
        self.say("220 smarthost")
        sender = ""
        for line in self.rfile:
            verb, _, rest = line.decode().strip().partition(" ")
            if verb == "EHLO":
                self.say(f"250-smarthost\r\n250 {self.server.offers}")
            elif verb == "AUTH":
                self.server.logins.append(rest)
                self.say("235 welcome")
            elif verb == "DATA":
                self.say("354 go on")
                lines = iter(lambda: self.rfile.readline().decode(), ".\r\n")
                self.server.mails.append((sender, "".join(lines)))
                self.say("250 kept")
            elif verb == "QUIT":
                self.say("221 bye")
                break
            else:
                if verb == "MAIL":
                    sender = rest.partition("<")[2].partition(">")[0]
                self.say("250 ok")

    def say(self, text):
        self.wfile.write(f"{text}\r\n".encode())


class RealRelay:
    """Exim, run by its own user with the configuration of the set-up."""

    def __init__(self, platform, smarthost):
        self.platform, self.smarthost = platform, smarthost
        self.run = Path(tempfile.mkdtemp(prefix="saasodoo-relay-", dir="/var/tmp"))
        self.port = PORT_BASE + 25
        self._process = None

    @classmethod
    @contextmanager
    def started(cls, platform):
        with Smarthost() as smarthost:
            relay = cls(platform, smarthost)
            try:
                relay.prepare()
                relay.start()
                yield relay
            finally:
                relay.stop()
                smarthost.shutdown()
                shutil.rmtree(relay.run)

    def prepare(self):
        self.run.chmod(0o755)
        for folder in ("etc", "code", "mail/spool", "log/mail", "mail/logins"):
            (self.run / folder).mkdir(parents=True)
        for folder in ("mail/spool", "log/mail", "mail/logins"):
            shutil.chown(self.run / folder, MAIL, MAIL)
        (self.run / "mail/logins").chmod(0o2750)
        binary = Path(os.environ["SAASODOO_RUN_DIR"], "code/exim").resolve()
        (self.run / "code/exim").symlink_to(binary)

    def settings(self, **values):
        return load(
            {
                "RUN_DIR": str(self.run),
                "PORT_BASE": str(PORT_BASE),
                "SMTP_SMARTHOST": self.smarthost.address,
                **values,
            }
        )

    def start(self, **values):
        """Start it.

        :param values: settings that differ, as variables of ``make up``
        """
        settings = self.settings(**values)
        mail.prepare(settings)
        queue = settings.placeholders()["mail_queue"].split()
        self._process = self._exim("-bdf", *queue)
        wait_until(self._answers, "the start of the relay")

    def stop(self):
        if self._process:
            self._process.terminate()
            self._process.wait(timeout=30)

    @contextmanager
    def instead(self, **values):
        """Have it run with other settings for a while."""
        self.stop()
        self.start(**values)
        try:
            yield
        finally:
            self.stop()
            self.start()

    def driver(self, **values):
        settings = {
            "logins_dir": str(self.run / "mail/logins"),
            "host": "127.0.0.1",
            "port": self.port,
            "platform": self.platform,
        }
        return EximDriver(**settings | values)

    @contextmanager
    def on_swarm(self, gateway):
        """Have it listen for other machines too, with a certificate.

        :param str gateway: at which address
        """
        (self.run / "tls").mkdir(exist_ok=True)
        (self.run / "etc/gateway").write_text(f"{gateway} 127.0.0.0/8\n")
        swarm = {"RUNTIME": "swarm", "DOCKER_HOST": "unix:///nonexistent"}
        certificates._make_authority(self.settings(**swarm))
        with self.instead(**swarm):
            yield certificates.authority(self.settings())

    def waiting(self):
        return mail.waiting(self.settings())

    def run_queue(self):
        """Try all that waits, before its time too."""
        self._exim("-qff").wait(timeout=30)

    def log(self):
        return (self.run / "log/mail/main.log").read_text()

    def _exim(self, *options):
        binary = self.run / "code/exim" / exim.BINARY
        command = [binary, "-C", self.run / "etc/relay.conf", *options]
        return subprocess.Popen(command, user=MAIL, group=MAIL, extra_groups=[])

    def _answers(self):
        try:
            self.driver().check()
        except InfraError:
            return False
        return True
