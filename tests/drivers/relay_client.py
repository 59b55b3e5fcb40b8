"""What a tenant says to the mail relay, and what comes of it."""

import smtplib
from email.message import EmailMessage

import pytest
from real_machine import wait_until

PERSON = "person@example.com"


def connect(real_relay, login=None):
    client = smtplib.SMTP("127.0.0.1", real_relay.port, timeout=20)
    if login:
        client.login(login.name, login.password)
    return client


def send(client, sender, header=None, to=(PERSON,), text="Text"):
    message = EmailMessage()
    message["From"] = header or f'"Mitchell, Admin" <{sender}>'
    message["To"] = PERSON
    message["Subject"] = "Hello"
    message.set_content(text)
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


def send_raw(client, login, head):
    return client.sendmail(login.address, [PERSON], f"{head}\r\n\r\nText\r\n")
