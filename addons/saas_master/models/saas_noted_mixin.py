from odoo import api, models

# In the place of a value that is secret or long.
HIDDEN = "…"


class SaasNotedMixin(models.AbstractModel):
    """Records whose beginning, changes and end stand in the event log.

    Noted is what people write; what the platform sees and writes down is read-only.
    """

    _name = "saas.noted.mixin"
    _description = "Record whose changes are events"

    @api.model
    def _get_noted(self):
        """Return the names of the fields whose changes are noted."""
        return {
            name
            for name, field in self._fields.items()
            if not field.readonly
            and field.type not in ("one2many", "many2many")
            and not name.endswith("_sealed")  # The field that was written is noted.
        }

    @api.model_create_multi
    def create(self, vals_list):
        records = super().create(vals_list)
        for record, values in zip(records, vals_list, strict=True):
            record._log_noted(
                "added",
                self.env._("%s was added", record._get_noted_name()),
                [f"{label} {text}" for label, text in record._show_noted(values)],
            )
        return records

    def write(self, vals):
        before = [record._show_noted(vals) for record in self]
        done = super().write(vals)
        for record, old in zip(self, before, strict=True):
            if changes := record._show_changes(vals, old):
                record._log_noted("changed", record._get_noted_name(), changes)
        return done

    def unlink(self):
        for record in self:
            name = record._get_noted_name()
            record._log_noted("removed", self.env._("%s was removed", name))
        return super().unlink()

    def _show_noted(self, names):
        """Return label and value, as people read them, of the noted among some fields.

        :param names: of fields
        """
        record, noted = self.sudo(), self._get_noted().intersection(names)
        return [
            (field._description_string(self.env), record._show_value(field))
            for name, field in self._fields.items()
            if name in noted
        ]

    def _show_changes(self, names, before):
        """Return in words what changed.

        :param names: of fields
        :param list before: what :meth:`_show_noted` returned of them then
        """
        return [
            f"{label} {was} → {now}"
            for (label, was), (_label, now) in zip(
                before, self._show_noted(names), strict=True
            )
            if was != now or now == HIDDEN
        ]

    def _show_value(self, field):
        """Return a field's value as a text, unless it is secret or long."""
        if not field.store or field.groups or field.type == "text":
            return HIDDEN
        return str(field.convert_to_export(self[field.name], self)) or "–"

    def _get_noted_name(self):
        record = self.sudo()
        name = f"{self._description} {record.display_name}"
        if "cluster_id" in self._fields:  # Each has its own, of whatever name.
            name = f"{name} ({record.cluster_id.name})"
        return name

    def _log_noted(self, deed, sentence, details=()):
        """Append an event of a kind such as ``plan_changed``."""
        name = self._name.removeprefix("saas.").replace(".", "_")
        self.env["saas.event"]._log(
            f"{name}_{deed}",
            f"{sentence}: {', '.join(details)}" if details else f"{sentence}.",
            instance=self.sudo().instance_id if "instance_id" in self._fields else None,
        )
