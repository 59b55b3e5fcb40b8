"""A worker dies in every step of every playbook; the next one leaves no trace of it."""

import os
from uuid import uuid4

import odoo.sql_db
from odoo.tests import get_db_name, tagged

from ..operations.playbooks import PLAYBOOKS
from .committed import CommittedCase
from .dying import DIED, MOMENTS, deadly

# What must have happened for a playbook to be asked for.
BEFORE = {
    "provision": (),
    "start": ("provision", "stop"),
    "resume": ("provision", "suspend"),
    "reactivate": ("provision", "terminate"),
    "purge": ("provision", "terminate"),
    "repair_stop": ("provision", "stop"),
    "release_names": ("provision", "rename"),
    "repair_end": ("provision", "terminate"),
}
GONE = {
    "discard",
    "purge",
    ("terminate", "services"),
    ("repair_end", "services"),
    ("terminate", "secrets"),
    ("repair_end", "secrets"),
    ("terminate", "logins"),
    ("repair_end", "logins"),
}
PARTS = (
    "roles",
    "databases",
    "directories",
    "services",
    "secrets",
    "routes",
    "logins",
)
LARGER = {
    "name": "Larger",
    "code": "matrix-larger",
    "cpu_cores": 2,
    "memory_mb": 2048,
    "storage_gb": 20,
    "mails_per_day": 300,
}


@tagged("post_install", "-at_install", "saas_kill_matrix")
class TestKillMatrix(CommittedCase):
    cells = (1000,)  # On a swarm each limit of a plan is one outside.

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        with cls.open_env() as env:
            larger = env["saas.plan"].create(LARGER)
            cls.ids["larger"] = larger.id

    def test_a_dead_worker_leaves_no_trace(self):
        for kind, playbook in PLAYBOOKS.items():
            for step in playbook.steps:
                for moment in MOMENTS:
                    with self.subTest(kind=kind, step=step, moment=moment):
                        self.kill_and_recover(kind, step, moment)

    # === ONE CASE === #

    def kill_and_recover(self, kind, step, moment):
        # Each case finds the same small world: they would slow each other down.
        blank, ids = self.outside.world.read_text(), self.get_last_ids()
        operation = self.prepare(kind)
        self.die_in(operation, step, moment)
        self.work(operation)
        with self.open_env() as env:
            self.check(env["saas.operation"].browse(operation))
        self.forget(ids)
        self.outside.world.write_text(blank)

    def prepare(self, kind):
        """Bring an instance to where the playbook may be asked for, and ask.

        :return: the id of the operation
        """
        if kind == "build_template":
            return self.ask_for_template()
        if kind == "remove_template":
            return self.ask_for_removal()
        instance, operation = self.create_instance()
        for before in BEFORE.get(kind, ("provision",)):
            if before != "provision":
                operation = self.ask_for(instance, before)
            self.work(operation)
        if kind == "provision":
            return operation
        return self.ask_for(instance, kind)

    def ask_for(self, instance_id, kind):
        with self.open_env() as env:
            instance = env["saas.instance"].browse(instance_id)
            if kind == "discard":  # Only a creation that failed can be taken back.
                instance._write_guarded(
                    {
                        "status": "error",
                        "provisioning_status": "provisioning",
                        "ready_at": False,
                    }
                )
            if kind == "rename":
                return instance._rename(f"r{uuid4().hex[:10]}").id
            if kind == "change_plan":
                plan = env["saas.plan"].browse(self.ids["larger"])
                return instance._change_plan(plan).id
            if kind == "release_names":
                old = instance.subdomain_ids.filtered("redirect_until")
                old._write_guarded({"redirect_until": instance._saas_now()})
                return instance._request(kind, names=old.ids).id
            if kind == "hand_over":
                partner = env["res.partner"].create({"name": "New owner"})
                return instance._hand_over(partner, "new@owner.test").id
            return instance._request(kind).id

    def ask_for_template(self):
        with self.open_env() as env:
            return (
                env["saas.template"]
                ._build(
                    env["saas.odoo.version"].browse(self.ids["version"]),
                    env["saas.cluster"].browse(self.ids["cluster"]),
                    env["saas.database.server"].browse(self.ids["server"]),
                    env["saas.storage"].browse(self.ids["storage"]),
                )
                .id
            )

    def ask_for_removal(self):
        build = self.ask_for_template()
        self.work(build)
        with self.open_env() as env:
            template = env["saas.operation"].browse(build).template_id
            template._write_guarded({"state": "retired"})
            env.flush_all()
            # The fleet's own was replaced by it.
            fleet = env["saas.template"].browse(self.ids["template"])
            fleet._write_guarded({"state": "ready"})
            return template._remove().id

    # === DYING === #

    def die_in(self, operation, step, moment):
        child = os.fork()
        if not child:
            try:
                self.work_until_death(operation, step, moment)
            finally:
                os._exit(1)
        _, status = os.waitpid(child, 0)
        self.assertEqual(os.waitstatus_to_exitcode(status), DIED)

    def work_until_death(self, operation, step, moment):
        # The parent's connections are not ours: they would be closed for it too.
        odoo.sql_db._Pool = odoo.sql_db._Pool_readonly = None
        self.registry._db = odoo.sql_db.db_connect(get_db_name())
        self.registry._db_readonly = self.registry._db
        with deadly(step, moment), self.open_env() as env:
            records = env["saas.operation"].browse(operation)
            for _ in range(10):  # Detached work is looked at more than once.
                records._job_run()

    # === CHECKING === #

    def check(self, operation):
        playbook = operation._get_playbook()
        self.assertEqual(set(operation.step_ids.mapped("state")), {"done"})
        if operation.template_id:
            self.check_template(operation)
            return
        instance = operation.instance_id.with_context(active_test=False)
        if playbook.after:
            self.assertEqual(instance.status, playbook.after)
        outside = {}
        for part in PARTS:
            gone = operation.kind in GONE or (operation.kind, part) in GONE
            outside[part] = [
                found
                for found in self.outside.read(part).values()
                if found["mark"].endswith(instance.uuid)
            ]
            self.assertEqual(len(outside[part]), 0 if gone else 1, part)
        self.assertEqual(instance.active, operation.kind not in GONE)
        self.assertFalse(operation.runner)
        self.check_plan(operation.kind, instance, outside)
        self.check_names(operation.kind, instance)
        self.check_told(operation.kind, instance)
        self.check_nothing_drifted(instance)

    def check_plan(self, kind, instance, outside):
        """What is sold, reserved and allowed outside is one plan's."""
        wanted = self.ids["larger" if kind == "change_plan" else "plan"]
        plan = instance.plan_id
        self.assertEqual((plan.id, instance.subscription_id.plan_id), (wanted, plan))
        for name, limit in plan._get_limits().items():
            self.assertEqual(instance[name], limit, name)
        has_workers = plan.code == LARGER["code"]
        socket = f"{instance.service}:8072" if has_workers else ""
        for part, name, limit in (
            ("services", "cpu", plan.cpu_cores),
            ("services", "memory", plan.memory_mb * 1024**2),
            ("directories", "quota", plan.storage_gb * 1000**3),
            ("roles", "connection_limit", 38 if has_workers else 18),
            ("logins", "daily_limit", plan.mails_per_day),
            ("routes", "websocket", socket),
        ):
            for found in outside[part]:
                self.assertEqual(found[name], limit, f"{part}: {name}")

    def check_names(self, kind, instance):
        """An old name leads to the instance until it is released, then nowhere."""
        old = instance.subdomain_ids.filtered("redirect_until").mapped("name")
        self.assertEqual(len(old), kind == "rename")
        hostname = instance.cluster_id._get_hostname
        redirects = [
            name
            for route in self.outside.read("routes").values()
            if route["mark"].endswith(instance.uuid)
            for name in route["redirects"]
        ]
        self.assertEqual(redirects, [hostname(name) for name in old])

    def check_told(self, kind, instance):
        """The tenant knows its address and its administrator as they are now."""
        told = {}
        for command in self.outside.read("tenants")[instance.uuid]:
            if command["name"] == "setup":
                told |= command["values"]
        # Without a new name it knows its address since before it was started.
        new_url = instance.url if "rename" in (kind, *BEFORE.get(kind, ())) else None
        self.assertEqual(told.get("base_url"), new_url)
        self.assertEqual(told["email"], instance.email)
        self.assertEqual(told["name"], instance.partner_id.name)

    def check_template(self, operation):
        template, gone = operation.template_id, operation.kind == "remove_template"
        self.assertEqual(template.state, "removed" if gone else "ready")
        self.assertFalse(self.outside.read("tasks"))
        self.assertFalse(self.outside.read("secrets"))
        for part in ("roles", "databases", "directories"):
            ours = [
                found
                for found in self.outside.read(part).values()
                if found["mark"].endswith(template.uuid)
            ]
            self.assertEqual(len(ours), 0 if gone else 1, part)

    def check_nothing_drifted(self, instance):
        report = instance.env["saas.reconcile"]._reconcile(dry_run=True)
        mine = [
            text
            for part in ("repaired", "lost", "alarms")
            for text in report[part]
            if instance.subdomain in text or part == "alarms"
        ]
        self.assertFalse(mine)
        self.assertFalse(
            [name for name in report["orphans"] if name == instance.service]
        )
