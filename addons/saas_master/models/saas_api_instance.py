from odoo import api, models


class SaasApi(models.AbstractModel):
    """Instances, for the command line."""

    _inherit = "saas.api"

    @api.model
    def plan_list(self):
        """List the plans that can be sold, with their prices."""
        self._check_group("support")
        return [
            {
                "code": plan.code,
                "name": plan.name,
                "cpu_cores": plan.cpu_cores,
                "memory_mb": plan.memory_mb,
                "storage_gb": plan.storage_gb,
                "mails_per_day": plan.mails_per_day,
                "trial_days": plan.trial_days,
                "may_rename": plan.may_rename,
                "prices": [
                    {
                        "period": price.period,
                        "currency": price.currency_id.name,
                        "amount": price.amount,
                    }
                    for price in plan.price_ids
                ],
            }
            for plan in self.env["saas.plan"].search([])
        ]

    @api.model
    def instance_create(
        self,
        plan,
        subdomain,
        customer,
        email,
        region=None,
        period="monthly",
        lang=None,
        country=None,
        tz=None,
        trial=True,
        dry_run=False,
    ):
        """Create an instance for a customer, who is made where there is none."""
        self._check_group("manager")
        plan = self._find_plan(plan)
        region = self._find_region(region)
        if country:
            country = self._find(
                "res.country", [("code", "=", country.upper())], f"country {country}"
            )
        instances = self.env["saas.instance"]
        with self._tried(dry_run):
            instance = instances._request_instance(
                plan=plan,
                subdomain=subdomain,
                partner=instances._find_or_create_customer(customer, email),
                email=email,
                region=region,
                period=period,
                trial=trial,
                lang=lang,
                country=country,
                tz=tz,
            )
            if dry_run:
                return self._describe_plan("provision")
        return self._describe_instance(instance)

    @api.model
    def instance_list(self, status=None, plan=None, limit=80, offset=0):
        """List instances, the newest first."""
        self._check_group("support")
        domain = []
        if status:
            domain.append(("status", "=", status))
        if plan:
            domain.append(("plan_id", "=", self._find_plan(plan).id))
        return self._describe_page(
            "saas.instance",
            domain,
            limit,
            offset,
            lambda one: self._describe_instance(one, brief=True),
        )

    @api.model
    def instance_show(self, ref):
        """Show an instance with its last operation."""
        self._check_group("support")
        return self._describe_instance(self._find_instance(ref))

    def _describe_instance(self, instance, brief=False):
        pending = instance.pending_until
        values = {
            "id": instance.id,
            "uuid": instance.uuid,
            "subdomain": instance.subdomain,
            "url": instance.url or "",
            "status": instance.status,
            "message": instance.message or "",
            "warning": instance.warning or "",
            "pending_until": pending and pending.isoformat(),
            "provisioning_status": instance.provisioning_status,
            "billing_status": instance.billing_status,
            "plan": instance.plan_id.code,
            "customer": instance.partner_id.name,
            "email": instance.email,
            "database": instance.database or "",
            "region": instance.region_id.code or "",
            "cluster": instance.cluster_id.name or "",
            "created": instance.create_date.isoformat(),
        }
        if not brief:
            operation = instance.last_operation_id
            values |= {
                "server": instance.database_server_id.name or "",
                "storage": instance.storage_id.name or "",
                "version": instance.version_id.name or "",
                "seconds": round(self._get_creation(instance).seconds, 3),
                "operation": operation and self._describe_operation(operation) or None,
            }
        return values

    def _get_creation(self, instance):
        return instance.operation_ids.filtered(lambda one: one.kind == "provision")[:1]

    # === CHANGES === #

    def _operate(self, ref, kind, dry_run, ask, group="manager"):
        """Ask for an operation and describe it; a dry run only says what it does.

        What had to wait is wanted from now on: ``waits_for`` is what it comes after.
        """
        self._check_group(group)
        instance = self._find_instance(ref)
        with self._tried(dry_run):
            operation = ask(instance)
            if dry_run:
                return self._describe_plan(kind, operation)
        return {
            "instance": self._describe_instance(instance, brief=True),
            "operation": operation and self._describe_operation(operation) or None,
            "waits_for": self._describe_wait(instance, operation),
        }

    def _describe_wait(self, instance, operation):
        if operation and operation.exclusive:
            return None
        active = instance._get_active_operation()
        return self._describe_operation(active.sudo(False)) if active else None

    @api.model
    def instance_start(self, ref, reason=None, dry_run=False):
        """Start a stopped instance."""
        return self._operate(
            ref, "start", dry_run, lambda one: one._request("start", reason=reason)
        )

    @api.model
    def instance_stop(self, ref, reason=None, dry_run=False):
        """Stop an instance."""
        return self._operate(
            ref, "stop", dry_run, lambda one: one._request("stop", reason=reason)
        )

    @api.model
    def instance_restart(self, ref, reason=None, dry_run=False):
        """Restart an instance; support may."""
        return self._operate(
            ref,
            "restart",
            dry_run,
            lambda one: one._request("restart", reason=reason),
            group="support",
        )

    @api.model
    def instance_suspend(self, ref, reason=None, dry_run=False):
        """Suspend an instance: visitors are turned away now, whatever runs."""
        return self._operate(
            ref, "suspend", dry_run, lambda one: one._suspend(reason=reason)
        )

    @api.model
    def instance_resume(self, ref, reason=None, dry_run=False):
        """Resume a suspended instance."""
        return self._operate(
            ref, "resume", dry_run, lambda one: one._request("resume", reason=reason)
        )

    @api.model
    def instance_preview_plan(self, ref, plan):
        """Ask what another plan would cost, and from when on; nothing is changed."""
        self._check_group("support")
        instance, plan = self._find_instance(ref), self._find_plan(plan)
        return {"inquiry": instance._ask_what_costs(plan).id}

    @api.model
    def instance_change_plan(self, ref, plan, reason=None, dry_run=False):
        """Move an instance to another plan."""
        self._check_group("manager")
        plan = self._find_plan(plan)
        return self._operate(
            ref, "change_plan", dry_run, lambda one: one._change_plan(plan, reason)
        )

    @api.model
    def instance_rename(self, ref, subdomain, reason=None, dry_run=False):
        """Give an instance another subdomain."""
        return self._operate(
            ref, "rename", dry_run, lambda one: one._rename(subdomain, reason)
        )

    @api.model
    def instance_hand_over(self, ref, customer, email, reason=None, dry_run=False):
        """Give an instance to another customer."""

        def hand_over(instance):
            partner = instance._find_or_create_customer(customer, email)
            return instance._hand_over(partner, email, reason)

        return self._operate(ref, "hand_over", dry_run, hand_over)

    @api.model
    def instance_terminate(self, ref, reason=None, dry_run=False):
        """Terminate an instance; its data is kept for the retention time."""
        return self._operate(
            ref,
            "terminate",
            dry_run,
            lambda one: one._request("terminate", reason=reason),
        )

    @api.model
    def instance_reactivate(self, ref, reason=None, dry_run=False):
        """Bring a terminated instance back with its data."""
        return self._operate(
            ref, "reactivate", dry_run, lambda one: one._reactivate(reason=reason)
        )

    @api.model
    def instance_purge(self, ref, confirm=None, reason=None, dry_run=False):
        """Delete a terminated instance's data for good."""
        return self._operate(
            ref, "purge", dry_run, lambda one: one._purge(confirm, reason)
        )

    @api.model
    def instance_retry(self, ref, reason=None, dry_run=False):
        """Go on with the operation that failed."""
        return self._operate(ref, "retry", dry_run, lambda one: one._retry(reason))

    @api.model
    def instance_discard(self, ref, reason=None, dry_run=False):
        """Take back everything that a failed creation made."""
        return self._operate(
            ref, "discard", dry_run, lambda one: one._discard(reason=reason)
        )

    # === LOOKING INSIDE === #

    @api.model
    def instance_open(self, ref, reason=None):
        """Make a link that opens the instance once, as the support user."""
        self._check_group("manager")
        instance = self._find_instance(ref)
        reason = reason or self.env._("Asked for at the command line.")
        return self.env["saas.login.ticket"]._issue(instance, "support", reason)

    @api.model
    def instance_logs(self, ref, lines=100):
        """Ask for the end of an instance's log."""
        self._check_group("support")
        instance = self._find_instance(ref)
        return {"inquiry": self.env["saas.inquiry"]._ask_for_log(instance, lines).id}
