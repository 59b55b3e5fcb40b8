"""A Ceph cluster of one node with a CephFS, with logins, in a folder.

Its mounts: the platform's, whose login sets quotas and makes snapshots, and the
tenants', whose login may not.
"""

import json
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from drivers.cephfs import CephfsDriver
from real_machine import wait_until

PORT = 23300
FILE_SYSTEM = "saas"
STORAGES = ("ceph-storage", "ceph-other")  # the machine's helper knows them
_CONF = """\
[global]
fsid = {fsid}
mon host = [v2:127.0.0.1:{port}]
public addr = 127.0.0.1
ms bind port min = {first}
ms bind port max = {last}
run dir = {run}
keyring = {run}/keyring
admin socket = {run}/$name.$pid.asok
log file = {run}/log/$name.log
mon data = {run}/mon
mgr data = {run}/mgr
osd data = {run}/osd
mds data = {run}/mds
crush location = root=default host=localhost
osd crush chooseleaf type = 0
osd pool default size = 1
osd pool default min size = 1
osd pool default pg autoscale mode = off
mon allow pool size one = true
mon data avail warn = 1
mon data avail crit = 1
bluestore block size = 10737418240
bluestore cache autotune = false
bluestore cache size = 67108864
"""
_ALL = ("mon", "allow *", "osd", "allow *", "mds", "allow *", "mgr", "allow *")
_FILES = ("osd", f"allow rw tag cephfs data={FILE_SYSTEM}")
_LOGINS = {
    "mon.": ("mon", "allow *"),
    "client.admin": _ALL,
    "mgr.a": ("mon", "allow profile mgr", "osd", "allow *", "mds", "allow *"),
    "osd.0": ("mon", "allow profile osd", "mgr", "allow profile osd", "osd", "allow *"),
    "mds.a": ("mon", "allow profile mds", "osd", "allow *", "mds", "allow"),
    # p: quotas, s: snapshots
    "client.platform": ("mon", "allow r", "mds", "allow rwps", *_FILES),
    "client.tenants": ("mon", "allow r", "mds", "allow rw", *_FILES),
}


class RealCeph:
    """Four programs on loopback ports, and the clients that hold the mounts."""

    def __init__(self, machine):
        self.machine = machine
        self.run = Path(tempfile.mkdtemp(prefix="saasodoo-ceph-", dir="/var/tmp"))
        self.tenants = self.run / "tenants"
        self.storage_uuid = str(uuid4())
        self._programs, self._mounts = {}, {}

    @classmethod
    @contextmanager
    def started(cls, machine):
        ceph = cls(machine)
        try:
            ceph.prepare()
            ceph.start()
            ceph.mount_all()
            ceph.directory().ensure_sentinel()
            yield ceph
        finally:
            ceph.end()

    def prepare(self):
        self.run.chmod(0o755)  # tenants pass through
        for folder in ("log", "mon", "mgr", "osd", "mds", "tenants"):
            (self.run / folder).mkdir()
        places = {"run": self.run, "fsid": str(uuid4()), "port": PORT}
        places |= {"first": PORT + 1, "last": PORT + 60}
        (self.run / "ceph.conf").write_text(_CONF.format(**places))
        self._make_keyring()
        address = ["--addv", "a", f"[v2:127.0.0.1:{PORT}]"]
        monmap = self.run / "monmap"
        _run("monmaptool", "--create", "--fsid", places["fsid"], *address, monmap)
        self._run("ceph-mon", "--mkfs", "-i", "a", "--monmap", monmap)

    def start(self):
        """Start the cluster, and wait until its file system is there."""
        for name in ("mon.a", "mgr.a"):
            self._start(name)
        disk = str(uuid4())
        self.ceph("osd", "new", disk)
        self._run("ceph-osd", "--mkfs", "-i", "0", "--osd-uuid", disk)
        self._start("osd.0")
        for pool in ("metadata", "data"):
            self.ceph("osd", "pool", "create", pool, "8")
        self.ceph("fs", "new", FILE_SYSTEM, "metadata", "data")
        self._start("mds.a")
        wait_until(self._serves, "the start of CephFS", 120)

    def mount_all(self):
        """Mount what the machine's storages and its tenants see."""
        whole = self.run / "whole"
        whole.mkdir()
        self._mount("admin", "", whole)
        for name in STORAGES:
            (whole / name).mkdir(mode=0o755)
            self._mount("platform", name, self.machine.run / name)
        self._mount("tenants", STORAGES[0], self.tenants)

    @contextmanager
    def mounted(self, login, root):
        """Mount a storage with a login for a moment."""
        place = Path(self.root(root))
        self._mount(login, place.name, place)
        try:
            yield
        finally:
            self._unmount(place)

    @contextmanager
    def unmounted(self, root):
        """Take a storage's mount away for a moment."""
        place = Path(self.root(root))
        self._unmount(place)
        try:
            yield
        finally:
            self._mount("platform", place.name, place)

    @contextmanager
    def dead_mds(self):
        """Kill what serves the names of files for a moment."""
        mds = self._programs["mds.a"]
        mds.kill()
        mds.wait()
        try:
            yield
        finally:
            self._start("mds.a")

    def _mount(self, login, path, place):
        command = ["ceph-fuse", "-f", "--id", login, "-r", f"/{path}", place]
        self._mounts[place] = self._popen(command, f"mount-{place.name}")
        wait_until(place.is_mount, f"the mount of {place}", 60)

    def _unmount(self, place):
        client = self._mounts.pop(place)
        subprocess.run(["umount", "-l", place], stderr=subprocess.DEVNULL)
        client.terminate()
        client.wait(timeout=60)

    def end(self):
        for place in self._mounts:
            subprocess.run(["umount", "-l", place], stderr=subprocess.DEVNULL)
        # What they would save goes with the folder.
        for program in (*self._mounts.values(), *self._programs.values()):
            program.kill()
            program.wait()
        shutil.rmtree(self.run)

    def directory(self, root="storage", **values):
        """Return the driver of a storage."""
        settings = {
            "root": self.root(root),
            "helper": self.machine.helper(),
            "storage_uuid": self.storage_uuid,
            "platform": self.machine.platform,
        }
        return CephfsDriver(**settings | values)

    def root(self, name="storage"):
        return self.machine.root(f"ceph-{name}")

    def path(self, spec):
        """Where a tenant sees its directory."""
        return self.tenants / "odoo_instances" / spec.name

    def ceph(self, *command):
        """Run a command of the cluster, and return what it says."""
        done = self._run("ceph", "--connect-timeout", "60", *command, "-f", "json")
        return json.loads(done) if done.strip() else None

    def _serves(self):
        (found,) = self.ceph("mds", "stat")["fsmap"]["filesystems"]
        return any(
            mds["state"] == "up:active" for mds in found["mdsmap"]["info"].values()
        )

    def _make_keyring(self):
        tool = ("ceph-authtool", self.run / "keyring")
        for name, caps in _LOGINS.items():
            create = () if name != "mon." else ("--create-keyring",)
            pairs = zip(caps[::2], caps[1::2], strict=True)
            options = [word for pair in pairs for word in ("--cap", *pair)]
            _run(*tool, *create, "--gen-key", "-n", name, *options)

    def _start(self, name):
        kind, _, number = name.partition(".")
        command = [f"ceph-{kind}", "-f", "-i", number]
        self._programs[name] = self._popen(command, name)

    def _popen(self, command, name):
        with open(self.run / f"log/{name}.out", "ab") as log:
            command = [command[0], "-c", self.run / "ceph.conf", *command[1:]]
            return subprocess.Popen(command, stdout=log, stderr=log)

    def _run(self, program, *arguments):
        return _run(program, "-c", self.run / "ceph.conf", *arguments)


def _run(*command):
    done = subprocess.run(command, capture_output=True, text=True)
    assert not done.returncode, f"{command}: {done.stderr}"
    return done.stdout
