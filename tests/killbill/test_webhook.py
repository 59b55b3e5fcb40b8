"""Bodies of webhooks, as 0.22 and 0.24 sent them, and as strangers might."""

import json

import pytest
from killbill.webhook import LARGEST, Malformed, parse

ACCOUNT, OBJECT = "0f" * 16, "a1" * 16
DASHED = "0f0f0f0f-0f0f-0f0f-0f0f-0f0f0f0f0f0f"


def body(**changes):
    fields = {
        "eventType": "SUBSCRIPTION_CREATION",
        "accountId": ACCOUNT,
        "objectType": "SUBSCRIPTION",
        "objectId": OBJECT,
        "metaData": None,
    }
    return json.dumps(fields | changes).encode()


@pytest.mark.parametrize(
    ("text", "meta"),
    [
        (None, {}),
        ("MANUAL_PAY", {"key": "MANUAL_PAY"}),  # 0.22
        ('{"tagDefinitionName":"MANUAL_PAY"}', {"tagDefinitionName": "MANUAL_PAY"}),
        (
            '{"actionType":"EFFECTIVE","bundleExternalKey":"inst-A"}',
            {"actionType": "EFFECTIVE", "bundleExternalKey": "inst-A"},
        ),
        ("[1]", {"key": "[1]"}),
        ("[" * 10000, {"key": "[" * 10000}),
    ],
)
def test_what_comes_with_it_is_nothing_a_word_or_json(text, meta):
    assert parse(body(metaData=text)).meta == meta


def test_a_webhook_says_of_whom_and_of_what_it_is():
    read = parse(body())
    assert (read.kind, read.object_type) == ("SUBSCRIPTION_CREATION", "SUBSCRIPTION")
    assert read.account_id == DASHED


def test_a_tenants_own_webhook_is_of_no_account():
    told = body(eventType="TENANT_CONFIG_CHANGE", accountId=None, metaData="CATALOG")
    assert parse(told).account_id is None


def test_a_kind_that_nobody_knows_yet_is_read():
    assert parse(body(eventType="SOMETHING_NEW")).kind == "SOMETHING_NEW"


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"no json",
        b"\xff\xfe",
        b"[]",
        b"{}",
        b"[" * 16000,
        b" " * (LARGEST + 1),
        body(eventType=None),
        body(eventType="<script>"),
        body(eventType="A" * 65),
        body(objectType=7),
        body(accountId="' OR 1=1 --"),
        body(accountId=7),
        body(objectId=["a"]),
        body(metaData={}),
    ],
)
def test_what_is_none_of_kill_bills_is_refused(sent):
    with pytest.raises(Malformed):
        parse(sent)
