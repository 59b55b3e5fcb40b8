from odoo import models

from .saas_instance_mail import get_sender
from .saas_instance_specs import ROUTE_STATES


class SaasReconcile(models.AbstractModel):
    """What differs between what is wanted and what was seen."""

    _inherit = "saas.reconcile"

    def _is_blind(self, reality, wanted):
        """Tell whether a listing is empty: it failed, or there was a disaster.

        Routes and logins are made anew without harm where only one instance has any.
        """
        routed = sum(one.status in ROUTE_STATES for one in wanted)
        sending = sum(one.has_login and one.status != "terminated" for one in wanted)
        return (
            not reality.services
            or not any(reality.databases.values())
            or not any(reality.directories.values())
            or (routed > 1 and not reality.routes)
            or (sending > 1 and reality.logins == {})
        )

    def _get_difference(self, one, reality):
        """Tell what differs for one instance: the repair's kind and why, or None."""
        # A server or storage that is closed is not talked to: nothing is known.
        databases = reality.databases.get(one.server)
        if databases is not None and one.database not in databases:
            return "", self.env._("The database %s is gone.", one.database)
        directories = reality.directories.get(one.storage)
        if directories is not None and one.directory not in directories:
            return "", self.env._("The folder %s is gone.", one.directory)
        service = reality.services.get(one.service)
        if one.status == "running":
            return self._get_difference_of_running(one, service, reality)
        if one.status == "error":
            return self._get_difference_of_broken(one, service)
        if one.status == "terminated":
            return self._get_difference_of_ended(one, service, reality)
        if service and service.running:
            return "repair_stop", self.env._("The service runs although it should not.")
        return self._get_difference_around("repair_stop", one, reality)

    def _get_difference_of_running(self, one, service, reality):
        if not (service and service.running):
            why = service.message if service else ""
            return "repair", why or self.env._("The service does not run.")
        return self._get_difference_around("repair", one, reality)

    def _get_difference_around(self, kind, one, reality):
        """Tell what differs where the service runs, or not, as it should.

        :param str kind: the repair that writes the route
        """
        return (
            self._get_difference_of_limits(one, reality)
            or self._get_difference_of_route(kind, one, reality)
            or self._get_difference_of_mail(one, reality)
        )

    def _get_difference_of_ended(self, one, service, reality):
        if service:
            return "repair_end", self.env._("The service is still there.")
        if one.service in (reality.logins or {}):
            return "repair_end", self.env._("The mail login is still there.")
        return None

    def _get_difference_of_mail(self, one, reality):
        """Tell whether an instance may send just what it should.

        One from before there was a relay gets its login when it starts next.
        """
        if reality.logins is None or not one.has_login:
            return None
        login = reality.logins.get(one.service)
        expected = (one.may_send, one.mails, get_sender(one.host))
        if not login or (login.enabled, login.daily_limit, login.sender) != expected:
            return "mail", self.env._("The mail login is not what it should be.")
        return None

    def _get_difference_of_broken(self, one, service):
        """Take what came back by itself in; what did not is left to people."""
        if service and service.running and not one.given_up:
            return "repair", self.env._("The service runs again.")
        return None

    def _get_difference_of_route(self, kind, one, reality):
        """Tell whether people who ask for an instance meet what they should."""
        route = reality.routes.get(one.service)
        expected = (ROUTE_STATES[one.status], (one.host,))
        if (
            not route
            or (route.state, route.hosts) != expected
            or route.websocket not in (None, one.websocket)
            or not one.leading <= {*route.redirects} <= one.old_names
        ):
            return kind, self.env._("The route is not what it should be.")
        return None
