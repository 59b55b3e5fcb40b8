"""Keys are rotated, whenever it is killed, and exported for a safe place."""

import base64
import hashlib
import json
import stat
import sys

import pytest
from nacl.public import PrivateKey

from scripts.setup import escrow, files, keys, rotation
from scripts.setup.accounts import make_users
from scripts.setup.choices import load
from scripts.setup.runner import Failure, Report

PARTS = ("_add_key", "_announce", "_publish", "_outlast_requests", "_reseal")


def describe(settings):
    """Do what the real one has a program for, which takes its time to start."""
    known = {}
    for path in (settings.run / "keys/seal").glob("*.key"):
        public = bytes(PrivateKey(base64.b64decode(path.read_text())).public_key)
        text = base64.b64encode(public).decode() + "\n"
        known[path.name] = {
            "public": text,
            "id": hashlib.sha256(public).hexdigest()[:16],
        }
    return known


class Master:
    """What is known in the database, and which key each secret is sealed with."""

    def __init__(self, settings):
        self.settings = settings
        [self.first] = self.held()
        self.known, self.secrets = [self.first], [self.first] * 3

    def held(self):
        return [key["id"] for _, key in sorted(describe(self.settings).items())]

    def present(self):
        public = (self.settings.run / "keys/seal.pub").read_text()
        held = describe(self.settings).values()
        return next(key["id"] for key in held if key["public"] == public)

    def ask(self, _settings, expression):
        self.check_starts()
        if "_announce" in expression:
            self.known += [key for key in self.held() if key in expression]
            return None
        if "_reseal" in expression:
            count = sum(key != self.present() for key in self.secrets)
            self.secrets = [self.present()] * len(self.secrets)
            return [count, 0]
        assert {*self.secrets} == {self.present()}
        self.known = [self.present()]
        return None

    def check_starts(self):
        """A service that starts now finds the keys that it must have."""
        assert self.present() in self.known
        assert {*self.known, *self.secrets} <= {*self.held()}


@pytest.fixture
def settings(tmp_path):
    tmp_path.chmod(0o755)
    (tmp_path / "code").mkdir()
    (tmp_path / "code/venv").symlink_to(sys.prefix)
    for folder in ("keys/seal", "keys/retired"):
        (tmp_path / folder).mkdir(parents=True)
    make_users(load({}))
    settings = load({"RUN_DIR": str(tmp_path)})
    assert keys.make(settings)
    return settings


@pytest.fixture
def master(settings, monkeypatch):
    master = Master(settings)
    monkeypatch.setattr(rotation, "_describe", describe)
    monkeypatch.setattr(rotation, "ask", master.ask)
    monkeypatch.setattr(rotation.postgresql, "run_sql", lambda *_arguments: "0")
    return master


def test_keys_are_known_by_their_public_half_and_fingerprint(settings):
    assert rotation._describe(settings) == describe(settings)


def test_secrets_are_sealed_anew_and_the_earlier_key_is_put_away(settings, master):
    rotation.rotate(settings, Report())

    folder = settings.run / "keys"
    [held] = master.held()
    assert held != master.first
    assert (master.known, master.secrets) == ([held], [held] * 3)
    assert sorted(p.name for p in (folder / "retired").iterdir()) == [
        "seal.key",
        "seal.pub",
    ]
    assert keys.mismatch(settings) == ""
    assert not keys.make(settings), "make up finds nothing to do"
    assert [key[0] for key in keys.expected(settings)][0] == "seal/seal-2.key"


def test_the_next_rotation_takes_another_name(settings, master):
    for _ in range(2):
        rotation.rotate(settings, Report())
    assert [p.name for p in (settings.run / "keys/seal").iterdir()] == ["seal-3.key"]


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("part", [*PARTS, "_put_away"])
def test_killed_at_any_moment_it_goes_on_when_run_again(
    settings, master, monkeypatch, part, moment
):
    work = getattr(rotation, part)

    def die(*arguments):
        if moment == "after":
            work(*arguments)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(rotation, part, die)
        with pytest.raises(KeyboardInterrupt):
            rotation.rotate(settings, Report())
    master.check_starts()

    rotation.rotate(settings, Report())

    master.check_starts()
    assert len(master.held()) == 1
    assert master.first not in master.secrets


def test_an_earlier_request_of_web_is_waited_for(settings, master, monkeypatch):
    monkeypatch.setattr(rotation, "PATIENCE", 0.2)
    monkeypatch.setattr(rotation.postgresql, "run_sql", lambda *_arguments: "1")

    with pytest.raises(Failure, match="web's earlier requests .*rotate-key again"):
        rotation.rotate(settings, Report())

    assert master.secrets == [master.first] * 3
    assert len(master.held()) == 2


def test_the_export_holds_all_keys_for_root_alone(settings, master, tmp_path):
    rotation.rotate(settings, Report())
    target = tmp_path / "escrow.json"

    escrow.export(settings, str(target))

    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    content = json.loads(target.read_text())
    assert "keep it offline" in content["purpose"]
    assert content["platform"] == settings.platform
    for name in ("seal/seal-2.key", "retired/seal.key", "sign.key", "seal.pub"):
        text = (settings.run / "keys" / name).read_text().strip()
        assert content["keys"][f"keys/{name}"] == text


def test_the_export_overwrites_nothing(settings, tmp_path):
    target = tmp_path / "escrow.json"
    target.write_text("precious")

    with pytest.raises(Failure, match="exists already"):
        escrow.export(settings, str(target))

    assert target.read_text() == "precious"


@pytest.mark.parametrize("target", ["keys.json", "/nonexistent/keys.json"])
def test_an_export_to_nowhere_is_refused_with_a_cure(settings, target):
    with pytest.raises(Failure, match="FILE"):
        escrow.export(settings, target)


def test_an_exported_key_that_is_brought_back_gets_its_rights(settings, tmp_path):
    path = settings.run / "keys/seal/seal.key"
    text = path.read_text()
    path.unlink()
    assert keys.mismatch(settings)
    files.write(path, text)
    keys.make(settings)
    assert stat.S_IMODE(path.stat().st_mode) == 0o400
    assert keys.mismatch(settings) == ""


def contents(settings):
    found = (settings.run / "keys").rglob("*.*")
    return {path.name: path.read_text() for path in found if path.is_file()}


@pytest.mark.parametrize("name", ["sign.pub", "seal.pub"])
def test_a_lost_public_key_is_derived_and_the_private_ones_stay(settings, name):
    before = contents(settings)
    (settings.run / "keys" / name).unlink()

    assert keys.make(settings)

    assert contents(settings) == before
    assert stat.S_IMODE((settings.run / "keys" / name).stat().st_mode) == 0o444


@pytest.mark.parametrize("name", ["sign.key", "seal/seal.key"])
def test_a_lost_private_key_is_asked_back_and_nothing_is_written(settings, name):
    path = settings.run / "keys" / name
    path.unlink()
    before = contents(settings)

    with pytest.raises(Failure, match=f"{name} is lost.* from escrow"):
        keys.make(settings)

    assert contents(settings) == before


@pytest.mark.parametrize("written", [1, 2, 3])
def test_a_first_run_that_was_killed_goes_on_with_the_keys_it_made(settings, written):
    for name, _, _ in keys.KEYS[written:]:
        (settings.run / "keys" / name).unlink()
    before = contents(settings)

    assert keys.make(settings)

    assert before.items() <= contents(settings).items()
    assert keys.mismatch(settings) == ""


def test_a_platform_with_data_gets_no_other_keys(settings):
    (settings.run / "postgresql/data").mkdir(parents=True)
    (settings.run / "postgresql/data/PG_VERSION").touch()
    for name, _, _ in keys.KEYS:
        (settings.run / "keys" / name).unlink()

    with pytest.raises(Failure, match="seal.key is lost"):
        keys.make(settings)

    assert contents(settings) == {}


def test_a_public_key_that_is_lost_in_a_rotation_is_not_guessed(settings):
    rotation._add_key(settings)
    (settings.run / "keys/seal.pub").unlink()

    with pytest.raises(Failure, match="in the middle of a rotation"):
        keys.make(settings)
