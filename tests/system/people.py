"""Who uses a platform: an operator at the command line, a visitor with a browser."""

import contextlib
import json
import os
import re
import subprocess
import time
import uuid
from pathlib import Path
from urllib.parse import urlsplit

import requests
from strangers import run

from scripts.setup.choices import load

CHECKOUT = Path(__file__).resolve().parents[2]
# Every text that a customer types must survive SQL, shells, QWeb and HTML.
COMPANY = "'; $(id) {{7*7}} <script>"


class Platform:
    """The operator's view: the command line and what visitors see."""

    def __init__(self, run_dir):
        self.run_dir = Path(run_dir)

    @property
    def settings(self):
        """What set-up knows of it."""
        return load({"RUN_DIR": str(self.run_dir)})

    def setting(self, name):
        """Return a lasting choice of the platform, as text."""
        for line in (self.run_dir / "platform.env").read_text().splitlines():
            key, _, value = line.partition("=")
            if key == name:
                return value
        raise KeyError(name)

    def tenant_url(self, subdomain):
        """Return the public address of an instance."""
        port = int(self.setting("PORT_BASE")) + 80
        return f"http://{subdomain}.{self.setting('BASE_DOMAIN')}:{port}"

    def visitor(self):
        """Return a new browser."""
        return Visitor()

    def run_saasctl(self, *arguments):
        """Run the command line with ``--json``.

        :return: exit code, and the JSON document that it printed
        """
        self._keep_logs()
        result = subprocess.run(
            [CHECKOUT / "scripts/saasctl", *map(str, arguments), "--json"],
            capture_output=True,
            text=True,
            timeout=300,
            env={**os.environ, "RUN_DIR": str(self.run_dir), "NO_COLOR": "1"},
            check=False,
        )
        assert result.stdout.strip(), result.stderr
        return result.returncode, json.loads(result.stdout)

    def _keep_logs(self):
        """Hold on to the tenants' logs: the run's check reads them, a purge ends them.

        By a second name of the same file, so that what is added later is in it too.
        """
        kept = self.run_dir / "log/kept"
        kept.mkdir(mode=0o700, exist_ok=True)
        for log in (self.run_dir / "log/tenants").glob("*.log"):
            with contextlib.suppress(FileExistsError, FileNotFoundError):
                os.link(log, kept / f"{log.stem}.{log.stat().st_ino}.log")

    def saasctl(self, *arguments):
        """Run the command line; it must end well."""
        code, answer = self.run_saasctl(*arguments)
        assert code == 0, answer
        return answer

    def jobs_processes(self):
        """List the processes of the service `jobs`; who starts others comes first."""
        conf = f"{self.run_dir}/etc/jobs.conf".encode()
        found = []
        for path in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                words = (path / "cmdline").read_bytes().split(b"\0")
                if conf in words and any(word.endswith(b"/odoo") for word in words):
                    found.append(int(path.name))
        return sorted(found)

    def create(self, subdomain=None, **options):
        """Create an instance and wait for it."""
        subdomain = subdomain or f"t{uuid.uuid4().hex[:10]}"
        arguments = {
            "plan": "starter",
            "customer": f"{COMPANY} {subdomain}",
            "email": f"owner@{subdomain}.test",
            **options,
        }
        flat = [
            part for key, value in arguments.items() for part in (f"--{key}", value)
        ]
        return self.saasctl(
            "instance", "create", "--subdomain", subdomain, *flat, "--wait"
        )

    def remove(self, subdomain):
        """Terminate and purge an instance, whatever it is doing."""
        self.run_saasctl("instance", "terminate", subdomain, "--yes", "--wait")
        self.run_saasctl(
            *("instance", "purge", subdomain, "--confirm", subdomain),
            *("--reason", "end of the test", "--wait"),
        )


class Visitor(requests.Session):
    """A browser: any *.localhost is this machine."""

    def request(self, method, url, **options):
        parts = urlsplit(url)
        headers = {"Host": parts.netloc, **(options.pop("headers", None) or {})}
        local = parts._replace(netloc=f"127.0.0.1:{parts.port or 80}").geturl()
        options.setdefault("timeout", 30)
        options["allow_redirects"] = False
        return super().request(method, local, headers=headers, **options)

    def session_of(self, url):
        """Return the session cookie that this browser has for an address."""
        host = urlsplit(url).hostname
        [value] = [
            cookie.value
            for cookie in self.cookies
            if cookie.name == "session_id" and cookie.domain.lstrip(".") == host
        ]
        return value


def wait_until(condition, seconds=60):
    """Wait for a condition, with a generous limit.

    :return: what the condition returned
    """
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        result = condition()
        if result:
            return result
        time.sleep(0.1)
    raise AssertionError(f"not within {seconds} s: {condition}")


def field_of(page, name):
    """Return the value of a form's field."""
    found = re.search(rf'name="{name}"\s+value="([^"]*)"', page)
    assert found, page[:2000]
    return found.group(1).replace("&amp;", "&")


def enter(platform, visitor, subdomain):
    """Enter an instance as support.

    :return: the session's facts, as the tenant tells them
    """
    link = platform.saasctl("instance", "open", subdomain, "--reason", "test")["url"]
    return facts_of(visitor, follow(visitor, link))


def enter_as_owner(platform, visitor, subdomain):
    """Enter an instance as its owner; see `enter`."""
    [link] = owner_links(platform, subdomain)
    return facts_of(visitor, follow(visitor, link))


def owner_links(platform, *subdomains):
    """Make links by which owners enter, as the portal will.

    :return: one for each name, in order
    """
    script = f"""
tickets, instances = env["saas.login.ticket"], env["saas.instance"]
for name in {subdomains!r}:
    instance = instances.search([("subdomain", "=", name)])
    print("LINK " + tickets._issue(instance, "owner", "test")["url"])
"""
    said = run_in_master(platform, script)
    links = [
        line.partition("LINK ")[2] for line in said.splitlines() if "LINK " in line
    ]
    assert len(links) == len(subdomains), said
    return links


def run_in_master(platform, script, seconds=120):
    """Run Python with the master's environment, and commit.

    :param int seconds: how long it may take

    :return: what it says
    """
    python = platform.run_dir / "code/venv/bin/python"
    conf = platform.run_dir / "etc/jobs.conf"
    shell = (python, "-m", "odoo", "shell", "-c", conf, "--no-http")
    stdin = f"{script}\nenv.cr.commit()\n"
    done = run(*shell, stdin=stdin, user="saas-jobs", seconds=seconds)
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def follow(visitor, link):
    """Follow a one-time link as a browser does, into the tenant.

    :return: the address of the tenant
    """
    answer = press(visitor, link)
    assert answer.status_code == 200, answer.text[:500]
    action = re.search(r'action="(http[^"]+)"', answer.text).group(1)
    entered = visitor.post(action, data={"token": field_of(answer.text, "token")})
    assert entered.status_code == 303, entered.text[:500]
    return "{0.scheme}://{0.netloc}".format(urlsplit(action))


def press(visitor, link):
    """Follow a one-time link and press its button.

    :return: what the master answers to that
    """
    address, _, code = link.partition("#")
    page = visitor.get(address)
    assert page.status_code == 200, page.text[:500]
    action = re.search(r'action="(/[^"]+)"', page.text).group(1)
    return visitor.post(
        "{0.scheme}://{0.netloc}{1}".format(urlsplit(link), action),
        data={"csrf_token": field_of(page.text, "csrf_token"), "code": code},
    )


def facts_of(visitor, url):
    """Return the facts of a visitor's session, as the tenant tells them."""
    return ask(visitor, f"{url}/web/session/get_session_info")


def call(visitor, url, model, method, *arguments):
    """Call a model of an instance as its web client does.

    :return: what it returns
    """
    return ask(
        visitor,
        f"{url}/web/dataset/call_kw/{model}/{method}",
        model=model,
        method=method,
        args=arguments,
        kwargs={},
    )


def ask(visitor, address, **params):
    """Ask Odoo as its web client does.

    :return: the result; Odoo leaves it out where it is None
    """
    question = {"jsonrpc": "2.0", "method": "call", "params": params}
    answer = visitor.post(address, json=question).json()
    assert "error" not in answer, answer
    return answer.get("result")
