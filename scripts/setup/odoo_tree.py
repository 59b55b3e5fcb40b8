"""Find Odoo 19, or take it from Debian.

In this order: the source tree that ODOO_SOURCE names, an Odoo 19 that Debian's Python
imports, one that the python3 of the PATH does, Debian's own package. That package's
dependencies are those of unstable, so on Debian 12 it is unpacked into the cache
instead of being installed.
"""

import os
import re
import shutil
import stat
from pathlib import Path

from . import files
from .commands import MINIMAL, cure_of, own_environment, run, try_run
from .packages import APT_GET, IN_FOLDER, first_error
from .runner import Failure

PYTHON = "/usr/bin/python3"
NAME = "odoo-19-debian"
PACKAGES = "usr/lib/python3/dist-packages"
# Debian's Odoo links to the files of these. From Debian 12, not from unstable, whose
# font-awesome has no web fonts; only montserrat is new there.
FROM_UNSTABLE = ("odoo-19", "fonts-montserrat")
FROM_DEBIAN_12 = (
    "fonts-font-awesome",
    "fonts-inconsolata",
    "fonts-roboto-unhinted",
    "libjs-jquery",
    "libjs-jquery-form",
    "libjs-underscore",
)
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
FIND = (
    "import odoo.release as r, pathlib;"
    "print(r.version_info[0], pathlib.Path(r.__file__).parents[1])"
)


def find_or_unpack(settings):
    """Return the folder that holds the package `odoo`, compiled.

    :rtype: Path
    :raise Failure: when there is none to be had
    """
    tree = _given(settings) or _importable() or settings.cache / NAME / PACKAGES
    if not (tree / "odoo/release.py").exists():
        _unpack_debian(settings)
    _compile(settings, tree)
    return tree


def state(tree):
    """Return what tells one content of a tree from another, without reading it all.

    An edit that is not committed is seen once odoo/release.py is touched.

    :param Path tree: the folder that holds the package `odoo`
    :rtype: str
    """
    commit = ""
    if (tree / ".git").exists():
        git = ["git", "-c", f"safe.directory={tree}", "-C", tree, "rev-parse", "HEAD"]
        commit = try_run(git).stdout.strip()
    return f"{commit} {(tree / 'odoo/release.py').stat().st_mtime_ns}"


def _given(settings):
    if not settings.odoo_source:
        return None
    tree = Path(settings.odoo_source).absolute()
    if not (tree / "odoo/release.py").exists():
        raise Failure(
            f"ODOO_SOURCE={tree} is no Odoo source tree (no odoo/release.py)",
            "name the folder that holds odoo/ and addons/; ODOO_SOURCE= forgets it",
        )
    if "version_info = (19," not in (tree / "odoo/release.py").read_text():
        raise Failure(f"{tree} is not Odoo 19", "check out its branch 19.0")
    closed = files.unreachable_parent(tree.parent)
    if closed:
        raise Failure(f"other users cannot enter {closed}", f"chmod o+x {closed}")
    if not _is_readable(tree):
        raise Failure(f"other users cannot read {tree}", f"chmod -R o+rX {tree}")
    return tree


def _importable():
    """Return the tree of an installed Odoo 19 that all users can read, or None."""
    # The second may be of an environment of its own, or be led there by PYTHONPATH.
    for python, environment in (
        (PYTHON, MINIMAL),
        (shutil.which("python3"), dict(os.environ)),
    ):
        result = try_run([python or PYTHON, "-c", FIND], environment=environment)
        version, _, path = result.stdout.strip().partition(" ")
        found = version == "19" and not result.returncode
        if found and _is_readable(Path(path)):
            return Path(path)
    return None


def _is_readable(tree):
    """Tell by one file whether other users can read a tree: a mask made all alike."""
    release = tree / "odoo/release.py"
    closed = files.unreachable_parent(release)
    return not closed and bool(release.stat().st_mode & stat.S_IROTH)


def _unpack_debian(settings):
    """Download the packages and unpack them aside, so that a killed run is no harm."""
    work = settings.cache / f".{NAME}.new"
    shutil.rmtree(work, ignore_errors=True)
    for folder in ("lists/partial", "cache/archives/partial", "debs", "tree"):
        (work / folder).mkdir(parents=True)
    mirror, release = find_mirror()
    (work / "sources.list").write_text(
        f"deb [signed-by={KEYRING}] {mirror} {release} main\n"
        f"deb [signed-by={KEYRING}] {mirror} unstable main\n"
    )
    _apt(work, "update")
    names = [f"{name}/unstable" for name in FROM_UNSTABLE]
    names += [f"{name}/{release}" for name in FROM_DEBIAN_12]
    _apt(work, "download", *names)
    for deb in sorted((work / "debs").glob("*.deb")):
        run(["dpkg", "-x", deb, work / "tree"])
    shutil.rmtree(settings.cache / NAME, ignore_errors=True)
    (work / "tree").chmod(0o755)
    (work / "tree").rename(settings.cache / NAME)
    shutil.rmtree(work)


def _apt(work, *arguments):
    """Run apt-get in its own world: the machine's lists stay as they are."""
    options = {
        "Dir::Etc::sourcelist": work / "sources.list",
        "Dir::Etc::sourceparts": "/dev/null",
        "Dir::State::Lists": work / "lists",
        "Dir::Cache": work / "cache",
        "APT::Sandbox::User": "root",
        "Acquire::Languages": "none",
    }
    words = [
        word for name, value in options.items() for word in ("-o", f"{name}={value}")
    ]
    words = (*APT_GET, *words, *arguments)
    command = ["sh", "-c", IN_FOLDER, "sh", work / "debs", *words]
    result = try_run(command, environment=own_environment())
    if result.returncode or "\nE:" in result.stdout or "\nErr:" in result.stdout:
        cure = "check the network, or make up ODOO_SOURCE=<a source tree of Odoo 19>"
        raise Failure(
            f"Odoo 19 cannot be had from Debian: {first_error(result.stdout)}",
            cure_of(result.stdout, cure),
        )


def find_mirror(apt=Path("/etc/apt")):
    """Return the machine's own Debian mirror and the name of its release.

    :param Path apt: the folder of apt's sources
    :rtype: tuple[str, str]
    """
    for path in sorted(apt.glob("sources.list.d/*.sources")):
        for paragraph in re.split(r"\n\s*\n", path.read_text()):
            found = _read_deb822(paragraph)
            if found:
                return found
    one_line = re.compile(
        r"^deb\s+(?:\[[^]]*\]\s+)?(\S+)\s+(bookworm)\s+.*\bmain\b", re.M
    )
    for path in (apt / "sources.list", *sorted(apt.glob("sources.list.d/*.list"))):
        found = path.exists() and one_line.search(path.read_text())
        if found:
            return found[1], found[2]
    raise Failure(
        "apt has no source of Debian 12 (bookworm main)",
        "add one to /etc/apt/sources.list, or make up ODOO_SOURCE=…",
    )


def _read_deb822(paragraph):
    fields = dict(re.findall(r"^(\w[\w-]*):[ \t]*(.*)$", paragraph, re.M))
    if fields.get("Enabled", "yes").strip().lower() == "no":
        return None
    suites, parts = fields.get("Suites", "").split(), fields.get("Components", "")
    if "bookworm" not in suites or "main" not in parts.split():
        return None
    return fields["URIs"].split()[0], "bookworm"


def _compile(settings, tree):
    """Compile to bytecode once: an uncompiled tree boots in twice the time."""
    key = re.sub(r"\W", "_", str(tree))
    done, now = settings.cache / f".compiled{key}", state(tree)
    if done.exists() and done.read_text() == now:
        return
    # Some files of Odoo are templates, not Python: the exit code says nothing.
    folders = [f for f in (tree / "odoo", tree / "addons") if f.is_dir()]
    try_run([PYTHON, "-m", "compileall", "-q", "-j2", *folders])
    done.write_text(now)
