from dataclasses import asdict

from odoo import fields, models

from odoo.addons.saas_infra.drivers.errors import PermanentInfraError
from odoo.addons.saas_infra.drivers.specs import NodeState
from odoo.addons.saas_infra.drivers.swarm_tls import ends_at

# The platform's own is renewed before, where `make up` runs now and then.
CERTIFICATE_DAYS = 14


class SaasConnectionMixin(models.AbstractModel):
    """What lies outside and can be asked whether it answers.

    All of this runs in `jobs`, save the asking.
    """

    _name = "saas.connection.mixin"
    _description = "Record with a connection to test"

    def action_test_connection(self):
        """Let `jobs` try whether it can talk to this."""
        self.env["saas.api"]._check_group("operator")
        return self._ask_for_connection()._show()

    def _ask_for_connection(self):
        self.ensure_one()
        return self.env["saas.inquiry"]._ask(
            "connection", model=self._name, record=self.id
        )

    def _try_connection(self):
        """Talk to it, and write down what it tells.

        :return: a dictionary that people read
        """
        seen = self._look(self._get_driver())
        self._note(seen)
        return seen

    def _look(self, driver):
        """Ask how it is; no database is touched here.

        :return: a dictionary
        """
        raise NotImplementedError

    def _note(self, seen):
        """Write down what :meth:`_look` has returned."""

    def _ring_before_end(self, until, text):
        """Tell of a certificate that ends soon.

        :param datetime until: when it does, in UTC
        :param str text: what happens then, with the cure; %s: in how many days
        """
        left = (until - fields.Datetime.now()).days
        if left < CERTIFICATE_DAYS:
            subject = self.env._("The certificate of %s ends soon", self.name)
            self.env["saas.alarm"]._ring("certificate_ends", subject, text % left)


class SaasDatabaseServer(models.Model):
    _name = "saas.database.server"
    _inherit = ["saas.database.server", "saas.connection.mixin"]

    def _look(self, driver):
        return driver.ping()

    def _note(self, seen):
        self.write(
            {
                "version": seen["version"],
                "database_count": seen["databases"],
                "used_mb": seen["bytes"] // 1024**2,
                "last_seen": fields.Datetime.now(),
            }
        )


class SaasStorage(models.Model):
    _name = "saas.storage"
    _inherit = ["saas.storage", "saas.connection.mixin"]

    def _try_connection(self):
        if not self.is_marked:
            self._check_may_be_marked()
            self._get_driver().ensure_sentinel()
        return super()._try_connection()

    def _check_may_be_marked(self):
        reason = self.env["saas.operation"]._get_freeze_reason()
        if reason:
            raise PermanentInfraError(
                f"The storage {self.name} is not marked while the platform is frozen: "
                f"{reason}",
                cure="Unfreeze it first.",
            )

    def _look(self, driver):
        return driver.room()

    def _note(self, seen):
        self._write_guarded(
            {
                "is_marked": True,
                "free_mb": seen["free"] // 1024**2,
                "total_mb": seen["total"] // 1024**2,
                "last_seen": fields.Datetime.now(),
            }
        )


class SaasProxy(models.Model):
    _name = "saas.proxy"
    _inherit = ["saas.proxy", "saas.connection.mixin"]

    def _look(self, driver):
        driver.check()
        seen = {"routes": len(driver.list_routes())}
        if until := driver.certified_until():
            seen["certified_until"] = fields.Datetime.to_string(until)
        return seen

    def _note(self, seen):
        until = fields.Datetime.to_datetime(seen.get("certified_until"))
        if until != (self.certified_until or None):
            self.certified_until = until
        if until:
            text = self.env._(
                "It ends in %s days, and visitors are warned off then. Renew it: make "
                "up, with TLS_CERT=… TLS_KEY=… where you were given one."
            )
            self._ring_before_end(until, text)


class SaasMailRelay(models.Model):
    _name = "saas.mail.relay"
    _inherit = ["saas.mail.relay", "saas.connection.mixin"]

    def _look(self, driver):
        driver.check()
        return {"logins": len(driver.list_logins())}


class SaasCluster(models.Model):
    _name = "saas.cluster"
    _inherit = ["saas.cluster", "saas.connection.mixin"]

    def _look(self, driver):
        return {
            "services": len(driver.list_services()),
            "nodes": {name: asdict(node) for name, node in driver.list_nodes().items()},
        }

    def _note(self, seen):
        now = fields.Datetime.now()
        self.last_seen = now
        found = {name: NodeState(**node) for name, node in seen["nodes"].items()}
        for node in self._note_nodes(found):
            if node.name in found and found[node.name].state != "lost":
                node.write({"load": found[node.name].load, "last_seen": now})
        if self.engine_certificate:
            text = self.env._(
                "It ends in %s days, and the Docker engine lets this platform in no "
                "more. Have a new one signed by the same authority, and enter it "
                "with its key."
            )
            self._ring_before_end(ends_at(self.engine_certificate), text)
