"""What must have happened before each playbook, and how each of them begins."""

import uuid
from functools import partial

from killing import ACTIVE, end_of, killed_operation
from people import wait_until
from strangers import MASTER, role_of

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
    "mail": "running",
    "release_names": "running",
    "repair": "running",
    "repair_limits": "running",
    "repair_stop": "stopped",
    "repair_end": "terminated",
}
TEMPLATES = {"build_template", "remove_template"}
HARMFUL = {"stop", "suspend", "hand_over", "terminate", "discard"}
TAKES = 900  # seconds at most to install the modules of a template


class Scenes:
    """What an operation needs before it; each method returns the call that asks.

    :param Outages outages: what root can do to that platform
    """

    def __init__(self, platform, outages):
        self.platform, self.outages = platform, outages
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

    def mail(self):
        self.role.sql(
            MASTER,
            "UPDATE saas_instance SET mails_per_day = 7 WHERE uuid = %s",
            [self.make()["uuid"]],
        )
        return partial(self.platform.saasctl, "reconcile")

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
        self.outages.end_tenant(self.make())
        return partial(self.platform.saasctl, "reconcile")

    def repair_limits(self):
        name = self.make()["database"]
        self.role.sql("postgres", f'ALTER ROLE "{name}" CONNECTION LIMIT 5')
        return partial(self.platform.saasctl, "reconcile")

    def repair_stop(self):
        self.outages.start_tenant(self.make("stop"))
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

    def remove(self):
        """Remove all that it made, whatever became of it."""
        for made in self.made:
            name = self.platform.saasctl("instance", "show", made["uuid"])["subdomain"]
            self.platform.remove(name)
            self.platform.run_saasctl("instance", "discard", name, "--yes", "--wait")

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


def kill_and_look(scenes, kind):
    """Kill `jobs` in the middle of a playbook; it ends well all the same.

    :return: the instance as it is then
    """
    if kind in COMMANDS:
        begin, expected = partial(scenes.command, kind), COMMANDS[kind][-1]
    else:
        begin, expected = getattr(scenes, kind), OTHERS[kind]
    operation = killed_operation(scenes.platform, kind, begin)
    ended = end_of(scenes.platform, operation)
    assert ended["state"] == "done", ended["message"]
    shown = check_settled(scenes.platform, scenes.made[-1], expected)
    check_plan(scenes, shown, "professional" if kind == "change_plan" else "starter")
    return shown


def check_plan(scenes, instance, code):
    """See that an instance has a plan, and runs with what that allows.

    The reconciliation has found no other limit that differs.
    """
    assert instance["plan"] == code
    plans = scenes.platform.saasctl("plan", "list")
    [memory] = [plan["memory_mb"] for plan in plans if plan["code"] == code]
    if instance["status"] == "running":
        assert scenes.outages.memory_of(instance) == memory * 1024**2


def check_settled(platform, instance, expected):
    """Wait until nothing is under way, and see that nothing drifted.

    :return: the instance
    """
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
    return shown


def kill_templates(scenes):
    """Kill `jobs` while a template is built, and while one is removed."""
    platform = scenes.platform

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
