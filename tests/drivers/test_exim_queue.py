"""The mail relay: what waits, and the way out."""

import base64
import smtplib
import ssl
from dataclasses import replace

import pytest
from real_machine import wait_until
from relay_client import arrived, connect, send


@pytest.fixture(autouse=True)
def empty_queue(real_relay, smarthost):
    """Begin with nothing that an earlier test has left waiting."""
    real_relay.run_queue()
    wait_until(lambda: not real_relay.waiting(), "an empty queue")
    smarthost.mails.clear()


def test_what_waits_when_the_login_is_switched_off_waits_on(
    real_relay, relay, login, smarthost
):
    with real_relay.instead(SMTP_SMARTHOST=""):
        with connect(real_relay, login) as client:
            send(client, login.address)
        relay.ensure_login(replace(login, enabled=False))
    wait_until(lambda: "switched off" in real_relay.log(), "a line of the log")
    assert (real_relay.waiting(), smarthost.mails) == (1, [])
    relay.ensure_login(login)
    real_relay.run_queue()
    arrived(smarthost)


def test_what_waits_when_the_login_is_removed_is_dropped(
    real_relay, relay, login, smarthost
):
    with real_relay.instead(SMTP_SMARTHOST=""):
        with connect(real_relay, login) as client:
            send(client, login.address)
        relay.remove_login(login)
    wait_until(lambda: not real_relay.waiting(), "an empty queue")
    assert not smarthost.mails


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
