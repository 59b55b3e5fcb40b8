"""Kill Bill is killed by each thing that it is told: each is done, and once."""

from odoo.tests import tagged

from .killing import KillingCase


@tagged("post_install", "-at_install")
class TestKilled(KillingCase):
    def test_it_dies_as_soon_as_it_is_asked(self):
        self.play(is_done_first=False)

    def test_it_dies_before_it_answers(self):
        self.play(is_done_first=True)

    def play(self, is_done_first):
        type(self).is_done_first = is_done_first
        with self.dying_of("POST /kb/accounts", "POST /kb/subscriptions"):
            viola = self.subscribe(trial=False)
        self.assert_soon(10.0, lambda: sum(viola.invoices))
        with self.dying_of("POST /kb/invoices/*/payments"):
            paid = viola.pay()
        self.assert_soon(["paid", "running"], lambda: viola.status)
        viola.assert_agrees()
        with self.dying_of("POST /kb/invoicePayments/*/refunds"):
            viola.get_back(paid)
        viola.assert_agrees(owed=10.0)
        viola.pay()

        with self.dying_of("PUT /kb/subscriptions/*"):
            viola.change_plan("professional")
        self.assert_soon(30.0, lambda: sum(viola.invoices))
        self.assertEqual(viola.plan, "professional")
        viola.pay()
        with self.dying_of("PUT /kb/subscriptions/*"):
            viola.change_plan("starter")
        self.assertEqual(viola.pending_plan, "starter")
        with self.dying_of("PUT /kb/subscriptions/*/undoChangePlan"):
            viola.change_plan("professional")
        self.assertFalse(viola.pending_plan)

        with self.dying_of("DELETE /kb/subscriptions/*"):
            viola.ask("_billing_cancel")
        self.assertTrue(viola.get("cancel_at"))
        with self.dying_of("PUT /kb/subscriptions/*/uncancel"):
            viola.ask("_billing_undo_cancel")
        self.assertFalse(viola.get("cancel_at"))
        viola.assert_agrees()

        with self.dying_of("POST /kb/credits"):
            viola.ask("_billing_extend", 3, "It was down for three days")
        self.assert_soon(27.04, lambda: round(sum(viola.invoices), 2))
        viola.assert_agrees(owed=-2.96)
        with self.dying_of("DELETE /kb/subscriptions/*"):
            viola.ask("_billing_stop")
        self.assert_soon(-2.96, lambda: round(sum(viola.invoices), 2))
        self.assertEqual(viola.status[1], "terminated")
        viola.assert_agrees(owed=-32.96)
