"""A smaller plan whose day came, and that holds less than is in use by then."""

from dataclasses import replace
from unittest.mock import patch

from odoo.tests import tagged

from odoo.addons.saas_master.models.saas_alarm import SaasAlarm

from ..killbill.errors import Refused
from .common import KillbillCommon


@tagged("post_install", "-at_install")
class TestDowngrade(KillbillCommon):
    def setUp(self):
        super().setUp()
        self.server.bills_new = True
        self.rung = []
        self.startPatcher(
            patch.object(
                SaasAlarm, "_ring", lambda _, *told, **__: self.rung.append(told[0])
            )
        )
        self.smaller = self.plan.copy(
            {"code": "smaller", "name": "Smaller", "storage_gb": 4}
        )
        self.set_price(self.smaller, monthly=5.0)
        self.subscription = self.request_instance().subscription_id
        self.instance = self.subscription.instance_id
        self.converge()

    def converge(self):
        self.subscription.killbill_account_id._job_converge()

    def be_billed_for(self, plan):
        found, key = self.killbill.accounts.found, self.subscription.killbill_key
        found[key] = replace(found[key], plan=f"{plan.code}-monthly")
        self.converge()

    def get_orders(self):
        orders = self.subscription.killbill_order_ids.sorted("id")
        return [one.plan for one in orders if one.kind == "change_plan"]

    def test_the_larger_plan_is_ordered_again_and_staff_are_told(self):
        self.instance._write_guarded({"files_gb": 4.2})
        self.be_billed_for(self.smaller)
        self.assertEqual(self.subscription.plan_id, self.plan)
        self.assertEqual(self.get_orders(), ["starter-monthly"])
        self.assertEqual(self.rung, ["downgrade_refused"])
        self.be_billed_for(self.plan)
        self.assertEqual(self.get_orders(), ["starter-monthly"])

    def test_a_plan_that_fits_is_followed(self):
        self.instance._write_guarded({"files_gb": 3.9})
        self.be_billed_for(self.smaller)
        self.assertEqual(self.subscription.plan_id, self.smaller)
        self.assertEqual((self.get_orders(), self.rung), ([], []))

    def test_what_turns_out_to_be_used_later_counts_too(self):
        self.be_billed_for(self.smaller)
        self.assertEqual(self.subscription.plan_id, self.smaller)
        self.instance._write_guarded({"files_gb": 4.2})
        self.be_billed_for(self.smaller)
        self.assertEqual(self.subscription.plan_id, self.plan)
        self.assertEqual(self.get_orders(), ["starter-monthly"])

    def test_what_kill_bill_refuses_is_ordered_once(self):
        self.killbill.accounts.refused["change_plan"] = Refused("Not now.")
        self.instance._write_guarded({"files_gb": 4.2})
        for _ in range(3):
            self.be_billed_for(self.smaller)
        self.assertEqual(self.get_orders(), ["starter-monthly"])
        self.assertEqual(self.rung, ["downgrade_refused", "killbill_refused"])
        self.assertEqual(self.subscription.plan_id, self.smaller)
