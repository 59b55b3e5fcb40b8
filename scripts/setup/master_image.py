"""The master's image: our add-ons, and the users that its services are on the host."""

import grp
import pwd
import tempfile
from pathlib import Path

from . import images
from .accounts import JOBS, WEB
from .settings import CHECKOUT

PROGRAMS = CHECKOUT / "docker/master/bin"


def find_or_build(settings, host):
    """Return the image of what the platform's folder of code has now.

    :param str host: where the engine listens
    :return: the image's id, ``sha256:…``
    :raise Failure: when it cannot be built
    """
    with tempfile.TemporaryDirectory() as folder:
        users = Path(folder)
        (users / "passwd").write_text(_passwd())
        (users / "group").write_text(_group())
        sources = {PROGRAMS: "bin", users: "users"}
        return images.find_or_build(settings, "master", host, sources)


def _passwd():
    found = (pwd.getpwnam(name) for name in ("root", WEB, JOBS))
    return "".join(
        f"{u.pw_name}:x:{u.pw_uid}:{u.pw_gid}::{u.pw_dir}:{u.pw_shell}\n" for u in found
    )


def _group():
    """Return their groups: on an engine that is not ours `jobs` is in its group too."""
    own = {"root", WEB, JOBS}
    return "".join(
        f"{g.gr_name}:x:{g.gr_gid}:{','.join({*g.gr_mem} & {WEB, JOBS})}\n"
        for g in sorted(grp.getgrall(), key=lambda g: g.gr_gid)
        if g.gr_name in own or JOBS in g.gr_mem
    )
