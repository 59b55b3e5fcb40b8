from werkzeug.exceptions import BadRequest

from odoo import http
from odoo.http import request

from ..killbill.webhook import LARGEST, Malformed, parse


class SaasKillbillWebhook(http.Controller):
    @http.route(
        "/saas/killbill/webhook/<string:secret>",
        type="http",
        auth="public",
        methods=["POST"],
        csrf=False,
        save_session=False,
        readonly=False,
    )
    def receive(self, secret):
        """Note that something has happened; what, Kill Bill is asked by a job."""
        servers = request.env["saas.killbill.server"].sudo()
        server = servers._find_by_webhook_secret(secret)
        if not server:
            servers._count_refused()
            return request.make_response("", status=404)  # Raised, it was not counted.
        asked = request.httprequest
        if (asked.content_length or 0) > LARGEST:
            raise BadRequest("too long")
        try:
            webhook = parse(asked.get_data(cache=False))
        except Malformed as error:
            raise BadRequest(str(error)) from error
        server._note_webhook(webhook)
        return request.make_response("", headers=[("Content-Type", "text/plain")])
