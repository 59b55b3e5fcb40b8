"""The suites: set-up, drivers, command line, add-ons, journeys.

Each is run at a depth: fast, all or slow.
"""

from dataclasses import dataclass, field, replace
from pathlib import Path

from ..setup import files, master, postgresql, release, traefik
from ..setup import killbill as billing
from ..setup.accounts import JOBS
from ..setup.folders import passwords
from ..setup.settings import BILLING_MODULES, CHECKOUT, MODULES
from . import killer

DATABASE = "saasodoo_test"
PROVIDER = "payment_demo"  # of payments; it charges nobody
# -F: an interruption reaches pytest itself. What pytest starts does not get the lock.
LOCK = ("flock", "-F")
DRIVERS_LOCK = "/run/lock/saasodoo-drivers.lock"
# What takes more than half of the time: hundreds of deaths, thousands of instances,
# and whatever boots a tenant's Odoo.
THOROUGH = (
    "TestAnyOrder",
    "TestKillMatrix",
    "TestReconcileScale",
    "test_tenant.py",
    "test_tenant_access",
    "test_tenant_commands",
    "test_tenant_template",
    "test_tenant_tokens",
)
# What starts other programs than PostgreSQL; at their fakes drivers run all the same.
OTHER_PROGRAMS = (
    "test_browser.py",
    "test_supervisors.py",
    "test_process.py",
    "test_nginx.py",
    "test_exim_letters.py",
    "test_exim_queue.py",
    "test_exim_real.py",
    "(test_exim.py and real)",
    "test_routing.py",
    "test_storage_ssh.py",
    "(test_directory.py and ssh)",
    "(test_routes.py and nginx)",
    "(test_runtimes.py and real)",
)
# Of the add-ons' tests, what needs a Kill Bill
STORIES = "saas_billing_killbill/tests/stories"
# Half an hour of what 50 of them show, and two dozen deaths of Kill Bill
AT_LENGTH = ("TestThousandOrders", "TestKilled")
LEFT_OUT = " or ".join((*AT_LENGTH, *THOROUGH, *OTHER_PROGRAMS))
SELECTIONS = {
    "fast": ["-m", "not slow", "-k", f"not ({LEFT_OUT})"],
    "all": ["-m", "not slow", "-k", f"not ({' or '.join(AT_LENGTH)})"],
    "slow": [],
}


@dataclass(frozen=True, kw_only=True)
class Suite:
    """One run of pytest.

    :param Path report: where it writes its JUnit file
    :param str user: who runs it; root unless told
    """

    name: str
    command: list
    folder: Path
    report: Path
    environment: dict = field(default_factory=dict)
    user: str | None = None


def setup(settings, depth):
    """The set-up itself."""
    return _plain(settings, "setup", {"PYTHONPATH": str(CHECKOUT)}, depth)


def drivers(settings, depth):
    """The drivers against real servers and fakes; Odoo stays out."""
    words = passwords(settings, postgresql.ROLES)
    environment = {
        "SAASODOO_TEST_PG_PORT": str(settings.ports["postgresql"]),
        "SAASODOO_TEST_PG_USER": "postgres",
        "SAASODOO_TEST_PG_PASSWORD": words["postgres"],
        "PYTHONPATH": f"{CHECKOUT / 'addons/saas_infra'}:{CHECKOUT}",
        "SAASODOO_RUN_DIR": str(settings.run),
        "SAASODOO_TRAEFIK": str(traefik.PROGRAM.path(settings)),
    }
    if depth == "fast":
        environment["SAASODOO_TEST_ONLY_POSTGRESQL"] = "1"
    suite = _plain(settings, "drivers", environment, depth)
    # Its ports and users are fixed, so it runs once at a time on a machine.
    return replace(suite, command=[*LOCK, DRIVERS_LOCK, *suite.command])


def killbill(settings, depth):
    """The client of Kill Bill against a real one, and against what it cannot show."""
    environment = {
        "PYTHONPATH": f"{CHECKOUT / 'addons/saas_billing_killbill'}:{CHECKOUT}",
        "SAASODOO_KILLBILL_URL": billing.url(settings),
        "SAASODOO_KILLBILL_PASSWORD": billing.password(settings),
        "SAASODOO_KILLBILL_LOG": str(settings.log / "killbill.log"),
    }
    return _plain(settings, "killbill", environment, depth)


def saasctl(settings, depth):
    """The operators' command line."""
    return _plain(settings, "saasctl", {}, depth)


def journeys(settings, depth):
    """Whole journeys on a platform that is up."""
    # A second site is made of what the drivers are tried at.
    folders = (".", "addons/saas_infra", "tests/drivers")
    environment = {
        "SAASODOO_RUN_DIR": str(settings.run),
        "PYTHONPATH": ":".join(str(CHECKOUT / folder) for folder in folders),
    }
    return _plain(settings, "system", environment, depth)


def addons(settings, depth):
    """The add-ons."""
    left_out = settings.run / "code/master" / STORIES
    return _in_odoo(settings, "add-ons", *SELECTIONS[depth], f"--ignore={left_out}")


def stories(settings, depth):
    """Customers' lives on a real Kill Bill, by its clock."""
    return _in_odoo(
        settings, "stories", *SELECTIONS[depth], place=STORIES,
        SAASODOO_KILLBILL_URL=billing.url(settings),
        SAASODOO_KILLBILL_PASSWORD=billing.password(settings),
        SAASODOO_KILLBILL_KILLER=killer.path(settings),
    )  # fmt: skip


def _in_odoo(settings, name, *chosen, place="", **environment):
    """Return tests of add-ons as a suite: by the user of `jobs`, on a fresh clone.

    :param str place: below the add-ons
    :param environment: beside what all have
    """
    prepare_database(settings)
    report = _report_path(settings, name, owner=JOBS)
    code = settings.run / "code/master"
    command = [
        settings.venv / "bin/python", "-m", "pytest",
        "-c", settings.etc / "pytest.ini", "--rootdir", code,
        f"--odoo-config={settings.etc / 'test.conf'}", f"--odoo-database={DATABASE}",
        "--odoo-http", "--odoo-log-level=warn",
        f"--odoo-extra=logfile={settings.log / 'tests.log'}",
        f"--junitxml={report}", *chosen, code / place,
    ]  # fmt: skip
    return Suite(
        name=name,
        command=command,
        folder=settings.run / "tests",
        report=report,
        environment={
            "HOME": str(settings.run / "tests"),
            "USER": JOBS,
            "ODOO_QUEUE_JOB_CHANNELS": "root:0",
        }
        | {name: str(value) for name, value in environment.items()},
        user=JOBS,
    )


def prepare_database(settings):
    """Have a database with our add-ons of just now, and a fresh clone of it."""
    folder = settings.run / "tests"
    files.make_folder(folder, 0o700, JOBS, JOBS)
    files.make_log(settings.log / "tests.log", JOBS)
    values = settings.placeholders() | {"database": DATABASE}
    words = passwords(settings, postgresql.ROLES)
    values["password_saas_owner"] = words["saas_owner"]
    for name in ("test.conf", "pytest.ini"):
        text = files.render(f"odoo/{name}", values)
        files.write(settings.etc / name, text, mode=0o440, group=JOBS)
    base = f"{DATABASE}_base"
    noted, code = folder / "installed", release.code_hash(settings)
    known = noted.read_text() if noted.exists() else ""
    if known != code:
        noted.unlink(missing_ok=True)
        _make_base(settings, base, anew=not known)
        files.write(noted, code)
    _sql(settings, f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
    _sql(settings, f"CREATE DATABASE {DATABASE} OWNER saas_owner TEMPLATE {base}")
    _sql(settings, f"REVOKE ALL ON DATABASE {DATABASE} FROM PUBLIC")


def _make_base(settings, base, anew):
    if anew:
        _sql(settings, f"DROP DATABASE IF EXISTS {base} WITH (FORCE)")
        _sql(settings, f"CREATE DATABASE {base} OWNER saas_owner TEMPLATE template0")
        _sql(settings, f"REVOKE ALL ON DATABASE {base} FROM PUBLIC")
    modules = ",".join((*MODULES, *BILLING_MODULES.values(), PROVIDER))
    again = () if anew else ("-u", modules)
    master.run_odoo(
        settings, "-i", modules, *again, "--stop-after-init",
        log="tests.log", conf="test.conf", database=base,
    )  # fmt: skip


def _sql(settings, statement):
    postgresql.run_sql(settings, "postgres", "postgres", statement)


def _plain(settings, name, environment, depth):
    """Return a folder of tests/ as a suite that root runs from the checkout."""
    report = _report_path(settings, name)
    command = [
        settings.venv / "bin/python", "-m", "pytest", "-p", "no:odoo",
        "-p", "no:cacheprovider", f"--junitxml={report}", *SELECTIONS[depth],
        CHECKOUT / "tests" / name,
    ]  # fmt: skip
    return Suite(
        name=name,
        command=command,
        folder=CHECKOUT,
        report=report,
        environment={"HOME": "/root"} | environment,
    )


def _report_path(settings, name, owner="root"):
    path = settings.run / f"tests-{name}.xml"
    path.unlink(missing_ok=True)
    files.write(path, "", mode=0o600, owner=owner)
    return path
