"""Tenants' directories. What is below their own folders is hostile.

Root itself only touches names in directories that root alone can write. Below, rm and
du walk by file descriptors and follow no link, and files are copied by two processes
with no more power than the two tenants.
"""

import json
import os
import stat
import subprocess
from contextlib import contextmanager, suppress
from pathlib import Path

from . import checks, documents
from .errors import NotOurs, Permanent, from_output
from .settings import resolve_root

MARKER = ".saasodoo"
SENTINEL = ".saasodoo-storage"
FENCE = ".saasodoo-fence"
MARKER_CURE = "Bring it back from a snapshot or a backup of the storage."
INSTANCES = "odoo_instances"
OWN_FOLDERS = ("addons", "filestore", "sessions", "tmp")
NUL = subprocess.DEVNULL


def ensure_sentinel(settings, root, uuid):
    """Mark a storage as ours; refuse one that is another's."""
    root = resolve_root(settings, root)
    if not _is_marked(settings, root, uuid):
        write_file(root / SENTINEL, _sentinel_text(settings, uuid), 0o644)
    _make_folder(root / INSTANCES, 0o711)


def set_fence(settings, root, uuid, epoch):
    """Write down which epoch of this platform holds a storage; it only rises."""
    root = resolve_root(settings, root)
    if not _is_marked(settings, root, uuid):
        raise Permanent(f"{root} is not mounted: it has no {SENTINEL}.", "Mount it.")
    number = _number_of(epoch)
    found = (read_text(root / FENCE) or "").strip().rpartition(":")[2]
    if found and _number_of(found) > number:
        raise NotOurs(f"The later epoch {found} holds {root}.")
    text = f"saasodoo-fence:{settings.platform}:{epoch}\n"
    write_file(root / FENCE, text, 0o644)


def ensure(settings, root, name, mark, uid, quota):
    """Make a directory with its marker, or set it straight."""
    path = _path(settings, root, name)
    checks.mark(settings, mark)
    checks.number("uid", uid, settings.uids)
    checks.number("quota", quota, range(1 << 60))
    marker = {"mark": mark, "uid": uid, "quota": quota}
    found = read_marker(path)
    if not path.exists():
        _check_free(settings, mark, uid)
        # Built aside: a directory of this name has its marker from the start.
        aside = path.with_name(f".new-{name}")
        _remove_tree([aside])
        _make_folder(aside, 0o750, 0, uid)
        write_file(aside / MARKER, json.dumps(marker), 0o600)
        aside.rename(path)
        _sync(path.parent)
    elif not found or found["mark"] != mark:
        raise NotOurs(f"The directory {name} exists and is not this instance's.")
    elif found["uid"] != uid:
        raise Permanent(f"The directory {name} belongs to user {found['uid']}.")
    elif found != marker:
        write_file(path / MARKER, json.dumps(marker), 0o600)
    make_own_folders(path, uid)
    return {"path": str(path)}


def make_own_folders(path, uid):
    """Make what a tenant writes to in its directory, which root alone can write."""
    for folder in OWN_FOLDERS:
        _make_folder(path / folder, 0o700, uid, uid)


def copy(settings, root, source, target, source_root=None):
    """Copy the filestore of one directory to another's.

    :param dict source: name, mark and database
    :param dict target: the same of the directory that gets the files
    """
    old, old_uid = _marked(settings, source_root or root, **source)
    new, new_uid = _marked(settings, root, **target)
    # A tenant that waits for its files sees by this folder that its database is ready.
    _run_as(new_uid, ["mkdir", "-p", "--", new])
    if not os.path.isdir(old):
        return
    read = ["tar", "-C", old, "--hard-dereference", "--one-file-system", "-c", "."]
    write = ["tar", "-C", new, "--no-same-owner", "-x"]
    with (
        _start_as(old_uid, read, stdin=NUL, stdout=subprocess.PIPE) as reader,
        _start_as(new_uid, write, stdin=reader.stdout, stdout=NUL) as writer,
    ):
        reader.stdout.close()  # the reader ends when the writer does
        wrote = writer.communicate()[1]
        said = reader.stderr.read() + wrote  # the reader's is the cause
    if writer.returncode or reader.returncode > 1:  # 1: a file changed meanwhile
        raise from_output(said.decode(errors="replace"))


def remove(settings, root, name, mark):
    """Remove a directory; its marker goes last, so that a second run finds it."""
    path = _path(settings, root, name)
    checks.mark(settings, mark)
    _remove_tree([path.with_name(f".new-{name}")])
    if not path.exists():
        return
    found = read_marker(path)
    content = [entry for entry in path.iterdir() if entry.name != MARKER]
    if (found or content) and (not found or found["mark"] != mark):
        raise NotOurs(f"The directory {name} exists and is not this instance's.")
    _remove_tree(content)
    (path / MARKER).unlink(missing_ok=True)
    path.rmdir()


def list_all(settings, root, measure, only=None):
    """List this platform's directories and quotas, with the bytes on disk if asked for.

    :param list|None only: names; the others are not looked at
    """
    instances = resolve_root(settings, root) / INSTANCES
    paths = sorted(instances.iterdir()) if only is None else []
    paths += [instances / name for name in checks.texts("directory", only or [])]
    ours = {}
    for path in paths:
        found = read_marker(path)
        if found and found["mark"].startswith(f"saasodoo:{settings.platform}:"):
            ours[path.name] = {key: found[key] for key in ("mark", "quota")}
            ours[path.name]["used"] = None
    for name, used in _measure(instances, list(ours)) if measure and ours else ():
        ours[name]["used"] = used
    return {"directories": ours}


def find(settings, name, mark):
    """Find a directory of this instance on any of the storages.

    :return: its path
    :rtype: Path
    """
    for root in settings.storage_roots:
        if not os.path.isdir(f"{root}/{INSTANCES}"):
            continue  # another storage is not mounted: no reason to stop here
        path = _path(settings, root, name)
        found = read_marker(path)
        if found and found["mark"] == mark:
            return path
    raise Permanent(f"There is no directory {name} of this instance.")


def read_marker(path):
    """Read a directory's marker; None where there is none."""
    return documents.read(path / MARKER, ("mark", "uid", "quota"), MARKER_CURE)


def read_text(path):
    """Read a file; None where there is none."""
    try:
        return Path(path).read_text()
    except (FileNotFoundError, NotADirectoryError):
        return None


def write_file(path, content, mode, gid=0):
    """Write a file in one step, into a directory that root alone can write."""
    aside = path.with_name(f".{path.name.lstrip('.')}.new")
    aside.unlink(missing_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    with open(os.open(aside, flags, 0o600), "w") as file:
        file.write(content)
        os.fchown(file.fileno(), 0, gid)
        os.fchmod(file.fileno(), mode)
        # After a power cut an empty marker would make a directory nobody's.
        file.flush()
        os.fsync(file.fileno())
    aside.rename(path)
    _sync(path.parent)


def _check_free(settings, mark, uid):
    """Refuse a user to whose group another instance's directory belongs."""
    for root in settings.storage_roots:
        for path in Path(root, INSTANCES).glob("*"):  # none where it is not mounted
            with suppress(FileNotFoundError):
                if path.lstat().st_gid != uid:
                    continue
                found = read_marker(path)
                if found and found["mark"] != mark:
                    raise NotOurs(f"User {uid} belongs to {path.name}.")


def _sentinel_text(settings, uuid):
    return f"saasodoo-storage:{settings.platform}:{checks.text('uuid', uuid)}\n"


def _is_marked(settings, root, uuid):
    """Tell whether a storage is marked as ours; another's is refused."""
    found = read_text(root / SENTINEL)
    if found not in (None, _sentinel_text(settings, uuid)):
        raise NotOurs(f"{root} is marked as the storage {found.strip()}.")
    return found is not None


def _number_of(epoch):
    return int(checks.text("fence's epoch", epoch).partition("-")[0])


def _path(settings, root, name):
    instances = resolve_root(settings, root) / INSTANCES
    try:
        found = instances.lstat()
    except FileNotFoundError as error:
        raise Permanent(
            f"{instances} is not there.", "Mount the storage, or mark it first."
        ) from error
    if not stat.S_ISDIR(found.st_mode) or found.st_uid:
        raise Permanent(f"{instances} is not root's own directory.")
    return instances / checks.text("directory", name)


def _marked(settings, root, name, mark, database):
    path = _path(settings, root, name)
    found = read_marker(path)
    if not found or found["mark"] != checks.mark(settings, mark):
        raise NotOurs(f"The directory {name} is not this instance's.")
    uid = checks.number("uid", found["uid"], settings.uids)
    return f"{path}/filestore/{checks.text('database', database)}", uid


def _make_folder(path, mode, uid=0, gid=0):
    try:
        os.mkdir(path, 0o700)
    except FileExistsError:
        if not stat.S_ISDIR(path.lstat().st_mode):
            raise Permanent(f"{path} is not a directory.") from None
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        os.fchown(handle, uid, gid)
        os.fchmod(handle, mode)
    finally:
        os.close(handle)


def _sync(folder):
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _remove_tree(paths):
    if not paths:
        return
    command = ["rm", "-rf", "--one-file-system", "--", *map(str, paths)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise from_output(done.stderr)


def _measure(instances, names):
    # -l: a file with links in two directories counts in both.
    command = ["du", "-s", "-x", "-l", "-B1", "--", *names]
    done = subprocess.run(command, cwd=instances, capture_output=True, text=True)
    if not done.stdout:
        raise from_output(done.stderr)
    lines = (line.split("\t") for line in done.stdout.splitlines())
    return [(name, int(used)) for used, name in lines]


@contextmanager
def _start_as(uid, command, **streams):
    with subprocess.Popen(
        command,
        stderr=subprocess.PIPE,
        user=uid,
        group=uid,
        extra_groups=[],
        cwd="/",
        umask=0o077,
        env={"PATH": "/usr/bin:/bin", "LC_ALL": "C"},
        **streams,
    ) as process:
        try:
            yield process
        except BaseException:
            process.kill()  # its end is waited for
            raise


def _run_as(uid, command):
    with _start_as(uid, command, stdin=NUL, stdout=NUL) as process:
        said = process.communicate()[1]
    if process.returncode:
        raise from_output(said.decode(errors="replace"))
