from odoo import fields
from odoo.exceptions import AccessError
from odoo.tests import new_test_user

from .access_tables import GROUPS, PREPARED, RIGHTS
from .common import SaasCommon


class Undo(Exception):
    """Takes back what an allowed call did, so that the next one finds the same."""


class AccessCase(SaasCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.users = {
            group: new_test_user(cls.env, f"matrix_{group}", groups=xml_id)
            for group, xml_id in GROUPS.items()
        }
        cls.instance = cls.make_instance("running")
        for prepare in PREPARED:
            prepare(cls.env)

    @classmethod
    def make_instance(cls, status, **values):
        """Write down an instance as its creation leaves it, in any status."""
        instance = cls.request_instance()
        operation = instance.last_operation_id
        operation._write_guarded({"state": values.pop("operation", "done")})
        instance._write_guarded(
            {
                "uid": instance.id + 300000,
                "port": instance.id + 30000,
                "cluster_id": cls.fleet.cluster.id,
                "storage_id": cls.fleet.storage.id,
                "database_server_id": cls.fleet.server.id,
                "service": f"odoo_{instance.id}",
                "status": status,
                "ready_at": fields.Datetime.now(),
                **values,
            }
        )
        return instance

    def may(self, group, needed):
        ranks = list(GROUPS)
        return ranks.index(group) >= ranks.index(needed)

    def get_rights(self, model, group):
        """Return what a group may do with a model, as letters of ``rwcu``."""
        rights = ""
        for rank in GROUPS:
            rights = RIGHTS[model].get(rank, rights)
            if rank == group:
                return rights
        return rights

    def is_refused(self, call):
        """Call, take everything back, and tell whether access was denied."""
        try:
            with self.env.cr.savepoint():
                call()
                raise Undo
        except AccessError:
            return True
        except Undo:
            return False

    def check_by_group(self, needed, get_call):
        """Let every group try; those below the one that is needed are refused."""
        for group, user in self.users.items():
            with self.subTest(group=group):
                refused = self.is_refused(get_call(user))
                self.assertEqual(refused, not self.may(group, needed))

    def check_button(self, needed, records, method):
        """Let every group call a method of some records."""
        self.check_by_group(
            needed, lambda user: getattr(records.with_user(user), method)
        )
