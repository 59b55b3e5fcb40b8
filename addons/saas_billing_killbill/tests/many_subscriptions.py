"""Thousands of customers, billed for years, that exist in the database alone."""

from odoo import Command
from odoo.tools import SQL

from odoo.addons.saas_master.tests.many_instances import insert_instances

from .access_lines import make_server

FIRST = "2025-01-01"
COPIED = (
    "res.partner",
    "saas.instance",
    "saas.subscription",
    "saas.recurring.revenue",
    "account.move",
    "account.move.line",
)


def insert_years(env, fleet, count, months):
    """Write down subscriptions with all that was billed for them, as fast as SQL can.

    Half of them had another plan after half of the time, one in ten owes the last
    bill.

    :param SimpleNamespace fleet: what ``make_fleet`` returned
    :param int count: of subscriptions, each with an instance and a customer
    :param int months: that each was billed for
    """
    insert_instances(env, fleet, count)
    plans = fleet.plan | fleet.plan.copy({"code": "many"})
    subscription, move = _make_first(env, fleet)
    env.flush_all()
    bill = {
        "killbill_account_id": SQL("%s", move.killbill_account_id.id),
        "month": SQL("(%s::date + n %% %s * interval '1 month')::date", FIRST, months),
        "number": SQL("n / %s", months),
    }
    partner = _multiply(fleet.partner, count)
    sold = _multiply(
        subscription,
        count,
        partner_id=SQL("%s + n", partner),
        trial_partner_id=SQL("%s + n", partner),
        plan_id=SQL("%s", plans[0].id),
    )
    _insert_revenue(env, plans, sold, count, months)
    whose = {"partner_id": SQL("%s + %s", partner, bill["number"])}
    moves = _multiply(
        move,
        count * months,
        name=SQL("'MANY/' || n"),
        date=bill["month"],
        invoice_date=bill["month"],
        commercial_partner_id=whose["partner_id"],
        **whose,
    )
    for line in move.line_ids:
        is_paid = SQL("(n %% %s < %s OR n / %s %% 10 > 0)", months, months - 1, months)
        _multiply(
            line,
            count * months,
            move_id=SQL("%s + n", moves),
            date=bill["month"],
            invoice_date=bill["month"],
            **whose,
            **_get_owed(line, bill, is_paid),
            **_get_sold(line, plans, sold, bill),
        )
    _link_instances(env, sold)
    for model in COPIED:
        _analyze(env[model])
    env.invalidate_all()


def _make_first(env, fleet):
    """Make a subscription and its invoice as all others are copied from."""
    company = env.company
    if not company.chart_template:
        env["account.chart.template"].try_loading("generic_coa", company)
    account = env["saas.killbill.account"]._find_or_create(
        make_server(env), fleet.partner, company.currency_id
    )
    subscription = env["saas.subscription"]._open(
        fleet.partner, fleet.plan, "monthly", trial=True
    )
    subscription._write_guarded(
        {"billing_provider": "killbill", "killbill_account_id": account.id}
    )
    move = env["account.move"]._create_guarded(
        [
            {
                "move_type": "out_invoice",
                "partner_id": fleet.partner.id,
                "invoice_date": FIRST,
                "killbill_account_id": account.id,
                "invoice_line_ids": [
                    Command.create(
                        {
                            "product_id": account.server_id._get_product().id,
                            "price_unit": 10.0,
                            "saas_plan_id": fleet.plan.id,
                        }
                    )
                ],
            }
        ]
    )
    move.action_post()
    return subscription, move


def _get_owed(line, bill, is_paid):
    if line.display_type != "payment_term":
        return {}
    residual = SQL("CASE WHEN %s THEN 0 ELSE t.amount_residual END", is_paid)
    return {
        "date_maturity": bill["month"],
        "reconciled": is_paid,
        "amount_residual": residual,
        "amount_residual_currency": residual,
    }


def _get_sold(line, plans, sold, bill):
    if line.display_type != "product":
        return {}
    first, second = plans.ids
    half = SQL("CASE WHEN n %% 2 = 0 THEN %s ELSE %s END", first, second)
    return {
        "saas_plan_id": half,
        "saas_subscription_id": SQL("%s + %s", sold, bill["number"]),
    }


def _insert_revenue(env, plans, sold, count, months):
    """Have all bring in 10 a month; after half of the time half of them 20."""
    env.cr.execute(
        """INSERT INTO saas_recurring_revenue
                  (subscription_id, plan_id, company_id, date_from, date_to, monthly)
           SELECT %(sold)s + n, %(first)s, %(company)s, %(begin)s::date,
                  CASE WHEN n %% 2 = 0 THEN %(begin)s::date + %(half)s END, 10
             FROM generate_series(0, %(count)s - 1) n
        UNION ALL
           SELECT %(sold)s + n, %(second)s, %(company)s, %(begin)s::date + %(half)s,
                  CASE WHEN n %% 10 = 0 THEN %(begin)s::date + %(half)s * 3 / 2 END, 20
             FROM generate_series(0, %(count)s - 1, 2) n""",
        {
            "sold": sold,
            "first": plans[0].id,
            "second": plans[1].id,
            "company": env.company.id,
            "begin": FIRST,
            "half": months * 15,  # days
            "count": count,
        },
    )


def _link_instances(env, sold):
    """Give each instance one of the subscriptions."""
    env.cr.execute(
        """UPDATE saas_instance instance SET subscription_id = subscription.id
             FROM (SELECT id, row_number() OVER (ORDER BY id) n FROM saas_instance
                    WHERE subdomain LIKE 'many-%%') numbered
             JOIN saas_subscription subscription ON subscription.id = %s + n - 1
            WHERE instance.id = numbered.id""",
        [sold],
    )


def _multiply(record, count, **columns):
    """Insert copies of a record.

    :param columns: what differs, as SQL of ``n``, the number of the copy from 0
    :return: the id of the first; the others follow it
    :rtype: int
    """
    cr, table = record.env.cr, record._table
    cr.execute(f'SELECT max(id) + 1 FROM "{table}"')  # pylint: disable=sql-injection
    [first] = cr.fetchone()
    columns["id"] = SQL("%s + n", first)
    cr.execute(
        """SELECT column_name FROM information_schema.columns
            WHERE table_name = %s AND table_schema = current_schema""",
        [table],
    )
    names = [name for (name,) in cr.fetchall()]
    values = [columns.get(name) or SQL.identifier("t", name) for name in names]
    cr.execute(
        SQL(
            "INSERT INTO %s (%s) SELECT %s FROM %s t, generate_series(0, %s) n "
            "WHERE t.id = %s",
            SQL.identifier(table),
            SQL(", ").join(map(SQL.identifier, names)),
            SQL(", ").join(values),
            SQL.identifier(table),
            count - 1,
            record.id,
        )
    )
    return first


def _analyze(model):
    model.env.cr.execute(SQL("ANALYZE %s", SQL.identifier(model._table)))
