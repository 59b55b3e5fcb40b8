"""The jobs service is killed in the middle of each playbook, on real drivers."""

import ast
import uuid
from functools import partial

import pytest
from conftest import wait_until
from killing import ACTIVE, end_of, killed_operation
from outages import Outages
from people import CHECKOUT
from strangers import MASTER, Tenant, role_of

pytestmark = pytest.mark.slow

# Kind: arguments of its command, what must have happened before, the status afterwards.
COMMANDS = {
    "start": ((), ("stop",), "running"),
    "stop": ((), (), "stopped"),
    "restart": ((), (), "running"),
    "suspend": ((), (), "paused"),
    "resume": ((), ("suspend",), "running"),
    "change_plan": (("--plan", "professional"), (), "running"),
    "rename": (("--subdomain", "{name}b"), (), "running"),
    "hand_over": (("--customer", "K", "--email", "k@k.test"), (), "running"),
    "terminate": ((), (), "terminated"),
    "reactivate": ((), ("terminate",), "running"),
    "purge": (
        ("--confirm", "{name}", "--reason", "test"),
        ("terminate",),
        "terminated",
    ),
}
# What begins in another way, by a method of `Scenes`: the status afterwards.
OTHERS = {
    "provision": "running",
    "discard": "terminated",
    "block": "paused",
    "release_names": "running",
    "repair": "running",
    "repair_stop": "stopped",
    "repair_end": "terminated",
}
TEMPLATES = {"build_template", "remove_template"}
HARMFUL = {"stop", "suspend", "hand_over", "terminate", "discard"}
TAKES = 900  # seconds at most to install the modules of a template


class Scenes:
    """What an operation needs before it; each method returns the call that asks."""

    def __init__(self, platform):
        self.platform, self.outages = platform, Outages(platform)
        self.role = role_of(platform, "postgres")
        self.made = []

    def command(self, kind):
        arguments, before, _status = COMMANDS[kind]
        instance = self.make(*before)
        filled = [word.format(name=instance["subdomain"]) for word in arguments]
        return partial(self.ask, kind, instance, *filled)

    def provision(self):
        return self.create

    def discard(self):
        with self.outages.broken_routes():
            created = self.create()
            assert self.end(created)["state"] == "failed"
        return partial(self.ask, "discard", created)

    def block(self):
        instance = self.make()

        def suspend_meanwhile():
            self.ask("restart", instance)
            self.ask("suspend", instance)

        return suspend_meanwhile

    def release_names(self):
        instance = self.make()
        old = instance["subdomain"]
        self.end(self.ask("rename", instance, "--subdomain", f"{old}b"))
        self.role.sql(
            MASTER,
            """UPDATE saas_subdomain
                  SET redirect_until = now() AT TIME ZONE 'UTC' - interval '1 day'
                WHERE name = %s""",
            [old],
        )
        return partial(self.run_soon, "cron_release_redirects")

    def repair(self):
        self.outages.tell_supervisor("stopProcessGroup", self.service_of(self.make()))
        return partial(self.platform.saasctl, "reconcile")

    def repair_stop(self):
        service = self.service_of(self.make("stop"))
        self.outages.tell_supervisor("startProcessGroup", service)
        return partial(self.platform.saasctl, "reconcile")

    def repair_end(self):
        instance = self.make()
        self.role.sql(
            MASTER,
            """UPDATE saas_instance
                  SET status = 'terminated', desired_status = 'terminated'
                WHERE uuid = %s""",
            [instance["uuid"]],
        )
        return partial(self.platform.saasctl, "reconcile")

    # === HELPERS === #

    def make(self, *before):
        """Make a running instance, and do what comes before."""
        self.made.append(self.platform.create())
        for kind in before:
            assert self.end(self.ask(kind, self.made[-1]))["state"] == "done"
        return self.made[-1]

    def create(self):
        """Ask for an instance without waiting for it."""
        name = f"k{uuid.uuid4().hex[:10]}"
        created = self.platform.saasctl(
            "instance", "create", "--plan", "starter", "--subdomain", name,
            "--customer", name, "--email", f"o@{name}.test",
        )  # fmt: skip
        self.made.append(created)
        return created

    def ask(self, kind, instance, *arguments):
        verb, agreed = kind.replace("_", "-"), ["--yes"] if kind in HARMFUL else []
        return self.platform.saasctl(
            "instance", verb, instance["uuid"], *arguments, *agreed
        )

    def end(self, asked):
        return end_of(self.platform, asked["operation"]["id"])

    def service_of(self, instance):
        return Tenant(self.platform, instance).service

    def run_soon(self, action):
        """Have a scheduled action run now, or when its service next looks."""
        self.role.sql(
            MASTER,
            """UPDATE ir_cron
                  SET nextcall = now() AT TIME ZONE 'UTC' - interval '1 minute'
                WHERE id = (SELECT res_id FROM ir_model_data
                             WHERE module = 'saas_master' AND name = %s)""",
            [action],
        )
        self.role.sql("postgres", "SELECT pg_notify('cron_trigger', %s)", [MASTER])


@pytest.fixture
def scenes(platform):
    """Scenes whose instances are removed in the end, whatever became of them."""
    scenes = Scenes(platform)
    yield scenes
    for made in scenes.made:
        name = platform.saasctl("instance", "show", made["uuid"])["subdomain"]
        platform.remove(name)
        platform.run_saasctl("instance", "discard", name, "--yes", "--wait")


def check_settled(platform, instance, expected):
    """Wait until nothing is under way, and see that nothing drifted."""
    ref = instance["uuid"]

    def settled():
        shown = platform.saasctl("instance", "show", ref)
        active = shown["operation"]["state"] in ACTIVE
        return shown if shown["status"] == expected and not active else None

    shown = wait_until(settled, seconds=420)
    report = platform.saasctl("reconcile", "--dry-run")["answer"]
    mine = [
        text
        for part in ("repaired", "lost")
        for text in report.get(part, [])
        if shown["subdomain"] in text
    ]
    assert not mine
    assert not [name for name in report["orphans"] if name in str(shown)]


def test_each_playbook_is_killed():
    path = CHECKOUT / "addons/saas_master/operations/playbooks.py"
    [playbooks] = [
        node.value
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.Assign) and node.targets[0].id == "PLAYBOOKS"
    ]
    kinds = {key.value for key in playbooks.keys}
    assert {*COMMANDS, *OTHERS, *TEMPLATES} == kinds


@pytest.mark.parametrize("kind", [*COMMANDS, *OTHERS])
def test_a_playbook_survives_a_kill(platform, scenes, visitor, kind):
    if kind in COMMANDS:
        begin, expected = partial(scenes.command, kind), COMMANDS[kind][-1]
    else:
        begin, expected = getattr(scenes, kind), OTHERS[kind]
    operation = killed_operation(platform, kind, begin)
    ended = end_of(platform, operation)
    assert ended["state"] == "done", ended["message"]
    check_settled(platform, scenes.made[-1], expected)
    if expected == "running":
        shown = platform.saasctl("instance", "show", scenes.made[-1]["uuid"])
        assert visitor.get(f"{shown['url']}/web/login").status_code == 200


def test_templates_survive_a_kill(platform, scenes):
    def build():
        return platform.saasctl("template", "build")

    def databases(state):
        listed = platform.saasctl("template", "list")
        return {one["database"] for one in listed if one["state"] == state}

    def have_one_over():
        if not databases("retired"):
            built = end_of(platform, build()["operation"]["id"], TAKES)
            assert built["state"] == "done", built["message"]
        [over, *_others] = databases("retired")
        # Not sure to be accepted: the scheduled action may have been first.
        return partial(platform.run_saasctl, "template", "remove", over)

    before = databases("ready")
    operation = killed_operation(platform, "build_template", lambda: build)
    ended = end_of(platform, operation, TAKES)
    assert ended["state"] == "done", ended["message"]
    [ready] = databases("ready")
    assert ready not in before
    operation = killed_operation(platform, "remove_template", have_one_over)
    ended = end_of(platform, operation)
    assert ended["state"] == "done", ended["message"]
    assert databases("removed")
    assert scenes.make()["status"] == "running"
