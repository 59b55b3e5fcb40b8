"""The mail relay: whom it lets in, how much they send, and what it says to the rest."""

import smtplib
import socket
from dataclasses import replace

import pytest
from drivers.errors import PermanentInfraError, RetryableInfraError
from relay_client import PERSON, arrived, connect, refusal, send


def test_a_mail_arrives_under_the_instances_present_name(real_relay, login, smarthost):
    with connect(real_relay, login) as client:
        send(client, login.address)
    [(sender, text)] = arrived(smarthost)
    assert sender == login.sender
    assert f'From: "Mitchell, Admin" <{login.sender}>' in text
    assert login.address not in text
    assert "127.0.0.1" not in text


def test_a_renamed_instance_sends_under_its_new_name_at_once(
    real_relay, relay, login, smarthost
):
    renamed = replace(login, sender="notifications@new.tenants.localhost")
    with connect(real_relay, login) as client:
        relay.ensure_login(renamed)
        send(client, login.address)
    assert arrived(smarthost)[0][0] == renamed.sender


def test_a_wrong_password_and_a_login_that_is_not_there_are_refused(real_relay, login):
    path = real_relay.run / "mail/logins" / login.name
    path.with_suffix(".new").write_text(path.read_text())  # Its writer was killed.
    for name, password in (
        (login.name, "wrong-password"),
        (login.name, ""),
        ("odoo_ffffffff", login.password),
        (f"../logins/{login.name}", login.password),
        (f"{login.name}.new", login.password),
    ):
        client = connect(real_relay)
        with pytest.raises(smtplib.SMTPAuthenticationError):
            client.login(name, password)


def test_a_password_that_was_changed_is_refused(real_relay, relay, login):
    relay.ensure_login(replace(login, password="another-password"))
    with pytest.raises(smtplib.SMTPAuthenticationError):
        connect(real_relay, login)


def test_without_a_login_nothing_is_taken(real_relay, login):
    code, words = refusal(connect(real_relay), login.address)
    assert code == 550
    assert "Log in first" in words


def test_over_the_limit_a_mail_is_put_off_with_the_reason(
    real_relay, relay, login, smarthost
):
    relay.ensure_login(replace(login, daily_limit=3))
    client = connect(real_relay, login)
    too_many = [f"person{n}@example.com" for n in range(4)]
    code, words = refusal(client, login.address, to=too_many)
    assert (code, "3 mails a day" in words) == (451, True)
    for _ in range(3):
        send(client, login.address)
    code, words = refusal(client, login.address)
    assert (code, "3 mails a day" in words) == (451, True)
    assert len(arrived(smarthost, 3)) == 3


def test_a_larger_plan_holds_from_the_next_mail_on(real_relay, relay, login):
    relay.ensure_login(replace(login, daily_limit=1))
    client = connect(real_relay, login)
    send(client, login.address)
    assert refusal(client, login.address)[0] == 451
    relay.ensure_login(replace(login, daily_limit=2))
    send(client, login.address)


def test_what_is_refused_for_its_sender_is_not_counted(real_relay, relay, login):
    relay.ensure_login(replace(login, daily_limit=1))
    client = connect(real_relay, login)
    for _ in range(3):
        refusal(client, login.address, header="ceo@bank.test")
    send(client, login.address)


def test_letters_that_are_too_large_together_are_put_off(real_relay, relay, login):
    relay.ensure_login(replace(login, daily_limit=2))
    client = connect(real_relay, login)
    large = ("x" * 70 + "\n") * 200_000
    send(client, login.address, text=large)
    code, words = refusal(client, login.address, text=large)
    assert (code, "MiB" in words) == (451, True)


def test_one_instances_mails_are_not_anothers(real_relay, relay, login, tenants):
    other = tenants.mail_login(tenants.make())
    for each in (login, other):
        relay.ensure_login(replace(each, daily_limit=1))
        send(connect(real_relay, each), each.address)
    relay.remove_login(other)


def test_a_plan_without_mail_sends_none(real_relay, relay, login):
    relay.ensure_login(replace(login, daily_limit=0))
    code, words = refusal(connect(real_relay, login), login.address)
    assert (code, "includes no mail" in words) == (550, True)


@pytest.mark.parametrize("when", ["before", "in the session", "after a mail"])
def test_a_login_that_is_switched_off_sends_nothing(real_relay, relay, login, when):
    client = connect(real_relay, login)
    if when == "after a mail":
        send(client, login.address)
    relay.ensure_login(replace(login, enabled=False))
    if when == "before":
        client = connect(real_relay, login)
    code, words = refusal(client, login.address)
    assert (code, "switched off" in words) == (550, True)


def test_a_login_that_is_switched_off_in_a_letter_does_not_send_it(
    real_relay, relay, login
):
    client = connect(real_relay, login)
    client.mail(login.address)
    client.rcpt(PERSON)
    relay.ensure_login(replace(login, enabled=False))
    code, words = client.data(f"From: {login.address}\r\n\r\nText\r\n")
    assert (code, b"switched off" in words) == (550, True)


def test_a_login_that_is_removed_in_a_session_sends_nothing(real_relay, relay, login):
    client = connect(real_relay, login)
    relay.remove_login(login)
    assert refusal(client, login.address)[0] == 550


def test_a_relay_that_is_away_is_told_and_may_be_tried_again(real_relay):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        driver = real_relay.driver(port=port, timeout=0.2)
        with pytest.raises(RetryableInfraError, match="does not answer"):
            driver.check()
    with pytest.raises(RetryableInfraError, match="does not answer"):
        driver.check()


def test_a_folder_that_is_not_there_is_no_empty_listing(real_relay, tmp_path, login):
    driver = real_relay.driver(logins_dir=str(tmp_path / "absent"))
    for touch in (driver.check, driver.list_logins, lambda: driver.ensure_login(login)):
        with pytest.raises(PermanentInfraError, match="cannot be used"):
            touch()


def test_no_password_lies_in_the_relays_folder(real_relay, login):
    path = real_relay.run / "mail/logins" / login.name
    assert login.password not in path.read_text()
    assert path.stat().st_mode & 0o777 == 0o640
