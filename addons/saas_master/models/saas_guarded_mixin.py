from odoo import api, fields, models
from odoo.exceptions import AccessError

# An object that no caller over RPC can hand in: only code of this process has it.
_FUNNEL = object()
# What of a caller's context the platform's own writes respect.
KEPT = ("lang", "tz")


class SaasGuardedMixin(models.AbstractModel):
    """Fields that only the platform's own code writes, for everybody.

    A model names them in ``_saas_guarded``.
    """

    _name = "saas.guarded.mixin"
    _description = "Record with fields that only the platform writes"

    _saas_guarded = frozenset()
    # Of them, what people give to a new record, and nobody changes.
    _saas_given = frozenset()

    @api.model
    def _saas_now(self):
        """Return what time it is for something due; tests and test clocks move it.

        What only happens now, such as the end of an operation, is noted by
        ``fields.Datetime.now()``.
        """
        return fields.Datetime.now()

    def _write_guarded(self, values):
        """Write fields that nobody else may.

        :param dict values: as for ``write``
        """
        funnel = self.sudo()._without_caller_context()
        return funnel.with_context(saas_funnel=_FUNNEL).write(values)

    @api.model
    def _create_guarded(self, values_list):
        """Create records with fields that nobody else may set.

        :param list values_list: as for ``create``
        """
        # The event log tells who made what; a message beside it costs a customer time.
        funnel = self._without_caller_context().with_context(
            saas_funnel=_FUNNEL, tracking_disable=True
        )
        records = funnel.sudo().create(values_list)
        return records.with_context(self.env.context)  # pylint: disable=context-overridden

    def _without_caller_context(self):
        """Drop what a caller over RPC may hand in: default_… values and switches.

        Together with sudo they would write any field of any record that is created.
        """
        kept = self._get_kept()
        return self.with_context(kept)  # pylint: disable=context-overridden

    def _for_job(self):
        """Return the records as a job is to find them.

        Odoo's own ``with_context`` keeps the companies that whoever asked looks at,
        and the closed list knows no such key.
        """
        return self.with_env(self.env(context=self._get_kept()))

    def _get_kept(self):
        context = self.env.context
        return {key: context[key] for key in KEPT if key in context}

    def _check_guarded(self, names):
        guarded = self._saas_guarded.intersection(names)
        if guarded and self.env.context.get("saas_funnel") is not _FUNNEL:
            raise AccessError(
                self.env._(
                    "Only the platform itself writes %(fields)s of %(model)s: "
                    "use the buttons or the command line.",
                    fields=", ".join(sorted(guarded)),
                    model=self._description,
                )
            )

    @api.model_create_multi
    def create(self, vals_list):
        names = {name for values in vals_list for name in values}
        self._check_guarded(names - self._saas_given)
        return super().create(vals_list)

    def write(self, vals):
        self._check_guarded(vals)
        return super().write(vals)
