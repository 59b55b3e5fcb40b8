"""What must hold before anything is touched; each lack is one line with its cure."""

import os
import pwd
import re
import shutil
import stat
from pathlib import Path

from . import files, packages, processes
from .accounts import JOBS, WEB
from .runner import Failure

# What a first installation takes, and what one that is there must have to run.
FREE_BYTES = 5 * 10**9
LAST_BYTES = 200 * 10**6
# What Debian's packages take, Docker's too, and where: as archives, then installed.
PACKAGES_BYTES = 10**9
OF_PACKAGES = (Path("/"), Path("/var/cache/apt"))
# PostgreSQL's and supervisor's sockets lie below it; a socket's path has 107 bytes.
LONGEST_RUN = 72
# Those of an engine of our own are longer: docker/exec/containerd/….sock.ttrpc
LONGEST_RUN_WITH_ENGINE = 60
# Which of our ports Docker's engine opens for Traefik, and what does that
PUBLISHED, PUBLISHER = ("tenants", "redirect", "ops"), "docker-proxy"
# Which ones the master's containers open themselves
MASTER = ("web", "web_socket", "jobs", "jobs_socket")
SUBORDINATE = (Path("/etc/subuid"), Path("/etc/subgid"))
CLAIM = re.compile(r"^# run=(?P<run>.+) uids=(?P<first>\d+)-(?P<last>\d+)$", re.M)


def check_machine(settings):
    """Check all of it.

    :return: a warning, or nothing
    :raise Failure: for the first thing that is missing
    """
    check_debian()
    check_folders(settings)
    warning = check_space(settings)
    check_user_ids(settings)
    check_ports(settings)
    return warning


def check_root(command):
    """Check that root runs this.

    :param str command: what a person typed, and is to type as root
    """
    if os.geteuid():
        raise Failure("this needs root", f"as root: {command}")


def check_made(settings):
    """Check that RUN_DIR names a platform."""
    if not settings.choices.exists():
        cure = "name it: RUN_DIR=…, or make up to make one"
        raise Failure(f"there is no platform in {settings.run}", cure)


def check_debian():
    release = _read_release()
    if (release.get("ID"), release.get("VERSION_ID")) != ("debian", "12"):
        name = release.get("PRETTY_NAME", "this system")
        raise Failure(f"{name} is not Debian 12", "use a Debian 12 machine")


def check_folders(settings):
    """Check that the users of the services can reach what they run and read."""
    for variable, path in (("RUN_DIR", settings.run), ("CACHE_DIR", settings.cache)):
        closed = files.unreachable_parent(path.parent)
        if closed:
            raise Failure(
                f"other users cannot enter {closed}, so no service could run in {path}",
                f"make up {variable}=/var/lib/saasodoo",
            )
        files.check_plain(variable, path)
        _check_only_root_changes(variable, path)
    # Set-up gives its own folder its rights; this one may be somebody else's as well.
    if files.unreachable_parent(settings.cache):
        cure = f"chmod o+x {settings.cache}"
        raise Failure(f"other users cannot enter {settings.cache}", cure)
    longest = LONGEST_RUN_WITH_ENGINE if settings.own_engine else LONGEST_RUN
    if len(str(settings.run)) > longest:
        raise Failure(
            f"{settings.run} has over {longest} letters: too long for sockets",
            "make up RUN_DIR=/var/lib/saasodoo",
        )
    _check_ownership(settings)


def check_space(settings):
    """Check that there is room: for an installation, or to go on with one.

    :return: a warning, or nothing
    :raise Failure: with what may be deleted
    """
    _check_space_for_packages(settings)
    free, place = _least_free((settings.run, settings.cache))
    if free >= FREE_BYTES:
        return ""
    words = f"only {free / 10**9:.1f} GB are free below {place}"
    if not (settings.etc / "installed").exists():
        cure = "make room, or put RUN_DIR and CACHE_DIR elsewhere"
        raise Failure(f"{words}, not 5 GB", cure)
    if free < LAST_BYTES:
        raise Failure(
            words,
            f"make room: {settings.cache}/uv-cache may be deleted, the older dumps in "
            f"{settings.run}/backup too, and /var/cache/apt by apt-get clean",
        )
    return words


def check_user_ids(settings):
    """Check that no other platform and no person has the tenants' user ids."""
    for claim in Path("/etc/sudoers.d").glob("saasodoo-*"):
        found = CLAIM.search(claim.read_text())
        if not found or Path(found["run"]) == settings.run:
            continue
        first, last = int(found["first"]), int(found["last"])
        if first <= settings.uid_last and settings.uid_base <= last:
            raise _overlap(settings, claim, found["run"], first, last)
    taken = [p.pw_name for p in pwd.getpwall() if _is_tenant(settings, p.pw_uid)]
    if taken:
        raise Failure(
            f"the user id of {taken[0]} lies in the tenants' range",
            _other_user_ids(settings),
        )
    if not settings.choices.exists():
        _check_subordinate_ids(settings)


def check_ports(settings):
    """Check that each fixed port, and the tenants' block, is free or ours."""
    for address, port, name in strangers(settings, processes.listeners()):
        raise Failure(
            f"port {port} is in use by {name} at {address}",
            "end it: this platform keeps its ports"
            if settings.choices.exists()
            else "end it, or make up PORT_BASE=… (3000 free ports from there on)",
        )


def strangers(settings, listeners):
    """Find who listens on our ports, at any address, without being ours.

    A tenant is ours on the tenants' ports alone.

    :param dict listeners: what processes.listeners() found
    :return: address, port and who it is, in words
    :rtype: list[tuple[str, int, str]]
    """
    fixed = {*settings.ports.values()}
    # On a swarm each tenant has an address of its own.
    wanted = fixed if settings.on_swarm else fixed | {*settings.tenant_ports}
    found = {place: pid for place, pid in listeners.items() if place[1] in wanted}
    ours = processes.servers(settings.run) if found else set()
    if settings.on_swarm:  # by an engine that need not be ours
        ours |= {
            pid
            for (_, port), pid in found.items()
            if pid and _is_in_a_container(settings, port, pid)
        }
    named = []
    for (address, port), pid in sorted(found.items()):
        tenant = pid and _is_tenant(settings, processes.user_of(pid))
        if pid not in ours or (tenant and port in fixed):
            owner = " of a tenant" if tenant else ""
            process = f"{processes.name_of(pid)} (process {pid}{owner})"
            named.append((address, port, process if pid else "another"))
    return named


def _is_in_a_container(settings, port, pid):
    """Tell whether a process is what the engine has at one of our ports."""
    if port in {settings.ports[name] for name in MASTER}:
        return processes.user_of(pid) in {pwd.getpwnam(n).pw_uid for n in (JOBS, WEB)}
    published = {settings.ports[name] for name in PUBLISHED}
    return port in published and processes.name_of(pid) == PUBLISHER


def _check_space_for_packages(settings):
    free, place = _least_free(OF_PACKAGES)
    if free < PACKAGES_BYTES and packages.missing(packages.needed(settings)):
        raise Failure(
            f"only {free / 10**9:.1f} GB are free below {place}, not 1 GB for packages",
            "make room, to begin with by apt-get clean",
        )


def _least_free(paths):
    places = [_existing(path) for path in paths]
    return min((shutil.disk_usage(path).free, path) for path in places)


def _existing(path):
    return next(folder for folder in (path, *path.parents) if folder.exists())


def _check_only_root_changes(variable, path):
    """Check that nobody else could put what root runs there, or swap its folder."""
    for folder in (path, *path.parents):
        if not folder.exists():
            continue
        mode = folder.stat().st_mode
        if mode & stat.S_IWOTH and not mode & stat.S_ISVTX:
            cure = f"chmod o-w {folder}, or make up {variable}=… (another folder)"
            raise Failure(f"every user may rename what lies in {folder}", cure)
    if path.exists() and path.stat().st_uid:
        raise Failure(
            f"{path} does not belong to root",
            f"make up {variable}=… (another folder), or chown root {path}",
        )


def _check_ownership(settings):
    """Check that a folder is a platform's own: `up` takes it over, `reset` empties it.

    A run that was killed may have left the draft of its mark.
    """
    if settings.choices.exists() or not settings.run.exists():
        return
    draft = f".{settings.choices.name}.new"
    if not settings.run.is_dir():
        what = "is no folder"
    elif any(path.name != draft for path in settings.run.iterdir()):
        what = f"is not empty and no platform's (it has no {settings.choices.name})"
    else:
        return
    raise Failure(f"{settings.run} {what}", "make up RUN_DIR=… (a new or empty folder)")


def _check_subordinate_ids(settings):
    """Check that no user may take the tenants' ids in containers of their own.

    Before the platform is made only: it must start also when somebody came later.
    """
    for path in SUBORDINATE:
        lines = path.read_text().splitlines() if path.exists() else []
        for name, first, count in filter(None, map(_read_range, lines)):
            last = first + count - 1
            if first <= settings.uid_last and settings.uid_base <= last:
                raise Failure(
                    f"{path} gives the ids {first}-{last} to {name}",
                    _other_user_ids(settings),
                )


def _read_range(line):
    """Return user, first id and count of a line, or None where no such user is."""
    name, _, numbers = line.partition(":")
    first, _, count = numbers.partition(":")
    known = {text for p in pwd.getpwall() for text in (p.pw_name, str(p.pw_uid))}
    if name not in known or not first.isdecimal() or not count.isdecimal():
        return None
    return name, int(first), int(count)


def _other_user_ids(settings):
    if settings.choices.exists():
        return "give the other one other user ids: this platform keeps its own"
    return "make up TENANT_UID_BASE=… (a range of its own)"


def _overlap(settings, claim, run, first, last):
    if Path(run).exists():
        cure = _other_user_ids(settings)
    else:
        cure = f"that platform is gone: rm {claim}"
    return Failure(f"the platform in {run} has the user ids {first}-{last}", cure)


def _is_tenant(settings, uid):
    return uid is not None and settings.uid_base <= uid <= settings.uid_last


def _read_release():
    lines = Path("/etc/os-release").read_text().splitlines()
    pairs = (line.partition("=") for line in lines if "=" in line)
    return {name: value.strip('"') for name, _, value in pairs}
