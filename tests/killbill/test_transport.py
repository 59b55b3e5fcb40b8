"""What a Kill Bill that is ill, or none at all, comes to: an error of ours."""

import json
import logging

import pytest
from killbill.client import KillBill
from killbill.errors import (
    AlreadyExists,
    InvalidLogin,
    KillBillError,
    NotFound,
    Refused,
    Unavailable,
)
from listener import listening

HTML = b"<html>HTTP Status 401</html>"


def client(url, **values):
    words = {
        "login": ("saasodoo", "word-of-login"),
        "tenant": ("key", "word-of-tenant"),
    }
    return KillBill(url, **words | {"author": "tests"} | values)


def failure(status, body):
    """Return how an answer comes."""
    body = body if isinstance(body, bytes) else json.dumps(body).encode()
    with (
        listening(status=status, body=body) as listener,
        client(listener.url) as kb,
        pytest.raises(KillBillError) as caught,
    ):
        kb.accounts.get("a")
    return caught.value


@pytest.mark.parametrize(
    ("status", "body", "wanted"),
    [
        (401, HTML, InvalidLogin),
        (404, HTML, NotFound),
        (404, {"code": 3002, "message": "Account does not exist"}, NotFound),
        (409, {"code": 3000, "message": "Account already exists"}, AlreadyExists),
        # Business refusals that come as failures
        (500, {"code": 1031, "message": "cancelled already"}, Refused),
        (500, {"code": None, "message": 'duplicate key value "x"'}, AlreadyExists),
        (500, {"code": None, "message": "Duplicate entry 'x'"}, AlreadyExists),
        (500, {"code": None, "message": "NullPointerException"}, Unavailable),
        (500, HTML, Unavailable),
        (503, HTML, Unavailable),
        (408, b"", Unavailable),
        (302, b"", Refused),
        (400, {"code": 7199, "message": "more than the balance"}, Refused),
        (400, b"[]", Refused),
    ],
)
def test_an_answer_is_judged_by_its_code_first(status, body, wanted):
    assert type(failure(status, body)) is wanted


def test_another_server_at_the_address_is_told():
    error = failure(200, b"<html>Welcome to nginx</html>")
    assert type(error) is Unavailable
    assert "speaks no JSON" in str(error)


def test_who_does_not_answer_is_told_without_what_was_asked(unused_port, caplog):
    caplog.set_level(logging.DEBUG)
    refused = pytest.raises(Unavailable, match="does not answer")
    with client(f"http://127.0.0.1:{unused_port}") as kb, refused as caught:
        kb.tenants.set_callback("http://master/webhook/secret-of-webhooks")
    assert caught.value.__suppress_context__
    told = str(caught.value) + caplog.text
    assert not any(word in told for word in ("secret-of", "word-of"))


def test_who_answers_too_late_is_told():
    refused = pytest.raises(Unavailable, match="within its time")
    with listening(delay=2) as listener, refused:
        client(listener.url, timeout=(1, 0.2)).accounts.get("a")


def test_what_was_asked_is_logged_without_secrets(caplog):
    caplog.set_level(logging.DEBUG)
    with listening(body=b'{"values": []}') as listener, client(listener.url) as kb:
        kb.tenants.set_callback("http://master/webhook/secret-of-webhooks")
    ours = [r.getMessage() for r in caplog.records if r.name == "killbill.transport"]
    assert ours[-1].startswith("POST /kb/tenants/registerNotificationCallback: 200")
    assert not any(word in "".join(ours) for word in ("secret-of", "word-of"))


@pytest.fixture
def unused_port():
    with listening() as listener:
        return listener.server_port
