"""A dry run: what would be done or why not, and nothing of it stays."""

from odoo import fields
from odoo.exceptions import MissingError, UserError
from odoo.tests import tagged

from .access_common import AccessCase, Undo

WRITTEN = (
    "saas.instance",
    "saas.operation",
    "saas.operation.step",
    "saas.event",
    "saas.subdomain",
    "saas.subscription",
    "saas.template",
    "saas.database.server",
    "saas.storage",
    "queue.job",
    "mail.mail",
    "mail.message",
    "res.partner",
    "ir.config_parameter",
)
SHOWN = ("subdomain", "status", "desired_status", "plan_id", "partner_id", "email")


@tagged("post_install", "-at_install")
class TestDryRun(AccessCase):
    def api(self, group="manager"):
        return self.env["saas.api"].with_user(self.users[group])

    def get_traces(self):
        """Return what a change would leave."""
        self.env.flush_all()
        self.env.invalidate_all()
        instances = self.env["saas.instance"].search([])
        return (
            {
                model: self.env[model].with_context(active_test=False).search([]).ids
                for model in WRITTEN
            },
            instances.read(SHOWN),
            self.env["saas.operation"].search([]).mapped("state"),
        )

    def check_accepted(self, method, group="manager", **arguments):
        """Try something that would be done.

        :return: what would be done
        """
        before = self.get_traces()
        answer = getattr(self.api(group), method)(dry_run=True, **arguments)
        self.assertTrue(answer["dry_run"])
        self.assertEqual(self.get_traces(), before)
        return answer["plan"]

    def check_refused(self, words, method, group="manager", **arguments):
        """Compare what a dry run and the call itself are told."""
        said = [
            self.get_refusal(method, group, {**arguments, "dry_run": dry_run})
            for dry_run in (True, False)
        ]
        self.assertEqual(said[0], said[1])
        self.assertIn(words, said[0][1])

    def get_refusal(self, method, group, arguments):
        try:
            with self.env.cr.savepoint():
                getattr(self.api(group), method)(**arguments)
                raise Undo
        except (MissingError, UserError) as refusal:
            return type(refusal), str(refusal)
        except Undo:
            return None, ""

    # === WHAT WOULD BE DONE === #

    def test_a_creation_leaves_nothing(self):
        plan = self.check_accepted("instance_create", **self.get_order())
        self.assertEqual(plan[0], "Find a place")

    def test_changes_leave_nothing(self):
        other = self.fleet.plan.copy({"code": "other", "name": "Other"})
        for method, status, more in (
            ("stop", "running", {}),
            ("suspend", "running", {}),
            ("change_plan", "running", {"plan": other.code}),
            ("rename", "running", {"subdomain": "elsewhere"}),
            ("hand_over", "running", {"customer": "Next", "email": "n@x.test"}),
            ("reactivate", "terminated", {}),
        ):
            with self.subTest(method=method):
                ref = self.make_instance(status).subdomain
                self.check_accepted(f"instance_{method}", ref=ref, **more)

    def test_a_retry_tells_what_is_left(self):
        instance = self.make_instance("error", operation="failed")
        steps = instance.last_operation_id.step_ids
        steps[:-2]._write_guarded({"state": "done"})
        plan = self.check_accepted("instance_retry", ref=instance.subdomain)
        self.assertEqual(plan, steps[-2:].mapped("label"))

    def test_a_suspension_beside_an_operation_tells_that_it_blocks(self):
        ref = self.make_instance("running", operation="running").subdomain
        answer = self.api().instance_suspend(ref=ref, dry_run=True)
        self.assertEqual(answer["kind"], "block")

    def test_additions_and_the_switch_leave_nothing(self):
        for method, arguments in (
            ("server_add", self.get_server()),
            ("storage_add", self.get_storage()),
            ("freeze", {"reason": "Drill"}),
            ("unfreeze", {}),
        ):
            with self.subTest(method=method):
                self.assertTrue(self.check_accepted(method, "operator", **arguments))
        self.env["saas.operation"]._freeze("Drill")
        self.check_accepted("unfreeze", "operator")
        self.assertTrue(self.env["saas.operation"]._is_frozen())

    # === WHY NOT === #

    def get_order(self, **values):
        return {
            "plan": self.fleet.plan.code,
            "subdomain": "ordered",
            "customer": "Orderer",
            "email": "o@x.test",
            "region": self.fleet.region.code,
            **values,
        }

    def get_server(self, **values):
        return {
            "name": "db9",
            "region": self.fleet.region.code,
            "host": "db9.test",
            "port": 5432,
            "admin_login": "admin",
            "admin_password": "secret",
            **values,
        }

    def get_storage(self, **values):
        return {
            "name": "disk9",
            "cluster": self.fleet.cluster.name,
            "root": "/disk9",
            **values,
        }

    def test_a_creation_that_is_refused(self):
        api = self.api()
        api.instance_create(**self.get_order(subdomain="had-one", email="h@x.test"))
        for words, values in (
            ("taken", {"subdomain": self.instance.subdomain}),
            ("reserved", {"subdomain": "www"}),
            ("no e-mail address", {"email": "nobody"}),
            ("had a trial", {"email": "h@x.test"}),
            ("country", {"country": "QQ"}),
            ("no plan", {"plan": "nothing"}),
        ):
            with self.subTest(words=words):
                order = self.get_order(**values)
                self.check_refused(words, "instance_create", **order)

    def test_changes_that_are_refused(self):
        busy = self.make_instance("running", operation="running").subdomain
        # Until when its data is kept is the same in both answers, a second later too.
        ended = fields.Datetime.now()
        gone = self.make_instance("terminated", terminated_at=ended).subdomain
        ref, days = self.instance.subdomain, "saas_master.retention_days"
        named = {"ref": ref, "confirm": ref, "reason": "x"}
        for words, method, arguments in (
            ("not possible now", "start", {"ref": ref}),
            ("refused while", "stop", {"ref": busy}),
            ("already", "change_plan", {"ref": ref, "plan": self.fleet.plan.code}),
            ("taken", "rename", {"ref": ref, "subdomain": busy}),
            ("e-mail", "hand_over", {"ref": ref, "customer": "N", "email": "n"}),
            ("Type the name", "purge", {"ref": gone, "confirm": "x", "reason": "x"}),
            ("needs a reason", "purge", {"ref": gone, "confirm": gone}),
            ("terminate it first", "purge", named),
            ("there is no retry", "retry", {"ref": ref}),
            ("was ready once", "discard", {"ref": ref}),
            ("There is no instance", "stop", {"ref": "nobody-here"}),
        ):
            with self.subTest(words=words, method=method):
                self.check_refused(words, f"instance_{method}", **arguments)
        self.env["ir.config_parameter"].set_param(days, "30")
        self.check_refused(
            "is kept until", "instance_purge", ref=gone, confirm=gone, reason="x"
        )

    def test_nothing_is_promised_while_frozen(self):
        self.env["saas.operation"]._freeze("Drill.")
        ref = self.instance.subdomain
        for method in ("restart", "stop", "suspend", "terminate"):
            with self.subTest(method=method):
                self.check_refused("frozen", f"instance_{method}", ref=ref)

    def test_infrastructure_that_is_refused(self):
        fleet = self.fleet
        self.env["saas.template"]._build(
            fleet.version, fleet.cluster, fleet.server, fleet.storage
        )
        build = {
            "version": fleet.version.name,
            "cluster": fleet.cluster.name,
            "server": fleet.server.name,
        }
        for words, method, arguments in (
            ("no region", "server_add", self.get_server(region="nowhere")),
            ("There is no", "storage_add", self.get_storage(cluster="nowhere")),
            ("needs a reason", "freeze", {"reason": " "}),
            ("being built", "template_build", build),
            ("retired", "template_remove", {"database": fleet.template.database}),
        ):
            with self.subTest(method=method):
                self.check_refused(words, method, "operator", **arguments)
