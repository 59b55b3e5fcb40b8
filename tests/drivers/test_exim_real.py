"""The mail relay: what it lets through, and what it says to the rest."""

import base64
import smtplib
import socket
import ssl
from dataclasses import replace
from email.message import EmailMessage

import pytest
from drivers.errors import PermanentInfraError, RetryableInfraError
from real_machine import wait_until

PERSON = "person@example.com"


@pytest.fixture
def relay(real_relay):
    return real_relay.driver()


@pytest.fixture
def smarthost(real_relay):
    real_relay.smarthost.mails.clear()
    return real_relay.smarthost


@pytest.fixture
def login(relay, tenants):
    spec = tenants.mail_login(tenants.make())
    relay.ensure_login(spec)
    yield spec
    relay.remove_login(spec)


def connect(real_relay, login=None):
    client = smtplib.SMTP("127.0.0.1", real_relay.port, timeout=20)
    if login:
        client.login(login.name, login.password)
    return client


def send(client, sender, header=None, to=(PERSON,)):
    message = EmailMessage()
    message["From"] = header or f'"Mitchell, Admin" <{sender}>'
    message["To"] = PERSON
    message["Subject"] = "Hello"
    message.set_content("Text")
    return client.send_message(message, sender, to)


def refusal(client, *args, **options):
    """Return code and words with which a mail is refused."""
    with pytest.raises(smtplib.SMTPException) as raised:
        send(client, *args, **options)
    error = raised.value
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        [(code, words)] = set(error.recipients.values())
    else:
        code, words = error.smtp_code, error.smtp_error
    return code, words.decode().replace("\n", " ")


def arrived(smarthost, count=1):
    wait_until(lambda: len(smarthost.mails) >= count, "the arrival of the mail")
    return smarthost.mails


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
    for name, password in (
        (login.name, "wrong-password"),
        (login.name, ""),
        ("odoo_ffffffff", login.password),
        (f"../logins/{login.name}", login.password),
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


def test_a_login_that_is_removed_in_a_session_sends_nothing(real_relay, relay, login):
    client = connect(real_relay, login)
    relay.remove_login(login)
    assert refusal(client, login.address)[0] == 550


def test_another_sender_is_refused(real_relay, login, tenants):
    other = tenants.mail_login(tenants.make())
    client = connect(real_relay, login)
    for sender in (other.address, other.sender, "ceo@bank.test", ""):
        code, words = refusal(client, sender, header=login.address)
        assert (code, f"as {login.sender} alone" in words) == (550, True)


@pytest.mark.parametrize(
    "header",
    ["ceo@bank.test", "{own}, ceo@bank.test", '"{own}" <ceo@bank.test>', "nobody"],
)
def test_another_name_in_the_letter_itself_is_refused(real_relay, login, header):
    client = connect(real_relay, login)
    header = header.format(own=login.address)
    code, words = refusal(client, login.address, header=header)
    assert (code, "alone" in words) == (550, True)


def test_without_a_smarthost_mail_is_held_until_there_is_one(
    real_relay, login, smarthost
):
    with real_relay.instead(SMTP_SMARTHOST=""):
        with connect(real_relay, login) as client:
            send(client, login.address)
        wait_until(lambda: real_relay.waiting() == 1, "the mail in the queue")
        assert not smarthost.mails
    assert arrived(smarthost)[0][0] == login.sender
    wait_until(lambda: not real_relay.waiting(), "an empty queue")


def test_a_smarthost_that_wants_a_login_is_given_it(
    real_relay, login, smarthost, tmp_path
):
    smarthost.logins.clear()
    smarthost.offers = "AUTH PLAIN"
    (tmp_path / "login").write_text("us^er:pa:ss^word$x\n")
    with real_relay.instead(SMTP_LOGIN_FILE=str(tmp_path / "login")):
        with connect(real_relay, login) as client:
            send(client, login.address)
        arrived(smarthost)
    smarthost.offers = "HELP"
    shown = smarthost.logins[0].partition(" ")[2]
    assert base64.b64decode(shown) == b"\0us^er\0pa:ss^word$x"


def test_another_machine_shows_its_login_under_tls_alone(real_relay, login, smarthost):
    here = "127.0.0.2"
    with real_relay.on_swarm(here) as authority:
        client = smtplib.SMTP(
            here, real_relay.port, timeout=20, source_address=(here, 0)
        )
        client.ehlo()
        assert not client.has_extn("auth")
        client.starttls(context=ssl.create_default_context(cafile=authority))
        client.login(login.name, login.password)
        send(client, login.address)
        client.quit()
        arrived(smarthost)


def test_mail_that_nobody_can_take_is_not_sent_back_but_written_down(real_relay, login):
    with real_relay.instead(SMTP_SMARTHOST="direct"):
        with connect(real_relay, login) as client:
            send(client, login.address, to=["person@nowhere.invalid"])
        wait_until(lambda: "nowhere.invalid" in real_relay.log(), "a line of the log")
        wait_until(lambda: not real_relay.waiting(), "an empty queue")
    assert ":blackhole:" in real_relay.log()


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
