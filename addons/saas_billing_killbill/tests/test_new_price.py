"""A new price that existing subscriptions pay, too: ordered of Kill Bill, once."""

from datetime import date, datetime

from odoo.tests import tagged

from ..killbill.errors import Refused
from ..killbill.records import Event
from .books_common import BooksCase


@tagged("post_install", "-at_install")
class TestNewPrice(BooksCase):
    def setUp(self):
        super().setUp()
        self.killbill.subscriptions.change_plan = self.change_plan
        self.be(plan="starter-monthly", phase="EVERGREEN")
        self.bill("10.00")
        self.price = self.plan.price_ids.filtered(lambda one: one.period == "monthly")
        self.price.amount = 12.0
        self.price.prices_from = datetime(2026, 2, 1)

    def change_plan(self, key, plan, *, policy, billed_now):
        self.there.note("change_plan")(key, plan, policy)
        change = Event(kind="CHANGE", on=date(2026, 2, 1), plan=plan, phase="EVERGREEN")
        self.be(events=(change,))

    def get_ordered(self):
        orders = self.account.order_ids.filtered(lambda one: one.kind == "take_price")
        return [(one.plan, one.amount, one.state) for one in orders]

    def test_it_is_ordered_for_the_next_term_and_people_can_read_of_it(self):
        self.converge()
        self.assertEqual(self.get_ordered(), [("starter-monthly", 12.0, "done")])
        asked = "change_plan", "starter-monthly", "END_OF_TERM"
        self.assertIn(asked, self.there.asked)
        events = self.env["saas.event"].search([("kind", "=", "price_ordered")])
        self.assertIn("12.00", events.message)

    def test_who_began_before_keeps_the_price_unless_a_day_is_given(self):
        self.price.prices_from = False
        self.converge()
        self.assertEqual(self.get_ordered(), [])

    def test_nobody_pays_what_was_not_published_yet(self):
        self.price.amount = 99.0
        self.converge()
        self.assertEqual(self.get_ordered(), [])

    def test_nobody_pays_it_before_that_day(self):
        self.price.prices_from = datetime(2026, 2, 2)
        self.converge()
        self.assertEqual(self.get_ordered(), [])

    def test_what_kill_bill_refuses_is_ordered_once(self):
        self.there.refused["change_plan"] = Refused("Not now.")
        self.converge(times=3)
        self.assertEqual(self.get_ordered(), [("starter-monthly", 12.0, "refused")])
