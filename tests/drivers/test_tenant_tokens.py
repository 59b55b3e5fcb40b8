"""The edges of a token's life, without an Odoo around them."""

import json
import os

import pytest
from drivers.tenant import encode
from nacl.signing import SigningKey
from tenant_tokens import tokens

KEY = SigningKey.generate()
NOW = 1_000_000
JTI = "0123456789abcdef"


def verify(now=NOW, key=KEY, **changes):
    claims = {
        "iss": "platform",
        "aud": "instance",
        "sub": "login",
        "iat": NOW,
        "exp": NOW + 60,
        "jti": JTI,
        **changes,
    }
    payload = encode(json.dumps(claims).encode())
    signature = encode(key.sign(payload.encode()).signature)
    return tokens.verify(
        f"{payload}.{signature}",
        keys=[bytes(SigningKey.generate().verify_key), bytes(KEY.verify_key)],
        issuer="platform",
        audience="instance",
        subject="login",
        now=now,
    )


@pytest.mark.parametrize("now", [NOW - 5, NOW, NOW + 59])
def test_a_token_lives_from_a_small_skew_before_to_its_end(now):
    assert verify(now)["jti"] == JTI


@pytest.mark.parametrize("now", [NOW - 6, NOW + 60, NOW + 3600])
def test_before_and_after_it_is_worth_nothing(now):
    with pytest.raises(tokens.TokenRefused):
        verify(now)


@pytest.mark.parametrize(
    "changes",
    [
        {"exp": NOW + 61},
        {"exp": NOW},
        {"exp": NOW - 1},
        {"exp": NOW + 0.5},
        {"iat": "now"},
        {"iat": None},
        {"iat": True},
        {"aud": ["instance"]},
        {"aud": "Instance"},
        {"iss": None},
        {"sub": "login "},
        {"jti": "short"},
        {"jti": "a/../../../b_long_enough"},
        {"jti": "x" * 65},
        {"jti": 12345678901234567890},
        {"key": SigningKey.generate()},
    ],
)
def test_a_claim_that_is_not_exact_refuses_the_token(changes):
    with pytest.raises(tokens.TokenRefused):
        verify(**changes)


@pytest.mark.parametrize("text", [None, "", ".", "a.b", "é.é", "a" * 5000, "YQ.YQ"])
def test_what_is_no_token_is_refused(text):
    with pytest.raises(tokens.TokenRefused):
        tokens.open_signed(text, [bytes(KEY.verify_key)])


def test_a_token_is_spent_once_and_old_ones_are_forgotten(tmp_path):
    folder = tmp_path / "sessions" / "saas_tokens"
    tokens.spend(folder, JTI)
    with pytest.raises(tokens.TokenRefused, match="used before"):
        tokens.spend(folder, JTI)
    os.utime(folder / JTI, (NOW, NOW))
    tokens.spend(folder, "another_of_sixteen")
    assert os.listdir(folder) == ["another_of_sixteen"]


def test_a_body_is_the_one_that_was_signed():
    claims = {"sha": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}
    tokens.check_body(claims, b"")
    for wrong in (claims, {}, {"sha": None}):
        with pytest.raises(tokens.TokenRefused, match="another body"):
            tokens.check_body(wrong, b"x")
