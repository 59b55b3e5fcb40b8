from contextlib import contextmanager

from odoo import api, models
from odoo.exceptions import AccessError, MissingError, UserError

from ..operations.playbooks import PLAYBOOKS
from ..operations.step_labels import STEP_LABELS


class SaasApi(models.AbstractModel):
    """What `saasctl` calls over JSON-2: every method looks its records up.

    A generic ``read`` of an unknown id succeeds with nothing (odoo19.md, F9); these
    methods answer "not found", check the caller's group, and give named fields only.
    """

    _name = "saas.api"
    _description = "Platform API"

    # === LOOK UP AND CHECK === #

    def _check_group(self, group):
        """Refuse who is not in a group of the platform.

        :param str group: support, manager or operator
        :raise AccessError: with the group that is needed
        """
        if not self.env.user.has_group(f"saas_infra.group_{group}"):
            raise AccessError(
                self.env._("This needs the group “%s” of SaaSOdoo.", group)
            )

    def _find(self, model, domain, what):
        record = self.env[model].sudo().search(domain, limit=1)
        if not record:
            raise MissingError(self.env._("There is no %s.", what))
        return record.sudo(False)

    def _find_instance(self, ref):
        """Find an instance by subdomain or UUID, purged ones by UUID only."""
        ref = str(ref or "").strip().lower()
        instances = self.env["saas.instance"].sudo()
        instance = instances.search([("subdomain", "=", ref)], limit=1)
        if not instance:
            archived = instances.with_context(active_test=False)
            instance = archived.search([("uuid", "=", ref)], limit=1)
        if not instance:
            raise MissingError(self.env._("There is no instance %s.", ref))
        return instance.sudo(False)

    def _find_plan(self, code):
        return self._find("saas.plan", [("code", "=", code)], f"plan {code}")

    def _find_region(self, code):
        if not code:
            return None
        return self._find("saas.region", [("code", "=", code)], f"region {code}")

    # === DESCRIBE === #

    def _describe_step(self, step):
        return {
            "name": step.name,
            "label": step.label,
            "state": step.state,
            "started": step.started_at and step.started_at.isoformat(),
            "seconds": round(step.seconds, 3),
            "message": step.message or "",
        }

    def _describe_operation(self, operation):
        return {
            "id": operation.id,
            "kind": operation.kind,
            "label": operation.label,
            "state": operation.state,
            "message": operation.message or "",
            "reason": operation.reason or "",
            "instance": operation.instance_id.subdomain or None,
            "template": operation.template_id.name or None,
            "requested": operation.create_date.isoformat(),
            "requested_by": operation.requested_by.name,
            "started": operation.started_at and operation.started_at.isoformat(),
            "ended": operation.ended_at and operation.ended_at.isoformat(),
            "seconds": round(operation.seconds, 3),
            "steps": [self._describe_step(step) for step in operation.step_ids],
        }

    def _describe_page(self, model, domain, limit, offset, describe):
        """Describe some of the records that are found, and count all of them."""
        found = self.env[model].search(domain, limit=min(limit, 1000), offset=offset)
        return {
            "count": found.search_count(domain),
            "records": [describe(record) for record in found],
        }

    # === DRY RUNS === #

    @contextmanager
    def _tried(self, dry_run):
        """Take back what the block did, for a dry run: the same refuses both.

        :param bool dry_run: without it the block is as any other
        """
        if not dry_run:
            yield
            return
        with self.env.cr.savepoint() as savepoint:
            yield
            self.env.flush_all()  # The database may refuse too.
            savepoint.rollback()

    def _describe_plan(self, kind, operation=None):
        """Say what an operation would do, for a dry run.

        :param str kind: what was asked for
        :param operation: what that opened: the rest of a failed one, or another kind
        """
        kind = operation.kind if operation else kind
        steps = [self.env._(STEP_LABELS[name]) for name in PLAYBOOKS[kind].steps]
        warning = PLAYBOOKS[kind].warning
        if operation:
            left = operation.step_ids.filtered(lambda step: step.state != "done")
            steps = left.mapped("label")
        return self._describe_deeds(steps, warning and self.env._(warning), kind=kind)

    def _describe_deeds(self, deeds, message="", **more):
        return {"dry_run": True, **more, "plan": deeds, "message": message}

    # === OPERATIONS === #

    @api.model
    def operation_list(self, ref=None, state=None, limit=80, offset=0):
        """List operations, the newest first."""
        self._check_group("support")
        domain = []
        if ref:
            domain.append(("instance_id", "=", self._find_instance(ref).id))
        if state:
            domain.append(("state", "=", state))
        return self._describe_page(
            "saas.operation", domain, limit, offset, self._describe_operation
        )

    @api.model
    def operation_show(self, operation):
        """Show an operation with its steps."""
        self._check_group("support")
        return self._describe_operation(
            self._find(
                "saas.operation", [("id", "=", operation)], f"operation {operation}"
            )
        )

    @api.model
    def inquiry_show(self, inquiry):
        """Show what was answered to an inquiry of the caller's own."""
        self._check_group("support")
        record = self._find(
            "saas.inquiry",
            [("id", "=", inquiry), ("create_uid", "=", self.env.uid)],
            f"inquiry {inquiry}",
        )
        if record.kind == "login":
            raise UserError(self.env._("This answer is for a browser alone."))
        return {
            "state": record.state,
            "answer": record.answer,
            "message": record.message or "",
        }
