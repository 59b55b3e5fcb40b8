"""The mail relay: nobody sends in the name of another."""

import smtplib
from email import message_from_string, policy

import pytest
from relay_client import arrived, connect, refusal, send_raw


def test_another_sender_is_refused(real_relay, login, tenants):
    other = tenants.mail_login(tenants.make())
    client = connect(real_relay, login)
    for sender in (other.address, other.sender, "ceo@bank.test", ""):
        code, words = refusal(client, sender, header=login.address)
        assert (code, f"as {login.sender} alone" in words) == (550, True)


@pytest.mark.parametrize(
    "header",
    ["ceo@bank.test", "{own}, ceo@bank.test", '"{own}" <ceo@bank.test>'],
)
def test_another_name_in_the_letter_itself_is_refused(real_relay, login, header):
    client = connect(real_relay, login)
    header = header.format(own=login.address)
    code, words = refusal(client, login.address, header=header)
    assert (code, "alone" in words) == (550, True)


@pytest.mark.parametrize(
    "head",
    [
        # Decoded, the stranger stands in a comment.
        "From: =?utf-8?Q?=28?= <ceo@bank.test>, =?utf-8?Q?=29?= <{own}>",
        "From: {own} (=?utf-8?Q?=29,_ceo=40bank.test_=28?=)",
        "From: =?utf-8?Q?{quoted},?= <ceo@bank.test>",
        "From: {own}\r\nFrom: ceo@bank.test",
        "From: ceo@bank.test\r\nFrom: {own}",
        "From: {own}, <ceo@bank.test",
        "Subject: nobody sends this",
    ],
)
def test_a_trick_with_the_name_in_the_letter_does_not_arrive(
    real_relay, login, smarthost, head
):
    quoted = login.address.replace("@", "=40")
    head = head.format(own=login.address, quoted=quoted)
    with connect(real_relay, login) as client:
        try:
            send_raw(client, login, head)
        except smtplib.SMTPDataError:
            return
    [(_, text)] = arrived(smarthost)
    message = message_from_string(text, policy=policy.default)
    assert [each.addr_spec for each in message["From"].addresses] == [login.sender]


@pytest.mark.parametrize(
    "name", ["=?utf-8?Q?Ren=C3=A9=2C_Admin?=", '"Mitchell, Admin"', "=?utf-8?B?w6k=?="]
)
def test_a_name_with_a_comma_or_an_accent_is_sent(real_relay, login, smarthost, name):
    with connect(real_relay, login) as client:
        send_raw(client, login, f"From: {name} <{login.address}>")
    assert f"From: {name} <{login.sender}>" in arrived(smarthost)[0][1]


def test_no_other_header_names_another_sender(real_relay, login, smarthost):
    others = ("Sender", "Resent-From", "Resent-Sender")
    lines = [f"{name}: ceo@bank.test" for name in others]
    with connect(real_relay, login) as client:
        send_raw(client, login, "\r\n".join([f"From: {login.address}", *lines]))
    assert "ceo@bank.test" not in arrived(smarthost)[0][1]
