"""Debian's Exim is unpacked once, and the relay is told where mail goes on."""

import dataclasses
import stat

import pytest

from scripts.setup import exim, mail
from scripts.setup.choices import load
from scripts.setup.runner import Failure


@pytest.fixture
def settings(tmp_path):
    settings = load({"RUN_DIR": str(tmp_path / "run"), "CACHE_DIR": str(tmp_path)})
    for folder in ("code", "etc", "mail/spool/input"):
        (settings.run / folder).mkdir(parents=True)
    return settings


@pytest.fixture
def unpacked(settings):
    """Stand in for an Exim of the cache."""
    (settings.cache / "exim-4.96-1").mkdir()
    exim.link(settings)
    return settings


def given(settings, **values):
    return dataclasses.replace(settings, **values)


def test_exim_is_unpacked_once_without_rights_of_root(settings):
    assert exim.find_or_unpack(settings).startswith("unpacked 4.")
    assert exim.find_or_unpack(settings) == "unchanged"
    assert exim.link(settings)
    assert not exim.link(settings)
    assert exim.version(settings) == exim.candidate()
    mode = (settings.run / "code/exim" / exim.BINARY).stat().st_mode
    assert stat.S_IMODE(mode) == 0o755


def test_without_a_network_the_one_that_is_there_goes_on(unpacked, monkeypatch):
    monkeypatch.setattr(exim, "candidate", lambda: "9.0")
    monkeypatch.setattr(exim, "IN_FOLDER", "echo 'E: no network'; exit 100")
    assert "cannot be had" in exim.find_or_unpack(unpacked)
    assert exim.version(unpacked) == "4.96-1"


def test_without_any_exim_there_is_one_line_with_its_cure(settings, monkeypatch):
    monkeypatch.setattr(exim, "candidate", lambda: "9.0")
    monkeypatch.setattr(exim, "IN_FOLDER", "echo 'E: no network'; exit 100")
    with pytest.raises(Failure, match=r"cannot be had from Debian:.*no network"):
        exim.find_or_unpack(settings)


def test_without_a_smarthost_mail_is_held(unpacked):
    text = mail.render(unpacked)
    assert "\nqueue_only = true\n" in text
    assert ":defer: held" in text
    assert unpacked.placeholders()["mail_queue"] == ""


def test_a_smarthost_is_given_all_mail(unpacked):
    text = mail.render(given(unpacked, smtp_smarthost="mail.example.net:465"))
    assert "\nqueue_only = false\n" in text
    assert "  route_list = * mail.example.net::465\n" in text
    assert "  protocol = smtps\n" in text
    assert "hosts_require_auth" not in text


def test_a_password_is_shown_under_tls_alone(unpacked, tmp_path):
    (tmp_path / "login").write_text("user:pass\n")
    chosen = given(
        unpacked,
        smtp_smarthost="mail.example.net:587",
        smtp_login_file=str(tmp_path / "login"),
    )
    text = mail.render(chosen)
    assert "  hosts_require_tls = ! 127.0.0.0/8 : *\n" in text
    assert "  tls_verify_hosts = ! 127.0.0.0/8 : *\n" in text
    assert "user" not in text.partition("begin authenticators")[2]


def test_direct_mail_goes_to_no_private_address(unpacked):
    text = mail.render(given(unpacked, smtp_smarthost="direct"))
    assert "driver = dnslookup" in text
    assert "127.0.0.0/8 ; 169.254.0.0/16" in text


@pytest.mark.parametrize("content", ["", "user", "user:\n", ":pass", "a:b\nc:d"])
def test_a_file_that_is_no_login_is_refused(unpacked, tmp_path, content):
    (tmp_path / "login").write_text(content)
    chosen = given(unpacked, smtp_login_file=str(tmp_path / "login"))
    with pytest.raises(Failure, match="not one line login:password"):
        mail.prepare(chosen)


def test_a_login_file_that_is_gone_is_told(unpacked):
    chosen = given(unpacked, smtp_login_file="/nonexistent")
    with pytest.raises(Failure, match="SMTP_LOGIN_FILE=/nonexistent"):
        mail.prepare(chosen)


@pytest.mark.parametrize("text", ["mail.example.net", "a b:25", "host:port", "-x:25"])
def test_what_is_no_smarthost_is_refused(tmp_path, text):
    with pytest.raises(Failure, match="is no host:port"):
        load({"RUN_DIR": str(tmp_path), "SMTP_SMARTHOST": text})


def test_mails_that_wait_are_counted(unpacked):
    for name in ("1abc-0000-00-H", "1abc-0000-00-D", "1abd-0000-00-H"):
        (unpacked.run / "mail/spool/input" / name).touch()
    assert mail.waiting(unpacked) == 2
