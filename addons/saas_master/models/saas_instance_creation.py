import pytz

from odoo import api, models
from odoo.exceptions import UserError
from odoo.tools import email_normalize


class SaasInstance(models.Model):
    """How an instance begins: what is asked for is checked, then written down."""

    _inherit = "saas.instance"

    @api.model
    def _request_instance(
        self,
        *,
        plan,
        subdomain,
        partner,
        email,
        region=None,
        period="monthly",
        trial=True,
        lang=None,
        country=None,
        tz=None,
    ):
        """Create an instance, and begin it now or once it is paid for.

        :param plan: a ``saas.plan``
        :param str subdomain: as typed
        :param partner: who owns it; the commercial partner pays
        :param str email: the administrator's login
        :param region: a ``saas.region``, or none for any
        :param str lang: as fr_FR, or none for that of who asks
        :param str tz: as Europe/Paris, or none for that of the customer or country
        :raise UserError: with the reason, before anything is made
        :return: the instance
        """
        subdomain = self.env["saas.subdomain"]._check_name(subdomain)
        email = email_normalize(email)
        if not email:
            raise UserError(self.env._("This is no e-mail address."))
        commercial = partner.commercial_partner_id
        country = country or commercial.country_id
        lang = lang or self.env.lang or "en_US"
        self._check_language(lang)
        self._check_template_ready(region, country)
        tz = self._choose_time_zone(tz, country, commercial)
        subscription = self.env["saas.subscription"]._open(
            commercial, plan, period, trial=trial
        )
        instance = self._create_guarded(
            [
                {
                    "subdomain": subdomain,
                    "partner_id": commercial.id,
                    "email": email,
                    "plan_id": plan.id,
                    **plan._get_limits(),
                    "subscription_id": subscription.id,
                    "billing_status": subscription.billing_status,
                    "region_id": region.id if region else False,
                    "lang": lang,
                    "country_id": country.id,
                    "tz": tz,
                    "subdomain_ids": [],
                }
            ]
        )
        self.env["saas.subdomain"]._create_guarded(
            [{"name": subdomain, "instance_id": instance.id}]
        )
        subscription._write_guarded({"instance_id": instance.id})
        subscription._billing_start()
        instance._begin("provision")
        return instance

    @api.model
    def _find_or_create_customer(self, name, email):
        """Return the customer with this name and e-mail address, or a new one."""
        funnel = self._without_caller_context().with_context(tracking_disable=True)
        partners = funnel.env["res.partner"].sudo()
        name, email = (name or "").strip(), email_normalize(email)
        if not name:
            raise UserError(self.env._("A customer needs a name."))
        if not email:
            raise UserError(self.env._("This is no e-mail address."))
        found = partners.search(
            [
                ("email_normalized", "=", email),
                ("parent_id", "=", False),
                ("name", "=", name),
            ],
            limit=1,
        )
        return found or partners.create(
            {"name": name, "email": email, "is_company": True}
        )

    @api.model
    def _check_language(self, code):
        """Refuse a language that no Odoo has: its instance would never be ready.

        :param str code: as fr_FR
        :raise UserError: where there is none
        """
        languages = self.env["res.lang"].sudo().with_context(active_test=False)
        if not languages.search_count([("code", "=", code)], limit=1):
            raise UserError(self.env._("There is no language %s: write fr_FR.", code))

    @api.model
    def _choose_time_zone(self, tz, country, customer):
        """Return the time zone that was asked for, else the likeliest one.

        :param str tz: as typed, or none
        :param country: where the company is, or none
        :param customer: whose own zone counts where it lies in that country
        :raise UserError: where there is no such zone
        """
        if tz:
            if tz not in pytz.all_timezones_set:
                raise UserError(
                    self.env._("There is no time zone %s: write Europe/Paris.", tz)
                )
            return tz
        zones = pytz.country_timezones.get(country.code, []) if country else []
        if zones and customer.tz not in zones:
            return zones[0]
        return customer.tz or "UTC"
