from odoo import SUPERUSER_ID, api, models
from odoo.exceptions import AccessError, UserError


class SaasPlaceMixin(models.AbstractModel):
    _inherit = "saas.place.mixin"

    @api.model
    def _change_place(self, name, values):
        """Change what people give to a place once, such as where it is reached.

        A local command of root's: what `web` could have sent elsewhere would take all
        secrets, or all mail, along.

        :param dict values: texts by field; of another record its name
        :return: what changed, in words
        :raise InfraError: where its key does not open
        """
        if self.env.uid != SUPERUSER_ID:
            raise AccessError(self.env._("Only a local root command changes this."))
        if values.keys() - self._saas_given:
            raise UserError(
                self.env._(
                    "Of a %(kind)s this changes %(fields)s.",
                    kind=self._description,
                    fields=", ".join(sorted(self._saas_given)),
                )
            )
        place = self._find_named(name)
        before = place._show_noted(values)
        place._write_given({key: self._parse(key, values[key]) for key in values})
        changes = place._show_changes(values, before)
        said = ", ".join(changes) or self.env._("nothing changed")
        return f"{place._get_noted_name()}: {said}"

    def _write_given(self, values):
        return self._write_guarded(values)

    @api.model
    def _find_named(self, name):
        found = self.with_context(active_test=False).search([("name", "=", name)])
        if len(found) != 1:
            raise UserError(
                self.env._(
                    "No %(kind)s, or more than one, is named %(name)s.",
                    kind=self._description,
                    name=name,
                )
            )
        return found

    @api.model
    def _parse(self, name, text):
        """Return a text as the value of a field."""
        field = self._fields[name]
        if field.type == "many2one":
            return self.env[field.comodel_name]._find_named(text).id
        if field.type == "boolean":
            return text.lower() in ("1", "true", "yes")
        if field.type == "integer" and not text.isdecimal():
            raise UserError(self.env._("%s is no number.", text))
        return field.convert_to_cache(text, self)


class SaasRemoteMixin(models.AbstractModel):
    _inherit = "saas.remote.mixin"

    def _write_given(self, values):
        """Keep the key: it is sealed with the address."""
        key = "remote_address" in values and self._get_remote_key()
        done = super()._write_given(values)
        if key:
            self.remote_key = key
        return done
