"""A tenant's own Odoo sends mail by the relay, where its state and its name allow."""

import pytest
from conftest import enter_as_owner
from mailing import confirm, held, login_of, send


@pytest.fixture
def owner(platform, instance, visitor):
    enter_as_owner(platform, visitor, instance["subdomain"])
    return visitor


def test_a_trial_sends_no_mail_and_reads_why_until_it_is_confirmed(
    platform, instance, owner
):
    state, why = send(owner, instance)
    assert state == "exception"
    assert "Mail of this instance is switched off" in why
    confirm(platform, instance)
    assert send(owner, instance) == ("sent", "")


def test_mail_of_anybody_in_a_tenant_leaves_under_the_tenants_name(
    platform, instance, owner
):
    confirm(platform, instance)
    subject = f"Offer of {instance['uuid']}"
    letter = {"email_from": '"Mitchell" <mitchell@acme.test>', "subject": subject}
    assert send(owner, instance, **letter) == ("sent", "")
    [head] = held(platform, subject)
    domain = platform.setting("BASE_DOMAIN")
    sender = f"notifications@{instance['subdomain']}.{domain}"
    assert f"\n<{sender}>\n" in head
    assert f'F From: "Mitchell" <{sender}>' in head
    assert f"odoo_{instance['uuid'][:8]}@" not in head


def test_a_suspended_or_ended_instance_may_not_send(platform, instance):
    confirm(platform, instance)
    login = login_of(platform, instance)
    ref = instance["uuid"]
    platform.saasctl("instance", "suspend", ref, "--yes", "--wait")
    assert "enabled=no" in login.read_text()
    platform.saasctl("instance", "resume", ref, "--wait")
    assert "enabled=yes" in login.read_text()
    platform.saasctl("instance", "terminate", ref, "--yes", "--wait")
    assert not login.exists()
