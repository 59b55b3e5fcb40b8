"""Odoo's plans are what Kill Bill has, once they were published."""

from datetime import timedelta

from odoo.exceptions import UserError
from odoo.tests import tagged

from ..killbill import catalog
from .common import KillbillCommon


@tagged("post_install", "-at_install")
class TestPublish(KillbillCommon):
    def setUp(self):
        super().setUp()
        self.currency = self.env.company.currency_id.name

    def get_published(self):
        return {
            plan.name: plan
            for plan in catalog.parse(self.killbill.tenants.catalog()).plans
        }

    def publish(self, **values):
        return [
            change
            for change in self.server._publish(**values)
            if not change.startswith("overdue")
        ]

    def test_plans_with_a_price_are_published_once(self):
        self.assertEqual(
            self.publish(), ["starter-annual: new", "starter-monthly: new"]
        )
        plan = self.get_published()["starter-monthly"]
        self.assertEqual(plan.trial_days, self.plan.trial_days)
        self.assertEqual(
            {name: str(price) for name, price in plan.prices.items()},
            {self.currency: "10.00"},
        )
        self.assertTrue(self.server.published_at)
        self.assertEqual(self.publish(), [])
        self.assertEqual(len(self.killbill.uploads), 1)

    def test_what_publishing_would_change_is_shown_and_not_done(self):
        self.assertIn("starter-monthly: new", self.server._compare())
        self.assertFalse(self.killbill.uploads)
        self.publish()
        self.assertEqual(self.server._compare(), [])

    def test_a_new_price_is_for_new_subscriptions_unless_a_date_is_given(self):
        self.publish()
        monthly, annual = self.plan.price_ids.sorted("amount")
        monthly.amount = 12.5
        change = f"starter-monthly: 10.00 → 12.50 {self.currency}"
        self.assertEqual(self.publish(), [change])
        self.assertFalse(monthly.prices_from)

        later = self.server._saas_now().replace(microsecond=0) + timedelta(days=30)
        monthly.amount = 15.0
        [_, told] = self.publish(prices_from=later)
        self.assertRegex(told, "starter-monthly: existing subscriptions pay this from")
        self.assertEqual(monthly.prices_from, later)
        self.assertFalse(annual.prices_from)
        annual.amount = 150.0
        self.publish()
        self.assertEqual(monthly.prices_from, later)

    def test_a_plan_that_is_sold_no_more_goes_on_for_who_has_it(self):
        other = self.plan.copy({"code": "other", "name": "Other"})
        self.set_price(other, monthly=20.0)
        self.publish()
        other.active = False
        self.assertEqual(self.publish(), ["other-monthly: no longer sold"])
        other.unlink()
        self.set_price(monthly=10.0)
        self.assertEqual(self.publish(), ["starter-annual: no longer sold"])
        self.assertEqual(
            {name for name, plan in self.get_published().items() if not plan.on_sale},
            {"other-monthly", "starter-annual"},
        )

    def test_prices_of_another_company_are_not_published(self):
        company = self.env["res.company"].create({"name": "Elsewhere"})
        self.env["saas.plan.price"].create(
            {
                "plan_id": self.plan.id,
                "company_id": company.id,
                "currency_id": self.env.ref("base.CHF").id,
                "amount": 99.0,
            }
        )
        self.publish()
        self.assertEqual(
            set(self.get_published()["starter-monthly"].prices), {self.currency}
        )

    def test_what_kill_bill_would_refuse_is_told_before(self):
        self.publish()
        for values, words in (
            ({"trial_days": 0}, "make another plan"),
            ({"code": "no name"}, "no name that Kill Bill takes"),
        ):
            with self.subTest(values=values), self.env.cr.savepoint() as savepoint:
                self.plan.write(values)
                with self.assertRaisesRegex(UserError, words):
                    self.server._compare()
                with self.assertRaisesRegex(UserError, words):
                    self.publish()
                savepoint.rollback()
        self.assertEqual(len(self.killbill.uploads), 1)

    def test_what_did_not_arrive_is_told(self):
        self.killbill.tenants.upload_catalog = lambda text: None
        with self.assertRaisesRegex(UserError, "has something else: starter"):
            self.publish()
        self.assertFalse(self.server.published_at)

    def test_what_was_published_is_an_event(self):
        self.publish()
        event = self.env["saas.event"].search(
            [("kind", "=", "plans_published")], limit=1
        )
        self.assertIn("starter-monthly: new", event.message)
