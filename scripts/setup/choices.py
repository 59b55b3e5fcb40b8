"""What a person chose for a platform: read from the environment, kept with it."""

import os
import re
import socket
import uuid
from pathlib import Path

from . import domain
from .runner import Failure
from .settings import LEAST_MB, USUAL_RUN, Settings, own_engine_host

# Lasting choices: made once by the first `up`, kept in platform.env.
FIXED = {
    "PORT_BASE": "18000",
    "TENANT_UID_BASE": "200000",
    "TENANT_UID_COUNT": "10000",
    "BASE_DOMAIN": "tenants.localhost",
    # What tenants run on: processes of this machine, or a Docker Swarm.
    "RUNTIME": "process",
}
RUNTIMES = ("process", "swarm")
BILLINGS = ("none", "killbill")
DIRECT = "direct"
SMARTHOST = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]{0,252}:[0-9]{1,5}")
ENGINE = "/run/docker.sock"  # where Debian's and others' packages have it
# Kept there too, until they are given anew; given empty they are forgotten.
CHANGEABLE = {
    "CACHE_DIR": "/var/cache/saasodoo",
    # What placement may sell of this machine; empty: all cores, a part of the memory.
    "NODE_CORES": "",
    "NODE_MEMORY_MB": "",
    # Sooner nothing is purged, whatever the master's own retention time is.
    "LEAST_RETENTION_DAYS": "7",
    # A source tree of Odoo 19; empty: one that is found or unpacked.
    "ODOO_SOURCE": "",
    # 0: no first instance.
    "DEMO": "",
    # A wildcard certificate with its key; empty: one of a CA of the platform's own.
    "TLS_CERT": "",
    "TLS_KEY": "",
    # Where the relay hands tenants' mail on: host:port, `direct` to find each
    # recipient's server itself, empty to hold it.
    "SMTP_SMARTHOST": "",
    # A file with login:password for the smarthost.
    "SMTP_LOGIN_FILE": "",
    # Who decides what customers owe: staff, or a Kill Bill of the platform's own.
    "BILLING": "none",
    # Its WAR; empty: the one that Maven brings.
    "KILLBILL_WAR": "",
    # 1: its clock can be moved, for tests.
    "KILLBILL_TEST_MODE": "",
}


def run_dir(environ=os.environ):
    """Return the folder of the platform that is meant.

    Without links: what is found of it later, like locks held open, has the real path.
    """
    return Path(environ.get("RUN_DIR") or USUAL_RUN).resolve()


def load(environ=os.environ):
    """Read the settings of the platform that RUN_DIR names.

    :raise Failure: where a variable contradicts what the platform was made with
    """
    run = run_dir(environ)
    stored = _read_stored(run / "platform.env")
    if stored:  # one that was made before there was a choice
        stored.setdefault("RUNTIME", "process")
    values = {
        name: _choose(name, environ.get(name), stored.get(name), default)
        for name, default in FIXED.items()
    }
    values |= {
        name: environ.get(name, stored.get(name)) or default
        for name, default in CHANGEABLE.items()
    }
    if not stored:  # what was made with another must be stopped, and go on
        domain.check(values["BASE_DOMAIN"])
    _check_one_of("RUNTIME", values, RUNTIMES)
    _check_one_of("BILLING", values, BILLINGS)
    if stored.get("BILLING") == "killbill" and values["BILLING"] != "killbill":
        cure = "leave BILLING out: what customers owe is known there alone"
        raise Failure("this platform's billing is Kill Bill's", cure)
    return Settings(
        run=run,
        platform=stored.get("PLATFORM_UUID") or str(uuid.uuid4()),
        port_base=_number("PORT_BASE", values, 1024, 29000),
        uid_base=_number("TENANT_UID_BASE", values, 100000, 2000000000),
        uid_count=_number("TENANT_UID_COUNT", values, 10, 1000000),
        base_domain=values["BASE_DOMAIN"],
        cache=Path(values["CACHE_DIR"]).resolve(),
        node_cores=_number("NODE_CORES", values, 1, 4096),
        node_memory_mb=_number("NODE_MEMORY_MB", values, LEAST_MB, 2**30),
        least_retention_days=_number("LEAST_RETENTION_DAYS", values, 0, 3650),
        odoo_source=_absolute(values["ODOO_SOURCE"]),
        demo=values["DEMO"] != "0",
        runtime=values["RUNTIME"],
        docker_host=_choose_engine(values["RUNTIME"], run, environ, stored),
        tls_cert=_absolute(values["TLS_CERT"]),
        tls_key=_absolute(values["TLS_KEY"]),
        smtp_smarthost=_check_smarthost(values["SMTP_SMARTHOST"]),
        smtp_login_file=_absolute(values["SMTP_LOGIN_FILE"]),
        billing=values["BILLING"],
        killbill_war=_absolute(values["KILLBILL_WAR"]),
        killbill_test_mode=values["KILLBILL_TEST_MODE"] == "1",
    )


def stored_text(settings):
    """Return the content of platform.env."""
    values = {
        "PLATFORM_UUID": settings.platform,
        "PORT_BASE": settings.port_base,
        "TENANT_UID_BASE": settings.uid_base,
        "TENANT_UID_COUNT": settings.uid_count,
        "BASE_DOMAIN": settings.base_domain,
        "CACHE_DIR": settings.cache,
        "NODE_CORES": settings.node_cores or "",
        "NODE_MEMORY_MB": settings.node_memory_mb or "",
        "LEAST_RETENTION_DAYS": settings.least_retention_days,
        "ODOO_SOURCE": settings.odoo_source,
        "DEMO": "" if settings.demo else "0",
        "RUNTIME": settings.runtime,
        "DOCKER_HOST": settings.docker_host,
        "TLS_CERT": settings.tls_cert,
        "TLS_KEY": settings.tls_key,
        "SMTP_SMARTHOST": settings.smtp_smarthost,
        "SMTP_LOGIN_FILE": settings.smtp_login_file,
        "BILLING": settings.billing,
        "KILLBILL_WAR": settings.killbill_war,
        "KILLBILL_TEST_MODE": "1" if settings.killbill_test_mode else "",
    }
    return "".join(f"{name}={value}\n" for name, value in values.items())


def _read_stored(path):
    try:
        lines = path.read_text().splitlines()
    except FileNotFoundError:
        return {}
    return dict(line.split("=", 1) for line in lines if "=" in line)


def _choose(name, wanted, stored, default):
    if wanted and stored and wanted != stored:
        raise Failure(
            f"this platform was made with {name}={stored}, not {wanted}",
            f"leave {name} out, or choose another RUN_DIR for a platform beside it",
        )
    return wanted or stored or default


def _check_one_of(name, values, known):
    if values[name] not in known:
        words = " or ".join(known)
        raise Failure(f"{name}={values[name]} is not {words}", "make up")


def _choose_engine(runtime, run, environ, stored):
    """Return where the engine listens: chosen once, as tenants stay where they are."""
    if runtime != "swarm":
        return ""
    known = stored.get("DOCKER_HOST")
    host = _choose("DOCKER_HOST", environ.get("DOCKER_HOST"), known, "")
    if not host:
        host = f"unix://{ENGINE}" if _listens(ENGINE) else own_engine_host(run)
    if not host.startswith("unix:///"):
        # Tenants' folders are mounted into their containers: it must be this machine.
        cure = "name this machine's engine, or leave DOCKER_HOST out"
        raise Failure(f"DOCKER_HOST={host} is no unix:///path", cure)
    return host


def _listens(path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        return client.connect_ex(path) == 0


def _number(name, values, lowest, highest):
    """Return the number that was chosen, or None where the machine decides."""
    text, default = values[name], FIXED.get(name, "")
    if not text and not default:
        return None
    if not text.isdecimal() or not lowest <= int(text) <= highest:
        raise Failure(
            f"{name}={text} is no number from {lowest} to {highest}",
            f"make up {name}={default} or another one",
        )
    return int(text)


def _check_smarthost(text):
    if text in ("", DIRECT) or SMARTHOST.fullmatch(text):
        return text
    raise Failure(
        f"SMTP_SMARTHOST={text} is no host:port",
        f"make up SMTP_SMARTHOST=mail.example.net:587, or {DIRECT}, or empty",
    )


def _absolute(path):
    return str(Path(path).absolute()) if path else ""
