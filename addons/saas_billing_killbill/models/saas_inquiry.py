from odoo import fields, models


class SaasInquiry(models.Model):
    """What `web` asks of Kill Bill by way of `jobs`."""

    _inherit = "saas.inquiry"

    kind = fields.Selection(
        selection_add=[
            ("killbill_setup", "Set up Kill Bill"),
            ("killbill_compare", "Compare with Kill Bill"),
            ("killbill_publish", "Publish to Kill Bill"),
        ],
        ondelete={
            "killbill_setup": "cascade",
            "killbill_compare": "cascade",
            "killbill_publish": "cascade",
        },
    )

    def _answer_killbill_setup(self, server):
        return {"changes": self._get_killbill(server)._set_up()}

    def _answer_killbill_compare(self, server):
        return {"changes": self._get_killbill(server)._compare()}

    def _answer_killbill_publish(self, server, prices_from=None):
        moment = fields.Datetime.to_datetime(prices_from)
        return {"changes": self._get_killbill(server)._publish(moment)}

    def _get_killbill(self, server):
        return self.env["saas.killbill.server"].browse(server)
