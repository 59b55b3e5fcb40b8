"""Each command calls its method with its arguments, and shows the answer."""

import ast
import json

import pytest
from conftest import ROOT
from saasctl_cli import instances, operations

CHANGES = {
    "start": [],
    "stop": ["--yes"],
    "restart": [],
    "suspend": ["--yes"],
    "resume": [],
    "change-plan": ["--plan", "professional"],
    "rename": ["--subdomain", "acme-group"],
    "hand-over": ["--customer", "Acme II", "--email", "a@b.test", "--yes"],
    "terminate": ["--yes"],
    "reactivate": [],
    "purge": ["--confirm", "acme"],
    "retry": [],
    "discard": ["--yes"],
}
HARMFUL = [name for name, options in CHANGES.items() if "--yes" in options]
LISTS = [
    *("plan", "region", "version", "cluster"),
    *("node", "server", "storage", "template"),
]


@pytest.fixture
def changing(master, answers):
    """A master that accepts every change of acme."""
    answer = {
        "instance": answers["instance_show"],
        "operation": {"id": 42, "kind": "some", "state": "pending"},
    }
    for name in CHANGES:
        master.answers(f"instance_{name.replace('-', '_')}", answer)
    return master


def pairs(options):
    """Return options as the arguments that they become."""
    words = [option for option in options if option != "--yes"]
    return {
        name.removeprefix("--"): value
        for name, value in zip(words[::2], words[1::2], strict=True)
    }


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_calls_its_method(saasctl, changing, name):
    options = [*CHANGES[name], "--reason", "ticket 1234"]
    result = saasctl("instance", name, "acme", *options)
    assert result.code == 0, result.err
    assert changing.called(f"instance_{name.replace('-', '_')}") == {
        "ref": "acme",
        "dry_run": False,
        **pairs(options),
    }


@pytest.mark.parametrize("name", CHANGES)
def test_a_dry_run_shows_the_plan_and_asks_nobody(saasctl, changing, name):
    method = f"instance_{name.replace('-', '_')}"
    plan = {"plan": ["Notice page", "Stop"], "message": "acme will do it."}
    changing.answers(method, plan)
    options = [option for option in CHANGES[name] if option != "--yes"]
    arguments = ("instance", name, "acme", *options, "--reason", "x", "--dry-run")
    result = saasctl(*arguments)
    assert result.code == 0 and changing.called(method)["dry_run"] is True
    shown = result.out.splitlines()
    assert shown == ["  1. Notice page", "  2. Stop", "acme will do it."]
    assert json.loads(saasctl(*arguments, "--wait", "--json").out) == plan
    assert changing.methods() == [method]


@pytest.mark.parametrize(
    ("method", "arguments"),
    [
        ("freeze", ["freeze", "--reason", "moving a storage"]),
        ("unfreeze", ["unfreeze"]),
        ("storage_add", ["storage", "add", "d2", "--cluster", "c", "--root", "/d2"]),
        (
            "cluster_add",
            [
                *("cluster", "add", "c2", "--region", "paris", "--proxy", "p2"),
                *("--base-domain", "t2.test", "--address", "ssh://root@m2"),
            ],
        ),
        (
            "server_add",
            [
                *("server", "add", "db2", "--region", "paris", "--host", "db2"),
                *("--login", "admin", "--password-file", "/etc/hostname"),
            ],
        ),
    ],
)
def test_a_dry_run_of_what_is_not_an_instance_shows_the_plan(
    saasctl, master, method, arguments
):
    plan = {"plan": ["It would be done."], "message": ""}
    master.answers(method, plan)
    result = saasctl(*arguments, "--dry-run")
    assert (result.code, result.out) == (0, "  1. It would be done.\n")
    assert not result.err
    assert master.called(method)["dry_run"] is True
    assert json.loads(saasctl(*arguments, "--dry-run", "--json").out) == plan


def test_a_dry_run_is_refused_as_the_change_would_be(saasctl, master):
    master.refuses("instance_start", "user_error")
    result = saasctl("instance", "start", "acme", "--dry-run")
    assert (result.code, result.out) == (4, "")


@pytest.mark.parametrize("name", HARMFUL)
def test_a_script_is_not_asked(saasctl, changing, name):
    options = [option for option in CHANGES[name] if option != "--yes"]
    result = saasctl("instance", name, "acme", *options, "--json")
    assert result.code == 0 and json.loads(result.out)["subdomain"] == "acme"


@pytest.mark.parametrize("name", LISTS)
def test_a_list_has_the_columns_that_the_master_answers(saasctl, master, name):
    records = [{"name": "one", "room_mb": 5, "open": True}, {"name": "two"}]
    master.answers(f"{name}_list", records)
    lines = saasctl(name, "list").out.splitlines()
    assert [line.split() for line in lines] == [
        ["name", "room", "mb", "open"],
        ["one", "5", "yes"],
        ["two"],
    ]
    assert json.loads(saasctl(name, "list", "--json").out) == records


def test_plans_are_listed_with_their_prices_in_one_line(saasctl, master, answers):
    master.answers("plan_list", answers["plan_list"])
    _head, line = saasctl("plan", "list").out.splitlines()
    assert "monthly EUR 19.00, annual EUR 190.00" in line


def test_an_empty_list_says_so(saasctl, master):
    master.answers("node_list", [])
    assert saasctl("node", "list").out == "none\n"
    assert json.loads(saasctl("node", "list", "--json").out) == []


def test_instance_list_says_how_to_see_more(saasctl, master, answers):
    acme = answers["instance_show"]
    master.answers("instance_list", {"count": 3, "records": [acme]})
    result = saasctl("instance", "list", "--status", "running", "--limit", "1")
    assert "2 more: --offset 1" in result.err
    assert result.out.splitlines()[0].split()[:2] == ["subdomain", "status"]
    assert "'; $(id) {{7*7}} <script>" in result.out
    assert master.called("instance_list") == {
        "status": "running",
        "limit": 1,
        "offset": 0,
    }


def test_instance_show_prints_what_is_set(saasctl, master, answers):
    master.answers("instance_show", answers["instance_show"])
    out = saasctl("instance", "show", "acme").out
    assert "odoo_cust12_0b9f4c0e" in out and "operation" not in out


def test_open_prints_the_link_alone_on_stdout(saasctl, master):
    link = {"url": "http://localhost:18069/saas/open#t", "expires": "03:14:05"}
    master.answers("instance_open", link)
    result = saasctl("instance", "open", "acme", "--reason", "ticket 1234")
    assert result.out == link["url"] + "\n" and "03:14:05" in result.err
    assert master.called("instance_open")["reason"] == "ticket 1234"


def test_an_instance_is_opened_without_more_than_its_name(saasctl, master):
    link = {"url": "http://localhost:18069/saas/open#t", "expires": "03:14:05"}
    master.answers("instance_open", link)
    assert saasctl("instance", "open", "acme").out == link["url"] + "\n"
    assert master.called("instance_open") == {"ref": "acme"}


def test_logs_are_asked_for_until_they_are_there(saasctl, master):
    master.answers("instance_logs", {"inquiry": 5})
    waiting = {"state": "waiting", "answer": None, "message": ""}
    done = {"state": "done", "answer": "one [bold]\ntwo \x1b]0;title\x07"}
    master.answers("inquiry_show", waiting, waiting, done)
    result = saasctl("instance", "logs", "acme", "--lines", "2")
    assert result.out == "one [bold]\ntwo •]0;title•\n"
    assert master.called("inquiry_show") == {"inquiry": 5}


def test_what_a_plan_costs_is_asked_before_it_is_changed(saasctl, master):
    master.answers("instance_preview_plan", {"inquiry": 7})
    told = ["Professional begins on 2027-01-15.", "€ 13.55 is billed now, without tax."]
    done = {"state": "done", "answer": {"changes": told, "due_now": 13.55}}
    master.answers("inquiry_show", done)
    result = saasctl("instance", "preview-plan", "acme", "--plan", "professional")
    assert all(line in result.out for line in told)
    asked = {"ref": "acme", "plan": "professional"}
    assert master.called("instance_preview_plan") == asked


@pytest.mark.parametrize(
    ("state", "words"), [("failed", "no such log"), ("waiting", "gave no answer")]
)
def test_logs_that_do_not_come_are_code_1(saasctl, master, monkeypatch, state, words):
    monkeypatch.setattr("saasctl_cli.app.App.ask.__defaults__", (0.2,))
    master.answers("instance_logs", {"inquiry": 5})
    master.answers("inquiry_show", {"state": state, "message": "no such log"})
    result = saasctl("instance", "logs", "acme")
    assert result.code == 1 and words in result.err


def test_reconcile_prints_what_was_found(saasctl, master):
    found = {"instances": 2, "drifted": [{"instance": "acme", "what": "no route"}]}
    master.answers("reconcile", {"inquiry": 6})
    master.answers("inquiry_show", {"state": "done", "answer": found, "message": ""})
    result = saasctl("reconcile", "--dry-run")
    assert "no route" in result.out
    assert master.called("reconcile") == {"dry_run": True}
    assert json.loads(saasctl("reconcile", "--json").out)["answer"] == found


def test_changes_of_plans_are_shown_or_that_there_are_none(saasctl, master):
    changes = ["starter-monthly: 10.00 → 12.00 EUR", "overdue REMIND_3: new"]
    master.answers("billing_publish", {"inquiry": 7})
    master.answers("inquiry_show", {"state": "done", "answer": {"changes": changes}})
    result = saasctl("billing", "publish", "--prices-from", "2027-01-01")
    assert result.out.splitlines() == changes
    asked = {"prices_from": "2027-01-01", "dry_run": False}
    assert master.called("billing_publish") == asked

    master.answers("billing_setup", {"inquiry": 8})
    master.answers("inquiry_show", {"state": "done", "answer": {"changes": []}})
    result = saasctl("billing", "setup")
    assert (result.out, result.code) == ("", 0)
    assert "has all of it" in result.err


def test_the_switch_is_turned_on_with_a_reason_and_off_again(saasctl, master):
    master.answers("freeze", True)
    master.answers("unfreeze", True)
    assert saasctl("freeze", "--reason", "moving a storage").code == 0
    assert saasctl("unfreeze").code == 0
    assert master.called("freeze") == {"reason": "moving a storage", "dry_run": False}
    assert master.called("unfreeze") == {"dry_run": False}


def test_operation_list_filters_and_says_how_to_see_more(saasctl, master, answers):
    found = {"count": 9, "records": answers["operations"][-1:]}
    master.answers("operation_list", found)
    filters = ("--instance", "acme", "--state", "done", "--limit", "1", "--offset", "3")
    result = saasctl("operation", "list", *filters)
    assert "provision" in result.out and "5 more: --offset 4" in result.err
    asked = {"ref": "acme", "state": "done", "limit": 1, "offset": 3}
    assert master.called("operation_list") == asked
    assert json.loads(saasctl("operation", "list", *filters, "--json").out) == found


@pytest.mark.parametrize(
    ("model", "listed", "offered"),
    [
        ("saas_instance.py", "STATUSES", instances.STATUSES),
        ("saas_operation.py", "STATES", operations.STATES),
    ],
)
def test_what_can_be_filtered_by_is_what_the_master_knows(model, listed, offered):
    source = (ROOT / "addons/saas_master/models" / model).read_text()
    [known] = [
        ast.literal_eval(node.value)
        for node in ast.parse(source).body
        if isinstance(node, ast.Assign) and node.targets[0].id == listed
    ]
    assert offered == tuple(value for value, _label in known)


def test_a_server_is_added_without_its_password_on_the_command_line(
    saasctl, master, tmp_path
):
    secret = tmp_path / "password"
    secret.write_text("pa ss\n")
    master.answers("server_add", {"id": 3, "name": "db2"})
    arguments = ("--region", "Local", "--host", "db2", "--login", "saas_admin")
    result = saasctl("server", "add", "db2", *arguments, "--password-file", str(secret))
    assert result.code == 0, result.err
    assert master.called("server_add") == {
        "name": "db2",
        "region": "Local",
        "host": "db2",
        "port": 5432,
        "admin_login": "saas_admin",
        "admin_password": "pa ss",
        "dry_run": False,
    }
    assert "pa ss" not in result.out + result.err


def test_a_cluster_is_added_with_its_keys_from_files(saasctl, creating, tmp_path):
    for name in ("key", "host"):
        (tmp_path / name).write_text(f"the {name}\n")
    creating.answers("cluster_add", {"id": 3, "name": "fra2", "inquiry": 5})
    creating.answers("inquiry_show", {"state": "done", "answer": {"nodes": {}}})
    result = saasctl(
        *("cluster", "add", "fra2", "--region", "fra", "--base-domain", "t2.test"),
        *("--proxy", "p2", "--address", "ssh://root@m1", "--cell", "cell1"),
        *("--private-key-file", str(tmp_path / "key")),
        *("--host-key-file", str(tmp_path / "host")),
    )
    assert result.code == 0, result.err
    assert creating.called("cluster_add") == {
        "name": "fra2",
        "region": "fra",
        "base_domain": "t2.test",
        "proxy": "p2",
        "address": "ssh://root@m1",
        "cell": "cell1",
        "private_key": "the key",
        "host_key": "the host",
        "dry_run": False,
    }
    assert creating.called("inquiry_show") == {"inquiry": 5}
    assert "the key" not in result.out + result.err


def test_a_storage_is_added_and_a_template_built(saasctl, creating):
    creating.answers("storage_add", {"id": 3, "name": "disk2", "inquiry": 5})
    creating.answers("inquiry_show", {"state": "done", "answer": {"free": 9}})
    arguments = ("--cluster", "Local", "--root", "/srv/disk2", "--max-tenants", "9")
    assert "disk2" in saasctl("storage", "add", "disk2", *arguments).out
    assert creating.called("storage_add")["max_tenants"] == 9
    far = ("--kind", "cephfs", "--address", "ssh://root@s1", "--tenant-root", "/mnt")
    assert saasctl("storage", "add", "disk2", *arguments, *far).code == 0
    told = creating.called("storage_add")
    assert (told["kind"], told["address"]) == ("cephfs", "ssh://root@s1")
    assert creating.called("inquiry_show") == {"inquiry": 5}
    refusal = {"state": "failed", "message": "/srv/disk2 is no storage."}
    creating.answers("inquiry_show", refusal)
    failed = saasctl("storage", "add", "disk2", *arguments)
    assert (failed.code, failed.out) == (1, "")
    assert "/srv/disk2 is no storage." in failed.err
    operation = {"id": 42, "kind": "build_template", "state": "pending"}
    creating.answers("template_build", {"operation": operation})
    result = saasctl("template", "build", "19.0", "--wait", "--json")
    assert result.code == 0 and json.loads(result.out)["steps"]
    assert creating.called("template_build") == {"version": "19.0", "dry_run": False}
    local = {"countries": "EU", "modules": "l10n_fr"}
    words = ("--countries", "EU", "--modules", "l10n_fr", "--dry-run")
    creating.answers("template_build", {"dry_run": True, "plan": ["Install"]})
    assert saasctl("template", "build", *words).code == 0
    assert creating.called("template_build") == {**local, "dry_run": True}


def test_a_template_is_removed_by_its_database(saasctl, creating):
    operation = {"id": 42, "kind": "remove_template", "state": "pending"}
    creating.answers("template_remove", {"operation": operation})
    result = saasctl("template", "remove", "odoo_template_1", "--wait", "--json")
    assert result.code == 0, result.err
    called = creating.called("template_remove")
    assert called == {"database": "odoo_template_1", "dry_run": False}
