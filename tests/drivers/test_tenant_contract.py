"""Masters and tenants of neighbouring releases understand each other.

`bodies/protocol-1.json` holds what the first release signed, as it went over the wire.
It is never recorded anew: a change that breaks it raises the protocol and adds a file.
"""

import base64
import hashlib
import json
from pathlib import Path

import pytest
from drivers.tenant import PROTOCOL, TenantClient, encode
from nacl.signing import SigningKey
from tenant_tokens import tokens

FILES = sorted(Path(__file__).with_name("bodies").glob("protocol-*.json"))
RECORDED = [json.loads(path.read_text()) for path in FILES]
SIGNED = [(file, one) for file in RECORDED for one in file["signed"]]
IDS = [f"{file['protocol']}-{one['subject']}" for file, one in SIGNED]
KEY = SigningKey.generate()
NOW = 1_000_000


def check(file, token, subject, now):
    """Check a recorded token as a tenant of today does."""
    return tokens.verify(
        token,
        keys=[base64.b64decode(file["public_key"])],
        issuer=file["issuer"],
        audience=file["audience"],
        subject=subject,
        now=now,
    )


def verify(**changes):
    """Sign and check a token of a master of another release."""
    claims = {
        "iss": "platform", "aud": "instance", "sub": "login", "iat": NOW,
        "exp": NOW + 60, "jti": "0123456789abcdef", **changes,
    }  # fmt: skip
    payload = encode(json.dumps(claims).encode())
    file = {
        "public_key": base64.b64encode(bytes(KEY.verify_key)),
        "issuer": "platform",
        "audience": "instance",
    }
    signature = encode(KEY.sign(payload.encode()).signature)
    return check(file, f"{payload}.{signature}", "login", NOW)


def test_both_sides_speak_the_same_protocol_and_it_is_recorded():
    assert PROTOCOL == tokens.PROTOCOL
    assert PROTOCOL in [file["protocol"] for file in RECORDED]


@pytest.mark.parametrize(("file", "signed"), SIGNED, ids=IDS)
def test_a_tenant_understands_what_was_recorded(file, signed):
    claims = check(file, signed["token"], signed["subject"], signed["at"])
    if "body" in signed:
        tokens.check_body(claims, signed["body"].encode())
    else:
        assert claims["usr"] in ("owner", "support")


@pytest.mark.parametrize(("file", "signed"), SIGNED, ids=IDS)
def test_a_master_signs_at_least_what_was_recorded(file, signed):
    """A tenant that was not updated yet finds each claim, as it knows it."""
    client = TenantClient(
        address=("127.0.0.1", 1), host="", sign_key=KEY, instance="i", platform="p"
    )
    before = json.loads(tokens.decode(signed["token"].partition(".")[0]))
    if "body" in signed:
        sha = hashlib.sha256(signed["body"].encode()).hexdigest()
        token = client._sign(signed["subject"], sha=sha)
        assert before["sha"] == sha
    else:
        token = client.login_token(before["usr"])
    now = tokens.open_signed(token, [bytes(KEY.verify_key)])
    types = {name: type(now.get(name)) for name in before}
    assert types == {name: type(value) for name, value in before.items()}
    assert (now["sub"], now["ver"]) == (before["sub"], PROTOCOL)


@pytest.mark.parametrize("spoken", [PROTOCOL - 1, PROTOCOL, PROTOCOL + 1])
def test_neighbours_are_understood_whatever_else_they_say(spoken):
    assert verify(ver=spoken, hat="green", usr={"a": 1})["ver"] == spoken


def test_a_master_that_does_not_tell_is_of_the_first_protocol():
    assert "ver" not in verify()


@pytest.mark.parametrize(
    ("spoken", "update"), [(PROTOCOL + 2, "this tenant"), (PROTOCOL - 2, "the master")]
)
def test_others_are_told_who_is_to_be_updated(spoken, update):
    told = f"speaks protocol {spoken}, this tenant {PROTOCOL}: update {update} first"
    with pytest.raises(tokens.ProtocolRefused, match=told):
        verify(ver=spoken)


@pytest.mark.parametrize("spoken", ["1", None, True, 1.0])
def test_what_is_no_protocol_is_refused(spoken):
    with pytest.raises(tokens.TokenRefused, match="no usable ver"):
        verify(ver=spoken)
