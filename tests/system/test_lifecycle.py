"""The life of an instance, from start to purge."""

import base64
import uuid

import pytest
from conftest import COMPANY, call, enter, enter_as_owner
from outages import Outages
from strangers import Tenant, role_of

MEBIBYTE = 1024**2
HARMFUL = {"stop", "suspend", "hand-over", "terminate"}


def command(platform, verb, instance, *arguments):
    agreed = ["--yes"] if verb in HARMFUL else []
    return platform.saasctl(
        "instance", verb, instance["uuid"], *arguments, *agreed, "--wait"
    )


def limits_of(platform, instance):
    """Read what the instance's Odoo is told: soft and hard limit, in bytes."""
    options = Tenant(platform, instance).options
    return tuple(int(options[f"limit_memory_{kind}"]) for kind in ("soft", "hard"))


@pytest.mark.parametrize(
    ("verb", "status", "back"),
    [("stop", "stopped", "start"), ("suspend", "paused", "resume")],
)
def test_a_stopped_instance_shows_a_notice_and_comes_back(
    platform, instance, visitor, verb, status, back
):
    command(platform, verb, instance)
    shown = platform.saasctl("instance", "show", instance["uuid"])
    assert shown["status"] == status
    notice = visitor.get(f"{instance['url']}/web/login")
    assert notice.status_code == 503
    assert "nginx" not in notice.text
    command(platform, back, instance)
    assert visitor.get(f"{instance['url']}/web/login").status_code == 200


def test_a_suspension_during_creation_is_waited_for_to_its_end(platform, visitor):
    name = f"s{uuid.uuid4().hex[:10]}"
    order = ("--plan", "starter", "--subdomain", name, "--customer", name)
    platform.saasctl("instance", "create", *order, "--email", f"o@{name}.test")
    told = command(platform, "suspend", {"uuid": name})
    assert (told["operation"]["kind"], told["status"]) == ("suspend", "paused")
    assert visitor.get(f"{told['url']}/web/login").status_code == 503
    platform.remove(name)


def test_a_restart_keeps_the_session(platform, instance, visitor):
    enter(platform, visitor, instance["subdomain"])
    command(platform, "restart", instance)
    assert visitor.get(f"{instance['url']}/odoo").status_code == 200


def test_a_renamed_instance_leads_from_its_old_address(platform, instance, visitor):
    new = f"n{instance['subdomain'][1:]}"
    command(platform, "rename", instance, "--subdomain", new)
    moved = visitor.get(f"{instance['url']}/web/login?x=1")
    assert moved.status_code == 308
    assert f"//{new}." in moved.headers["Location"]
    assert moved.headers["Location"].endswith("/web/login?x=1")
    taken, answer = platform.run_saasctl(
        "instance", "create", "--plan", "starter", "--customer", "X", "--email",
        "x@x.test", "--subdomain", instance["subdomain"],
    )  # fmt: skip
    assert taken == 4
    assert "taken" in str(answer)


def test_a_plan_change_gives_new_limits(platform, instance, visitor):
    before, after = (
        plan["memory_mb"] * MEBIBYTE
        for code in ("starter", "professional")
        for plan in platform.saasctl("plan", "list")
        if plan["code"] == code
    )
    assert limits_of(platform, instance) == (before * 4 // 5, before)
    command(platform, "change-plan", instance, "--plan", "professional")
    assert (
        platform.saasctl("instance", "show", instance["uuid"])["plan"] == "professional"
    )
    assert limits_of(platform, instance) == (after * 4 // 5, after)
    assert visitor.get(f"{instance['url']}/web/login").status_code == 200


def test_a_hand_over_gives_it_to_another_owner(platform, instance, visitor):
    enter_as_owner(platform, visitor, instance["subdomain"])
    users = ("res.users", "search_read", [], ["login"])
    before = call(visitor, instance["url"], *users)
    to = ("--customer", "New & Sons", "--email", "new@sons.test")
    command(platform, "hand-over", instance, *to)
    shown = platform.saasctl("instance", "show", instance["uuid"])
    assert (shown["customer"], shown["email"]) == ("New & Sons", "new@sons.test")
    visitor.cookies.clear()
    facts = enter_as_owner(platform, visitor, instance["subdomain"])
    assert facts["username"] == "new@sons.test" and facts["is_system"]
    after = call(visitor, instance["url"], *users)
    renamed = [user for user in before if user not in after]
    assert [user["login"] for user in renamed] == [instance["email"]]
    assert {user["id"] for user in after} == {user["id"] for user in before}
    logins = Tenant(platform, instance).sql("SELECT login FROM res_users")
    assert (instance["email"],) not in logins


def test_a_terminated_instance_comes_back_with_its_data(platform, instance, visitor):
    url, before = instance["url"], enter(platform, visitor, instance["subdomain"])
    # The one lies in the database, the content of the other among the files.
    content = base64.b64encode(COMPANY.encode() * 1000).decode()
    [partner] = call(visitor, url, "res.partner", "create", [{"name": COMPANY}])
    [attachment] = call(
        visitor,
        url,
        "ir.attachment",
        "create",
        [{"name": "kept.txt", "res_model": "res.partner", "datas": content}],
    )
    command(platform, "terminate", instance)
    assert visitor.get(f"{instance['url']}/web/login").status_code == 503
    command(platform, "reactivate", instance)
    visitor.cookies.clear()
    after = enter(platform, visitor, instance["subdomain"])
    assert after["db"] == before["db"]
    [read] = call(visitor, url, "res.partner", "read", [partner], ["name"])
    assert read["name"] == COMPANY
    [read] = call(visitor, url, "ir.attachment", "read", [attachment], ["datas"])
    assert read["datas"] == content


def things_of(platform, tenant):
    """List what there is of an instance outside of the master, by kind."""
    root = role_of(platform, "postgres")
    named = "SELECT 1 FROM {0} WHERE {1} = %s".format
    names = {
        "database": root.sql(
            "postgres", named("pg_database", "datname"), [tenant.database]
        ),
        "role": root.sql("postgres", named("pg_roles", "rolname"), [tenant.role.name]),
    }
    programs = Outages(platform).tell_supervisor("getAllProcessInfo")
    patterns = {
        "folder": f"storage/odoo_instances/*{tenant.uuid}*",
        "route": f"nginx/routes/{tenant.service}*",
        "program's settings": f"data-plane/programs/*{tenant.service}*",
    }
    return {
        **names,
        **{kind: list(platform.run_dir.glob(text)) for kind, text in patterns.items()},
        "program": [one for one in programs if one["group"] == tenant.service],
        "process": tenant.pids(),
    }


def test_a_purge_needs_the_name_and_leaves_nothing(platform):
    created = platform.create()
    name, tenant = created["subdomain"], Tenant(platform, created)
    assert all(things_of(platform, tenant).values()), things_of(platform, tenant)
    command(platform, "terminate", created)
    code, _ = platform.run_saasctl(
        *("instance", "purge", name, "--confirm", "other", "--reason", "x")
    )
    assert code == 4
    assert things_of(platform, tenant)["database"]
    command(platform, "purge", created, "--confirm", name, "--reason", "test")
    assert not any(things_of(platform, tenant).values()), things_of(platform, tenant)
    again = platform.create(name, customer="Next", email=f"next@{name}.test")
    assert again["status"] == "running"
    platform.remove(name)
