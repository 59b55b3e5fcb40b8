"""What the command line is answered."""

from odoo.exceptions import UserError
from odoo.tests import tagged

from .access_common import AccessCase


@tagged("post_install", "-at_install")
class TestApi(AccessCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.api = cls.env["saas.api"].with_user(cls.users["manager"])

    def test_operations_come_in_parts_with_the_count_of_all(self):
        other = self.make_instance("running", operation="failed")
        for _ in range(2):
            other._request("restart")._write_guarded({"state": "done"})
        ref, asked = other.subdomain, other.operation_ids.ids
        first = self.api.operation_list(ref=ref, limit=2)
        rest = self.api.operation_list(ref=ref, limit=2, offset=2)
        self.assertEqual((first["count"], rest["count"]), (3, 3))
        listed = [one["id"] for one in first["records"] + rest["records"]]
        self.assertEqual(listed, sorted(asked, reverse=True))
        failed = self.api.operation_list(ref=ref, state="failed")
        self.assertEqual([one["kind"] for one in failed["records"]], ["provision"])

    def suspend_during(self, kind, **values):
        """Suspend an instance while an operation of another kind runs."""
        instance = self.make_instance("running", **values)
        if kind != "provision":
            instance._request(kind)
        self.assertEqual(instance._get_active_operation().kind, kind)
        return self.api.instance_suspend(ref=instance.uuid, reason="Unpaid.")

    def test_a_suspension_during_creation_says_what_it_waits_for(self):
        answer = self.suspend_during("provision", operation="queued", ready_at=False)
        self.assertIsNone(answer["operation"])
        self.assertEqual(answer["waits_for"]["kind"], "provision")
        instance = self.env["saas.instance"].browse(answer["instance"]["id"])
        self.assertEqual(instance.desired_status, "paused")
        domain = [("instance_id", "=", instance.id), ("kind", "=", "suspend_wanted")]
        self.assertEqual(self.env["saas.event"].search(domain).reason, "Unpaid.")

    def test_a_suspension_of_what_runs_blocks_at_once_and_waits_for_the_rest(self):
        answer = self.suspend_during("restart")
        self.assertEqual(answer["operation"]["kind"], "block")
        self.assertEqual(answer["waits_for"]["kind"], "restart")

    def test_what_begins_at_once_waits_for_nothing(self):
        answer = self.api.instance_suspend(ref=self.instance.uuid)
        self.assertEqual(answer["operation"]["kind"], "suspend")
        self.assertIsNone(answer["waits_for"])

    def test_what_ends_is_not_suspended(self):
        with self.assertRaisesRegex(UserError, "refused while Terminate"):
            self.suspend_during("terminate")

    def test_instances_come_in_parts_with_the_count_of_all(self):
        for status in ("paused", "paused", "stopped"):
            self.make_instance(status)
        answer = self.api.instance_list(status="paused", limit=1, offset=1)
        self.assertEqual((answer["count"], len(answer["records"])), (2, 1))
        self.assertEqual(answer["records"][0]["status"], "paused")
