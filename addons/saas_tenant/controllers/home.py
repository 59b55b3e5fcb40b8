from odoo import http

from odoo.addons.web.controllers.home import Home

from ..tools import banner


class BannerHome(Home):
    @http.route()
    def web_client(self, *arguments, **parameters):
        """Show the platform's banner above the web client."""
        response = super().web_client(*arguments, **parameters)
        if response.is_qweb:  # else it leads elsewhere
            response.flatten()
            response.set_data(banner.add_to(response.get_data(as_text=True)))
        return response
