"""What carries our mark and belongs to nobody is told once, and never touched."""

from odoo.tests import tagged

from odoo.addons.saas_infra.drivers.errors import RetryableInfraError

from .reconcile_common import STRANGER, ReconcileCase


@tagged("post_install", "-at_install")
class TestReconcileOrphans(ReconcileCase):
    def test_an_orphan_is_reported_and_left(self):
        parts = ("services", "secrets", "databases", "directories", "routes", "roles")
        for part in parts:
            self.plant(part, f"odoo_{part}")
            self.plant(part, "odoo_foreign", platform=STRANGER)
        report = self.reconcile()
        self.assertEqual(report["orphans"], sorted(f"odoo_{part}" for part in parts))
        self.assertFalse(report["repaired"] + report["lost"])
        for part in parts:
            self.assertIn(f"odoo_{part}", self.outside.read(part))

    def test_orphans_ring_once_until_others_come(self):
        self.plant("databases", "odoo_first")
        self.reconcile(dry_run=True)
        self.assertFalse(self.mails)
        for _ in range(2):
            self.reconcile()
            self.quieten()
        [(subject, told)] = self.mails
        self.assertEqual(subject, "Orphans were found")
        self.assertIn("No record knows odoo_first.", told)
        self.plant("roles", "odoo_second")
        self.reconcile()
        self.assertEqual(len(self.mails), 2)
        self.assertIn("odoo_first, odoo_second", self.mails[-1][1])

    def test_orphans_that_could_not_be_seen_for_once_do_not_ring_again(self):
        self.plant("databases", "odoo_hidden")
        self.reconcile()
        self.fail_next("process.list_services", RetryableInfraError("Refused."))
        self.assertFalse(self.reconcile()["orphans"])
        self.quieten()
        self.mails.clear()
        self.assertEqual(self.reconcile()["orphans"], ["odoo_hidden"])
        self.assertFalse(self.mails)

    def test_what_was_purged_after_the_look_is_no_orphan(self):
        instance = self.make_instance()
        since = self.operation(self.instance(instance, "last_operation_id"), "ended_at")
        with self.open_env() as env:
            env["saas.instance"].browse(instance)._write_guarded({"active": False})
            reality = env["saas.reconcile"]._look(self.fleet(env, "cluster"))
            found = env["saas.reconcile"]._find_orphans(reality, since)
        self.assertEqual(found, [])
