import time

from odoo import http
from odoo.http import request
from odoo.modules.registry import Registry

WAIT_SECONDS = 15
POLL_SECONDS = 0.05

PAGE = "saas_master.open_instance"


class SaasOpen(http.Controller):
    @http.route(
        "/saas/open",
        type="http",
        auth="public",
        methods=["GET"],
        readonly=False,
    )
    def ask(self):
        """Show the button: a link alone, followed by a mail scanner, spends nothing.

        The code is the link's fragment: no server is told it, and so no log.
        """
        return self._page({"ask": True})

    @http.route(
        # Another path: a browser that shows what came of one link and is given the
        # next must not take it for a place in the same page.
        "/saas/open/enter",
        type="http",
        auth="public",
        methods=["POST"],
        csrf=True,
        readonly=False,
    )
    def enter(self, code=""):
        """Spend the code and hand the browser what the tenant lets in."""
        if not code:
            return self._page({"incomplete": True}, status=400)
        ticket = request.env["saas.login.ticket"].sudo()._spend(code)
        if not ticket:
            return self._page({"over": True}, status=410)
        inquiry = (
            request.env["saas.inquiry"]
            .sudo()
            ._ask("login", ticket.instance_id, ticket=ticket.id)
        )
        request.env.cr.commit()  # `jobs` must see the question before it is answered.
        state, answer = self._wait_for(inquiry.id)
        if state != "done" or not answer:
            return self._page({"late": True}, status=503)
        return self._page(answer)

    def _wait_for(self, inquiry_id):
        """Read the answer in transactions of their own until it is there."""
        deadline = time.monotonic() + WAIT_SECONDS
        while time.monotonic() < deadline:
            with Registry(request.db).cursor(readonly=False) as cr:
                inquiry = request.env(cr=cr)["saas.inquiry"].sudo().browse(inquiry_id)
                if inquiry.state != "waiting":
                    return inquiry._redeem()
            time.sleep(POLL_SECONDS)
        return "waiting", None

    def _page(self, values, status=200):
        response = request.render(
            PAGE,
            {"ask": False, "incomplete": False, "token": "", "over": False, **values},
        )
        response.status_code = status
        response.headers["Cache-Control"] = "no-store"
        response.headers["Referrer-Policy"] = "no-referrer"
        return response
