import logging

from odoo import SUPERUSER_ID, http
from odoo.http import request

from odoo.addons.web.controllers.home import Home

from ..tools import banner, users

_logger = logging.getLogger(__name__)


class PlatformHome(Home):
    @http.route()
    def web_client(self, *arguments, **parameters):
        """Show the platform's banner above the web client.

        Support's user goes with the first page after its visit, whosever page it is.
        """
        if request.session.uid:
            end_visit(request.env(user=SUPERUSER_ID))
        response = super().web_client(*arguments, **parameters)
        if response.is_qweb:  # else it leads elsewhere
            response.flatten()
            response.set_data(banner.add_to(response.get_data(as_text=True)))
        return response


def end_visit(env):
    """Archive support's user where it is time; no page fails with that."""
    try:
        with env.cr.savepoint():
            users.retire_support(env)
    except Exception:  # What the customer has installed may refuse it.
        _logger.exception("The platform's user could not be archived")
