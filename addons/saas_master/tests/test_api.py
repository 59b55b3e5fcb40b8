"""What the command line is answered."""

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

    def test_instances_come_in_parts_with_the_count_of_all(self):
        for status in ("paused", "paused", "stopped"):
            self.make_instance(status)
        answer = self.api.instance_list(status="paused", limit=1, offset=1)
        self.assertEqual((answer["count"], len(answer["records"])), (2, 1))
        self.assertEqual(answer["records"][0]["status"], "paused")
