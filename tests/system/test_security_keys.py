"""A wrong key refuses to start, in words; several keys are read at once."""

import base64
import os
import pwd
import re
import shutil
import tempfile
from pathlib import Path

import nacl.public
import pytest
from strangers import MASTER, role_of, run

REFUSED = 78  # EX_CONFIG: supervisor does not start it again
OPEN_BOTH = """
import sys
sys.path.insert(0, sys.argv[1])
from drivers import sealing
from pathlib import Path
ring = sealing.Keyring(map(sealing.read_key, Path(sys.argv[2]).glob("*.key")))
print(*(ring.open(sealed) for sealed in sys.argv[3:]))
"""
SEAL = """
import sys
sys.path.insert(0, sys.argv[1])
from drivers import sealing
print(sealing.Sealer(sealing.read_key(sys.argv[2])).seal(sys.argv[3]))
"""


class Trial:
    """The configuration of a service with other keys, ports and log."""

    def __init__(self, platform, folder, service):
        self.platform, self.folder = platform, folder
        self.service, self.user = service, f"saas-{service}"
        self.keys = folder / "keys"
        shutil.copytree(platform.run_dir / "keys", self.keys)
        text = (platform.run_dir / f"etc/{service}.conf").read_text()
        base = int(platform.setting("PORT_BASE"))
        text = re.sub(r"(?m)^(http_port = ).*", rf"\g<1>{base + 90}", text)
        text = re.sub(r"(?m)^(gevent_port = ).*", rf"\g<1>{base + 91}", text)
        text = re.sub(r"(?m)^(max_cron_threads = ).*", r"\g<1>0", text)
        text = re.sub(r"(?m)^(workers = ).*", r"\g<1>1", text)
        text = re.sub(r"(?m)^logfile = .*\n", "", text)
        self.conf = folder / "odoo.conf"
        self.conf.write_text(text.replace(f"{platform.run_dir}/keys", f"{self.keys}"))

    def start(self):
        """Start the service as its supervisor does, until it ends."""
        entry = pwd.getpwnam(self.user)
        for path in (self.folder, *self.folder.rglob("*")):
            os.chown(path, entry.pw_uid, entry.pw_gid)
        environment = ("env", "ODOO_QUEUE_JOB_CHANNELS=root:0")
        odoo = self.platform.run_dir / "code/venv/bin/odoo"
        return run(*environment, odoo, "-c", self.conf, user=self.user, seconds=110)


def new_key(folder, name):
    """Write a pair of keys; its fingerprint is not known here."""
    key = nacl.public.PrivateKey.generate()
    for path, half in (
        (folder / f"seal/{name}.key", key),
        (folder / f"{name}.pub", key.public_key),
    ):
        path.unlink(missing_ok=True)
        path.write_text(base64.b64encode(bytes(half)).decode())


@pytest.fixture
def folder():
    path = Path(tempfile.mkdtemp(prefix="saasodoo-keys-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


@pytest.fixture(scope="module")
def key_id(platform):
    """The key that the platform's database was sealed with."""
    [(value,)] = role_of(platform, "saas_owner").sql(
        MASTER,
        "SELECT value FROM ir_config_parameter WHERE key = 'saas_infra.seal_key_id'",
    )
    return value


@pytest.mark.parametrize("service", ["web", "jobs"])
def test_a_service_with_a_wrong_key_ends_and_shows_both_fingerprints(
    platform, folder, key_id, service
):
    trial = Trial(platform, folder, service)
    new_key(trial.keys, "seal")
    ended = trial.start()
    assert ended.returncode == REFUSED, ended.stderr[-2000:]
    [line] = [
        line
        for line in ended.stderr.splitlines()
        if line.startswith("The database master is sealed")
    ]
    known, held = re.findall(r"\b[0-9a-f]{16}\b", line)
    assert known == key_id
    assert held != key_id
    assert "Put the right key back" in line


def test_jobs_without_its_private_key_ends_and_says_so(platform, folder, key_id):
    trial = Trial(platform, folder, "jobs")
    (trial.keys / "seal/seal.key").unlink()
    ended = trial.start()
    assert ended.returncode == REFUSED, ended.stderr[-2000:]
    assert f"sealed with key {key_id}, but `jobs` can only open none" in ended.stderr


def test_web_without_the_public_key_ends_and_says_so(platform, folder):
    trial = Trial(platform, folder, "web")
    (trial.keys / "seal.pub").unlink()
    ended = trial.start()
    assert ended.returncode == REFUSED, ended.stderr[-2000:]
    assert "seal.pub cannot be read" in ended.stderr
    assert "make doctor" in ended.stderr


def test_secrets_of_several_keys_are_read_at_once(platform, folder):
    python = platform.run_dir / "code/venv/bin/python"
    drivers = platform.run_dir / "code/master/saas_infra"
    (folder / "seal").mkdir()
    sealed = []
    for name in ("old", "new"):
        new_key(folder, name)
        done = run(python, "-c", SEAL, drivers, folder / f"{name}.pub", f"by-{name}")
        sealed.append(done.stdout.strip())
    assert sealed[0].partition(":")[0] != sealed[1].partition(":")[0]
    done = run(python, "-c", OPEN_BOTH, drivers, folder / "seal", *sealed)
    assert done.stdout.split() == ["by-old", "by-new"]
