"""`up` tells the first password as long as it opens the door."""

import pytest
from passlib.context import CryptContext

from scripts.setup import administrator, postgresql
from scripts.setup.choices import load


@pytest.fixture
def settings(tmp_path):
    (tmp_path / "etc").mkdir()
    return load({"RUN_DIR": str(tmp_path)})


def test_the_first_password_is_made_once_and_for_root_alone(settings):
    first = administrator.first_password(settings)

    assert administrator.first_password(settings) == first
    assert (settings.etc / "admin-password").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("changed", [False, True])
def test_a_password_that_was_changed_is_told_no_more(settings, monkeypatch, changed):
    first = administrator.first_password(settings)
    # As Odoo makes it (res.users, _crypt_context).
    odoo = CryptContext(["pbkdf2_sha512"], pbkdf2_sha512__rounds=600_000)
    row = f"admin {odoo.hash('another' if changed else first)}"
    monkeypatch.setattr(postgresql, "run_sql", lambda *_: row)

    words = administrator.describe(settings)

    assert words == f"admin, password {'as it was changed' if changed else first}"


def test_a_hash_of_another_kind_is_no_error(settings, monkeypatch):
    monkeypatch.setattr(postgresql, "run_sql", lambda *_: "a b $argon2id$v=19$m=6$x$y")

    assert administrator.describe(settings) == "a b, password as it was changed"
