"""Which processes are this platform's own, and which ports are taken by whom.

Every server of ours runs under `flock -F`: it holds its lock file open as long as it
lives, and so do its children. That is the proof of belonging, with or without a
supervisor above it.
"""

import contextlib
import ipaddress
import os
import signal
import socket
import sys
import time
from pathlib import Path

LISTEN = "0A"
SERVICES = ("web", "jobs")


def lock_folders(run):
    """Return the folders that hold the locks of this platform's servers."""
    return run / "data-plane/locks", run / "control-plane/locks"


def servers(run, name=None):
    """Find the processes of this platform's servers, with all their children.

    :param Path run: the platform's folder
    :param str name: one server, or all
    :return: process ids
    :rtype: set[int]
    """
    folders = tuple(f"{folder}/" for folder in lock_folders(run))
    locks = f"/{name}.lock" if name else ".lock"
    holders = {
        pid
        for pid, target in _open_files()
        if target.startswith(folders) and target.endswith(locks)
    }
    return holders | descendants(holders) | _websocket_servers(run, name)


def end(pids, seconds=20.0, sign=signal.SIGTERM):
    """End processes: the topmost, who end their children; then whatever is left.

    :param pids: process ids; ours
    :param float seconds: how long the topmost may take
    """
    tops = {pid for pid in pids if parent_of(pid) not in pids}
    _signal(tops, sign, seconds)
    _signal(pids, signal.SIGTERM, 3.0)
    _signal(pids, signal.SIGKILL, 5.0)


def is_alive(pid):
    """Tell whether a process runs; one that only waits to be reaped does not."""
    return _stat(pid)[0] != "Z"


def parent_of(pid):
    """Return a process's parent, or 0."""
    return int(_stat(pid)[1])


def user_of(pid):
    """Return the id of the user whom a process belongs to, or None."""
    uid = _read(pid, "status").partition("\nUid:\t")[2].split()
    return int(uid[0]) if uid else None


def name_of(pid):
    """Return what a person calls a process."""
    name = "".join(c if c.isprintable() else "?" for c in _read(pid, "comm").strip())
    return name or "a process that just ended"


def command_of(pid):
    """Return a process's command line, as one text."""
    return _read(pid, "cmdline").replace("\0", " ").strip()


def listeners():
    """Find who listens on TCP.

    :return: (address, port) -> process id, or None where the process cannot be seen
    :rtype: dict[tuple[str, int], int | None]
    """
    inodes = dict(_listening_inodes())
    found = dict.fromkeys(inodes.values())
    for pid, target in _open_files():
        if target.startswith("socket:["):
            place = inodes.get(target[8:-1])
            if place:
                found[place] = pid
    return found


def listening_user(port):
    """Return the id of the user whose process listens on a loopback port, or None."""
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        if fields[3] == LISTEN and int(fields[1].partition(":")[2], 16) == port:
            return int(fields[7])
    return None


def has_ipv6():
    """Tell whether ::1 is an address of this machine."""
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


def answers(port, seconds=1.0):
    """Tell whether something accepts connections on a loopback port."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=seconds).close()
    except OSError:
        return False
    return True


def descendants(pids):
    """Return the children of processes, and their children.

    :param pids: process ids
    :rtype: set[int]
    """
    children = {}
    for folder in Path("/proc").glob("[0-9]*"):
        pid = int(folder.name)
        children.setdefault(parent_of(pid), []).append(pid)
    found, open_ends = set(), list(pids)
    while open_ends:
        fresh = children.get(open_ends.pop(), [])
        found.update(fresh)
        open_ends.extend(fresh)
    return found


def _read(pid, name):
    """Read what the kernel says of a process; empty once it ended.

    A process chooses its name, and that need not be text.
    """
    try:
        return Path(f"/proc/{pid}/{name}").read_text(errors="backslashreplace")
    except (FileNotFoundError, ProcessLookupError):
        return ""


def _stat(pid):
    """Return a process's state, parent and more; nobody's once it ended."""
    return _read(pid, "stat").rpartition(")")[2].split() or ["Z", "0"]


def _signal(pids, sign, seconds):
    living = {pid for pid in pids if is_alive(pid)}
    for pid in living:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, sign)
    deadline = time.monotonic() + seconds
    while living and time.monotonic() < deadline:
        time.sleep(0.05)
        living = {pid for pid in living if is_alive(pid)}


def _websocket_servers(run, name):
    """Return Odoo's websocket servers, also one that outlived the Odoo it belongs to.

    It holds no lock: Odoo starts it with closed files.
    """
    found = set()
    confs = {f"{run}/etc/{service}.conf" for service in ([name] if name else SERVICES)}
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            words = path.read_bytes().decode(errors="replace").split("\0")
            if "gevent" in words and confs & {*words}:
                found.add(int(path.parent.name))
    return found


def _listening_inodes():
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        with contextlib.suppress(FileNotFoundError):
            for line in Path(table).read_text().splitlines()[1:]:
                fields = line.split()
                if fields[3] == LISTEN:
                    address, _, port = fields[1].partition(":")
                    yield fields[9], (_read_address(address), int(port, 16))


def _read_address(text):
    """Read an address as the kernel prints it: words of 32 bits, as they lie."""
    words = (int(text[i : i + 8], 16) for i in range(0, len(text), 8))
    raw = b"".join(word.to_bytes(4, sys.byteorder) for word in words)
    return str(ipaddress.ip_address(raw))


def _open_files():
    for folder in Path("/proc").glob("[0-9]*/fd"):
        with contextlib.suppress(OSError):
            for descriptor in folder.iterdir():
                with contextlib.suppress(OSError):
                    yield int(folder.parent.name), os.readlink(descriptor)
