"""A tenant's Odoo as the platform runs it: real code, a role and a user of its own."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from base64 import b64encode
from contextlib import contextmanager
from pathlib import Path
from string import Template

import requests
from drivers.specs import Identity
from drivers.swarm_conf import mail_values
from drivers.tenant import TenantClient

CHECKOUT = Path(__file__).parents[2]
GIB = 1024**3


class TenantServer:
    """One tenant: its folder, its process, and the ways to talk to it.

    :param spec: the ServiceSpec of the tenant
    :param keys: those of the platform that it trusts; the first one signs
    :param run: a folder that every user may pass through, with the code in it
    """

    def __init__(self, spec, keys, run):
        self.spec = spec
        self.keys = keys
        self.code = run / "code"
        self.folder = run / spec.name
        self.process = None
        self.make_folder()
        self.write_conf()

    def make_folder(self):
        """Make the folder: root's, with some in it that are the tenant's."""
        self.folder.mkdir(mode=0o750)
        for name in ("addons", "filestore", "sessions", "tmp"):
            (self.folder / name).mkdir(mode=0o700)
            os.chown(self.folder / name, self.spec.uid, self.spec.uid)
        os.chown(self.folder, 0, self.spec.uid)

    def copy_files(self, template):
        """Copy the filestore of the template."""
        source = template.folder / "filestore" / template.spec.database.name
        target = self.folder / "filestore" / self.spec.database.name
        shutil.copytree(source, target)
        for path in (target, *target.rglob("*")):
            os.chown(path, self.spec.uid, self.spec.uid)

    def write_conf(self, **changes):
        """Write odoo.conf from the template that is deployed."""
        values = {
            "host": self.spec.database_host,
            "database_port": self.spec.database_port,
            "role": self.spec.database.role,
            "password": self.spec.database.password,
            "database": self.spec.database.name,
            "port": self.spec.port,
            "directory": self.folder,
            "tenant_addons": self.code,
            "memory_soft": 2 * GIB,
            "memory_hard": 3 * GIB,
            "instance": self.spec.mark.instance,
            "platform": self.spec.mark.platform,
            "proxy_secret": self.spec.proxy_secret,
            "public_keys": ",".join(map(public_text, self.keys)),
            **mail_values(self.spec.mail),
            **changes,
        }
        conf = Template((CHECKOUT / "config/tenant.conf").read_text())
        self.conf.write_text(conf.substitute(values))
        self.conf.chmod(0o640)
        os.chown(self.conf, 0, self.spec.uid)

    @property
    def conf(self):
        return self.folder / "odoo.conf"

    @property
    def log(self):
        return (self.folder / "log").read_text()

    def start(self):
        """Start Odoo.

        :return: seconds until it answered
        """
        began = time.monotonic()
        self.process = self.launch()
        self.client().wait_healthy(60)
        return time.monotonic() - began

    def launch(self, *arguments):
        """Run the launcher as the tenant's user, who is in no passwd file."""
        with open(self.folder / "log", "a") as log:
            return subprocess.Popen(
                [
                    sys.executable,
                    self.code / "saas_tenant/launcher.py",
                    *arguments,
                    *("-c", self.conf),
                ],
                cwd="/",
                env={"HOME": self.folder, "USER": self.spec.name},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                user=self.spec.uid,
                group=self.spec.uid,
                extra_groups=[],
            )

    def stop(self):
        """End the process."""
        if self.process:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(20)
            self.process = None

    def client(self, **changes):
        """Return a client that speaks to the process itself."""
        values = {
            "address": ("127.0.0.1", self.spec.port),
            "host": self.spec.hostname,
            "secret": self.spec.proxy_secret,
            "sign_key": self.keys[0],
            "instance": self.spec.mark.instance,
            "platform": self.spec.mark.platform,
            "timeout": 30,
        }
        return TenantClient(**values | changes)

    def browser(self):
        """Return a browser that comes through the proxy."""
        return Browser(self)


class Browser(requests.Session):
    """A person's browser behind the proxy."""

    def __init__(self, server):
        super().__init__()
        self.server = server
        self.trust_env = False
        self.address = f"127.0.0.1:{server.spec.port}"
        self.headers["X-SaaSOdoo-Secret"] = server.spec.proxy_secret

    def request(self, method, path, **values):
        values = {"timeout": 30, "allow_redirects": False} | values
        return super().request(method, f"http://{self.address}{path}", **values)

    def sign_in(self, user="owner", **claims):
        """Post a fresh token."""
        token = self.server.client().login_token(user, **claims)
        return self.post("/saas/login", data={"token": token})

    def call(self, model, method, *arguments, **named):
        """Call a model as the web client does."""
        parameters = {
            "model": model,
            "method": method,
            "args": arguments,
            "kwargs": named,
        }
        path = f"/web/dataset/call_kw/{model}/{method}"
        answer = self.post(path, json={"params": parameters}).json()
        assert "error" not in answer, answer["error"]
        return answer.get("result")

    def run(self, code):
        """Run a server action as its administrator may, and return what it gives."""
        (model,) = self.call("ir.model", "search", [("model", "=", "res.users")])
        values = {"name": "test", "model_id": model, "state": "code", "code": code}
        (action,) = self.call("ir.actions.server", "create", [values])
        return self.call("ir.actions.server", "run", [action])


@contextmanager
def code_folder():
    """Make a folder that every user may read, with the tenant's code in it."""
    run = Path(tempfile.mkdtemp(prefix="saasodoo-tenant-", dir="/var/tmp"))
    run.chmod(0o755)
    shutil.copytree(CHECKOUT / "addons/saas_tenant", run / "code/saas_tenant")
    try:
        yield run
    finally:
        shutil.rmtree(run)


def identity(spec):
    """Return who a clone of a test becomes: the same people in each."""
    return Identity(
        instance_uuid=spec.mark.instance,
        base_url=spec.base_url,
        login="owner@example.test",
        email="owner@example.test",
        name="Olga Owner",
        company="'; $(id) {{7*7}} <script>",
    )


def public_text(key):
    """Return the public half as odoo.conf holds it."""
    return b64encode(bytes(key.verify_key)).decode()
