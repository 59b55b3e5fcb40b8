"""Open finance's reports over ten thousand subscriptions and two years."""

from in_odoo import answer, ask
from measure import Stopwatch, summarise

COUNT, MONTHS = 10_000, 24
# As their pivots and graphs ask
REPORTS = {
    "recurring revenue by month": (
        "saas.revenue.report",
        ["month:month"],
        [
            "opening:sum",
            "gained:sum",
            "expansion:sum",
            "contraction:sum",
            "churned:sum",
            "closing:sum",
            "churn:avg",
        ],
    ),
    "trials by month": (
        "saas.trial.report",
        ["end_date:month"],
        ["trials:sum", "conversion:avg"],
    ),
    "revenue and use by plan": (
        "saas.plan.report",
        ["plan_id"],
        ["revenue:sum", "instances:sum", "used_gb:avg", "used_share:avg"],
    ),
    "revenue by month and plan": (
        "saas.plan.report",
        ["date:month", "plan_id"],
        ["revenue:sum"],
    ),
    "receivables by customer and age": (
        "saas.receivable.report",
        ["partner_id", "age"],
        ["amount:sum"],
    ),
}


def open_reports(target, runs):
    """Measure each report, on a clone of the tests' database.

    :return: figures by name
    :rtype: dict
    """
    return ask(target, __file__, runs)


def name_of(report):
    """Return what the figure of a report is called."""
    return f"{report} of {COUNT} subscriptions and {MONTHS} months"


def measure(registry, runs):
    """Open the reports as an accountant, and sum up; nothing of it stays.

    :return: figures by name
    :rtype: dict
    """
    from odoo import SUPERUSER_ID, api

    from odoo.addons.saas_billing_killbill.tests.many_subscriptions import insert_years
    from odoo.addons.saas_master.tests.common import make_fleet

    with registry.cursor() as cr:
        env = api.Environment(cr, SUPERUSER_ID, {})
        insert_years(env, make_fleet(env), COUNT, MONTHS)
        user = env.ref("base.user_admin")
        figures = {
            name_of(report): summarise([_open(env, user, *asked) for _ in range(runs)])
            for report, asked in REPORTS.items()
        }
        cr.rollback()
    return figures


def _open(env, user, model, groupby, measures):
    env.invalidate_all()
    with Stopwatch() as watch:
        report = env[model].with_user(user)
        found = report.formatted_read_group([], groupby, measures)
    assert found, f"{model} is empty"
    return watch.seconds


if __name__ == "__main__":
    answer(measure)
