"""A small image of the host's own Python with the stub tenant as its program."""

import re
import shutil
import subprocess
import tarfile
from pathlib import Path

PYTHON = Path("/usr/bin/python3.11")
LIBRARY = Path("/usr/lib/python3.11")
FOLDERS = ("bin", "usr/bin", "dev", "proc", "sys", "run", "tmp", "var/lib/odoo")
TOOLS = ("bash", "dash", "sleep", "touch")
_LEFT_OUT = shutil.ignore_patterns(
    "test", "idlelib", "lib2to3", "ensurepip", "config-*", "pydoc_data", "tkinter"
)
_LIBRARY = re.compile(r"(/\S+) \(0x")
CHANGES = [
    'ENTRYPOINT ["python3", "-u", "/launcher.py"]',
    "ENV PATH=/usr/bin:/bin",
]


def write_tar(folder, launcher):
    """Put a root file system together.

    :param Path folder: where; it is empty
    :param Path launcher: the program
    :return: path of the tar file
    """
    root = folder / "root"
    for name in FOLDERS:
        (root / name).mkdir(parents=True)
    (root / "tmp").chmod(0o1777)  # a tmpfs there takes over the mode
    shutil.copy(PYTHON, root / "usr/bin/python3")
    for tool in TOOLS:
        shutil.copy(f"/usr/bin/{tool}", root / "bin" / tool)
    (root / "bin/sh").symlink_to("dash")
    shutil.copytree(LIBRARY, root / "usr/lib/python3.11", ignore=_LEFT_OUT)
    programs = [PYTHON, *(f"/usr/bin/{tool}" for tool in TOOLS)]
    for library in _libraries([*programs, *LIBRARY.glob("lib-dynload/*.so")]):
        target = root / library.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(library, target)
    shutil.copy(launcher, root / "launcher.py")
    path = folder / "root.tar"
    with tarfile.open(path, "w") as tar:
        tar.add(root, arcname=".")
    shutil.rmtree(root)
    return path


def _libraries(programs):
    done = subprocess.run(["ldd", *programs], capture_output=True, text=True)
    return sorted(set(_LIBRARY.findall(done.stdout)))
