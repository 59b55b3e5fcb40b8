from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from odoo import fields, models
from odoo.exceptions import UserError

from ..killbill import catalog, overdue


class SaasKillbillServer(models.Model):
    """Plans and overdue states: Odoo's are the only source."""

    _inherit = "saas.killbill.server"

    def _compare(self):
        """Return what publishing would change, in words.

        :rtype: list[str]
        :raise UserError: where Kill Bill would not take it
        """
        with self._talking() as client:
            before = catalog.parse(client.tenants.catalog())
            states = overdue.parse(client.tenants.overdue())
        wanted = self._get_catalog(before)
        changes = catalog.differences(wanted, before)
        if changes:
            self._check_catalog(wanted, before)
        return changes + overdue.differences(self._get_overdue_states(), states)

    def _publish(self, prices_from=None):
        """Publish what Kill Bill does not have yet, and read it back.

        :param datetime prices_from: from when on existing subscriptions pay what is
            new; None: those go on with the prices that they began with
        :return: what was changed, in words
        :rtype: list[str]
        """
        with self._talking() as client:
            self._write_guarded(self._read_clock(client))
            changes = self._publish_catalog(client.tenants, prices_from)
            changes += self._publish_overdue(client.tenants)
        if changes:
            self._write_guarded({"published_at": fields.Datetime.now()})
            text = self.env._("Published to %s: ", self.name) + "; ".join(changes)
            self.env["saas.event"]._log("plans_published", text)
        return changes

    def _publish_catalog(self, tenants, prices_from):
        before = catalog.parse(tenants.catalog())
        wanted = self._get_catalog(before)
        changes = catalog.differences(wanted, before)
        if not changes:
            return []
        self._check_catalog(wanted, before)
        tenants.upload_catalog(catalog.render(wanted))
        self._check_arrived(
            catalog.differences(wanted, catalog.parse(tenants.catalog()))
        )
        return changes + self._note_who_pays(wanted, before, prices_from)

    def _note_who_pays(self, wanted, before, prices_from):
        """Write down from when on existing subscriptions pay what is new.

        :return: what is new for those, in words
        """
        known = {plan.name: plan.prices for plan in before.plans} if before else {}
        changed = {
            plan.name
            for plan in wanted.plans
            if plan.prices != known.get(plan.name, plan.prices)
        }
        for price in self._get_plans().price_ids:
            if catalog.plan_name(price.plan_id.code, price.period) in changed:
                price.prices_from = prices_from
        if not prices_from:
            return []
        day = f"{prices_from:%Y-%m-%d}"
        return [
            f"{name}: existing subscriptions pay this from {day}"
            for name in sorted(changed)
        ]

    def _publish_overdue(self, tenants):
        wanted = self._get_overdue_states()
        changes = overdue.differences(wanted, overdue.parse(tenants.overdue()))
        if changes:
            tenants.upload_overdue(overdue.render(wanted))
            there = overdue.parse(tenants.overdue())
            self._check_arrived(overdue.differences(wanted, there))
        return changes

    def _check_catalog(self, wanted, before):
        try:
            catalog.check(wanted, before)
        except catalog.InvalidCatalog as error:
            raise UserError(str(error)) from error

    def _check_arrived(self, differences):
        if differences:
            raise UserError(
                self.env._(
                    "%(server)s took what was published and has something else: "
                    "%(differences)s",
                    server=self.name,
                    differences="; ".join(differences),
                )
            )

    # === WHAT ODOO WANTS === #

    def _get_catalog(self, before):
        """Return the plans as they are to be billed.

        :param before: the catalog that is published, None for none
        """
        plans = {
            plan.name: plan
            for rank, record in enumerate(self._get_plans())
            for plan in self._get_catalog_plans(record, rank)
        }
        known = {plan.name: plan for plan in before.plans} if before else {}
        for name in known.keys() - plans.keys():  # Who has it goes on.
            plans[name] = replace(known[name], on_sale=False)
        since = self._saas_now().replace(microsecond=0)
        if before:  # Two versions never have the same date.
            since = max(since, before.since + timedelta(seconds=1))
        return catalog.Catalog(since=since, plans=tuple(plans.values()))

    def _get_plans(self):
        plans = self.env["saas.plan"].with_context(active_test=False)
        return plans.search([("price_ids.company_id", "=", self.company_id.id)])

    def _get_catalog_plans(self, record, rank):
        """Yield a plan for each period that it has a price for."""
        prices = record.price_ids.filtered(
            lambda price: price.company_id == self.company_id
        )
        for period, of_period in prices.grouped("period").items():
            yield catalog.CatalogPlan(
                product=record.code,
                period=period.upper(),
                prices={
                    price.currency_id.name: _get_amount(price) for price in of_period
                },
                trial_days=record.trial_days,
                rank=rank,
                on_sale=record.active,
            )

    def _get_overdue_states(self):
        return [
            overdue.OverdueState(name=state.name, days=state.days)
            for state in self.overdue_ids.sorted("days")
        ]


def _get_amount(price):
    digits = price.currency_id.decimal_places
    return Decimal(f"{price.amount:.{digits}f}")
