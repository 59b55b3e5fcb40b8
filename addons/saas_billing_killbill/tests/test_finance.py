"""What finance looks at: what is earned, lost, owed and used."""

from datetime import date, datetime
from decimal import Decimal
from unittest.mock import patch

from odoo.exceptions import AccessError
from odoo.tests import Form, new_test_user, tagged

from odoo.addons.saas_master.models.saas_guarded_mixin import SaasGuardedMixin

from .books_common import BooksCase

NOW = datetime(2026, 4, 20)


class FinanceCase(BooksCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        group = "saas_billing_killbill.group_finance"
        cls.accountant = new_test_user(cls.env, "accountant", groups=group)
        cls.larger = cls.plan.copy({"code": "professional", "name": "Professional"})

    def setUp(self):
        super().setUp()
        self.startPatcher(patch.object(SaasGuardedMixin, "_saas_now", lambda _: NOW))

    def sell(self):
        """Sell the plan to a new customer."""
        partner = self.env["res.partner"].create({"name": "Next"})
        subscriptions = self.env["saas.subscription"]
        return subscriptions._open(partner, self.plan, "monthly", trial=False)

    def look_at(self, model, groupby, *measures):
        """Return a report by group as the accountant reads it."""
        report = self.env[model].with_user(self.accountant)
        self.env.flush_all()
        return report._read_group([], [groupby], measures)


@tagged("post_install", "-at_install")
class TestRecurringRevenue(FinanceCase):
    def earn(self, *stretches, subscription=None):
        """Have a subscription bring in amounts, each from a day to a day."""
        subscription = subscription or self.sell()
        self.env["saas.recurring.revenue"]._create_guarded(
            [
                {
                    "subscription_id": subscription.id,
                    "plan_id": subscription.plan_id.id,
                    "company_id": subscription.company_id.id,
                    "date_from": start,
                    "date_to": end,
                    "monthly": amount,
                    "monthly_in_currency": amount,
                }
                for amount, start, end in stretches
            ]
        )
        return subscription

    def by_month(self):
        measures = ("opening", "gained", "expansion", "contraction", "churned")
        sums = [f"{name}:sum" for name in (*measures, "closing")]
        found = self.look_at("saas.revenue.report", "month:month", *sums)
        return {month.month: tuple(amounts) for month, *amounts in found}

    def test_it_follows_what_kill_bill_bills_once_that_is_paid(self):
        self.bill("10.00")
        self.converge()
        self.assertFalse(self.subscription.revenue_ids)
        self.pay(self.moves)
        self.converge()
        revenue = self.subscription.revenue_ids
        self.assertEqual(
            (revenue.monthly, revenue.date_from, revenue.date_to, revenue.plan_id),
            (10.0, date(2026, 1, 1), False, self.plan),
        )

    def test_what_has_not_changed_is_not_written_again(self):
        self.bill("10.00", balance=Decimal(0))
        self.converge()
        before = self.subscription.revenue_ids
        self.converge()
        self.assertEqual(self.subscription.revenue_ids, before)
        self.there.billed.clear()
        self.converge()
        self.assertFalse(self.subscription.revenue_ids)

    def test_another_currency_counts_by_the_rate_of_its_first_day(self):
        euro = self.env.ref("base.EUR")
        euro.active = True
        self.env["res.currency.rate"].create(
            {"currency_id": euro.id, "name": "2025-12-31", "rate": 0.5}
        )
        self.subscription.sudo().currency_id = euro
        self.bill("10.00", balance=Decimal(0))
        self.account._keep_revenue(self.there.ledger(""))
        revenue = self.subscription.revenue_ids
        self.assertEqual((revenue.monthly_in_currency, revenue.monthly), (10.0, 20.0))

    def test_each_month_goes_from_what_was_to_what_is(self):
        self.earn(
            (10.0, "2026-01-15", "2026-02-10"),
            (30.0, "2026-02-10", "2026-03-05"),
            (20.0, "2026-03-05", "2026-04-02"),
        )
        self.earn((5.0, "2026-03-01", False))
        self.assertEqual(
            self.by_month(),
            {
                1: (0.0, 10.0, 0.0, 0.0, 0.0, 10.0),
                2: (10.0, 0.0, 20.0, 0.0, 0.0, 30.0),
                3: (30.0, 5.0, 0.0, -10.0, 0.0, 25.0),
                4: (25.0, 0.0, 0.0, 0.0, -20.0, 5.0),
            },
        )

    def test_an_end_on_the_first_of_a_month_is_of_that_month(self):
        self.earn((10.0, "2026-02-01", "2026-03-01"))
        self.assertEqual(
            self.by_month(),
            {
                2: (0.0, 10.0, 0.0, 0.0, 0.0, 10.0),
                3: (10.0, 0.0, 0.0, 0.0, -10.0, 0.0),
            },
        )

    def test_what_came_and_went_in_one_month_is_in_none(self):
        self.earn((10.0, "2026-02-02", "2026-02-20"))
        self.assertEqual(self.by_month(), {})

    def test_churn_is_a_share_of_customers_and_of_revenue(self):
        self.earn((30.0, "2026-01-01", "2026-02-10"))
        for _ in range(3):
            self.earn((10.0, "2026-01-01", False))
        found = self.look_at(
            "saas.revenue.report",
            "month:month",
            "churn:avg",
            "revenue_churn:avg",
            "subscriptions:sum",
        )
        [_january, february, march, _april] = found
        self.assertEqual(february[1:], (0.25, 0.5, 3))
        self.assertEqual(march[1:], (0.0, 0.0, 3))

    def test_over_several_months_what_stands_is_their_average(self):
        self.earn((10.0, "2026-01-01", "2026-03-01"), (40.0, "2026-03-01", False))
        found = self.look_at(
            "saas.revenue.report", "month:year", "closing:sum", "expansion:sum"
        )
        self.assertEqual([amounts for _, *amounts in found], [[25.0, 30.0]])

    def test_rows_have_ids_of_their_own(self):
        for _ in range(2):
            self.earn((10.0, "2025-11-01", False))
        rows = self.env["saas.revenue.report"].search([])
        self.assertEqual(len(set(rows.ids)), 12)
        self.assertEqual(
            sorted(rows.mapped("month"))[0::2],
            [date(2025, 11, 1), date(2025, 12, 1)]
            + [date(2026, month, 1) for month in range(1, 5)],
        )

    def test_another_company_is_not_seen(self):
        other = self.env["res.company"].create({"name": "Other"})
        self.earn((10.0, "2026-03-01", False))
        self.subscription.revenue_ids.unlink()
        revenue = self.env["saas.recurring.revenue"].search([])
        revenue._write_guarded({"company_id": other.id})
        self.assertEqual(self.by_month(), {})
        mine = self.env["saas.recurring.revenue"].with_user(self.accountant)
        self.assertFalse(mine.search([]))


@tagged("post_install", "-at_install")
class TestReports(FinanceCase):
    def test_trials_are_converted_lost_or_undecided(self):
        trials = self.subscription | self.sell() | self.sell() | self.sell()
        trials._write_guarded({"is_trial": True, "trial_end": "2026-02-15"})
        trials[1]._write_guarded({"ended_at": "2026-01-10"})
        trials[3]._write_guarded({"ended_at": "2026-03-10"})
        self.bill("10.00", balance=Decimal(0))
        self.converge()
        trials[0]._write_guarded({"trial_end": "2026-02-15"})
        found = self.look_at(
            "saas.trial.report", "outcome", "trials:sum", "conversion:avg"
        )
        self.assertEqual(
            sorted(found, key=str),
            [("converted", 1, 1.0), ("lost", 2, 0.0), ("undecided", 1, False)],
        )
        by_month = self.look_at("saas.trial.report", "end_date:month", "conversion:avg")
        self.assertEqual([share for _, share in by_month], [0.0, 0.5])

    def test_receivables_age_from_the_day_they_are_due(self):
        due = ("2026-04-20", "2026-04-19", "2026-03-20", "2026-02-01", "2025-12-01")
        for number, day in enumerate(due, 1):
            self.bill("10.00", number=str(number))
            self.converge()
            self.moves[-1:].invoice_date_due = day
        self.pay(self.moves[-1], 1.9)
        found = self.look_at(
            "saas.receivable.report", "age", "amount:sum", "days:max"
        )
        self.assertEqual(
            found,
            [
                ("a_not_due", 11.9, 0),
                ("b_30", 11.9, 1),
                ("c_60", 11.9, 31),
                ("d_90", 11.9, 78),
                ("e_older", 10.0, 140),
            ],
        )

    def test_what_is_paid_or_given_back_is_no_receivable(self):
        self.bill("10.00")
        self.converge()
        self.pay(self.moves)
        self.bill("10.00", ("ITEM_ADJ", "-10.00"), number="2")
        self.converge()
        self.assertFalse(self.look_at("saas.receivable.report", "age", "amount:sum"))

    def test_a_plan_brings_in_its_invoices_less_what_was_taken_back(self):
        self.bill("10.00", "5.00")
        self.bill("7.00", number="2")
        self.converge()
        self.bill(number="2", status="VOID")
        self.converge()
        plans = self.look_at("saas.plan.report", "plan_id", "revenue:sum")
        self.assertEqual(plans, [(self.plan, 15.0)])

    def test_a_plan_shows_what_its_instances_use_on_average(self):
        for files, other in ((1.0, False), (2.0, False), (4.0, True)):
            instance = self.request_instance()
            values = {"plan_id": self.larger.id} if other else {}
            instance._write_guarded(
                {
                    "files_gb": files,
                    "storage_gb": 10,
                    "provisioning_status": "ready",
                    **values,
                }
            )
        found = self.look_at(
            "saas.plan.report",
            "plan_id",
            "instances:sum",
            "used_gb:avg",
            "used_share:avg",
        )
        self.assertEqual(
            sorted(found, key=lambda row: row[0].id),
            [(self.plan, 2, 1.5, 0.15), (self.larger, 1, 4.0, 0.4)],
        )

    def test_finance_sees_no_instance_and_changes_nothing(self):
        mine = self.env(user=self.accountant)
        self.assertEqual(Form(self.account.with_env(mine)).owed, 0.0)
        self.assertEqual(Form(self.subscription.with_env(mine)).due, 0.0)
        with self.assertRaises(AccessError):
            mine["saas.instance"].search([])
        with self.assertRaises(AccessError):
            mine["saas.recurring.revenue"].create({})

    def test_staff_without_finance_see_no_revenue(self):
        group = "saas_infra.group_operator"
        operator = new_test_user(self.env, "no_finance", groups=group)
        for model in ("saas.revenue.report", "saas.recurring.revenue"):
            with self.assertRaises(AccessError):
                self.env[model].with_user(operator).search([])
        with self.assertRaises(AccessError):
            self.subscription.with_user(operator).read(["revenue_ids"])
