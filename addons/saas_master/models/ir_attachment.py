from odoo import api, models


class IrAttachment(models.Model):
    """Attachments stand in the database.

    In a folder that both services write, `jobs` would follow the links that somebody
    in `web` plants there: to its keys, or to the routes that its clean-up deletes.
    """

    _inherit = "ir.attachment"

    @api.model
    def _storage(self):
        return "db"

    @api.model
    def _move_into_database(self):
        """Take in what stands in files: Odoo's own modules are loaded before this one.

        A file that cannot be read leaves its row as it is.
        """
        in_files = [("store_fname", "!=", False)]
        fields = ["|", ("res_field", "=", False), ("res_field", "!=", False)]
        for attachment in self.search([*in_files, *fields]):
            if content := attachment.raw:
                attachment.write({"raw": content, "mimetype": attachment.mimetype})
