"""A purge ends with a look at all that there is, whatever the removals said."""

from unittest.mock import patch

from odoo.tests import tagged

from odoo.addons.saas_infra.drivers import fakes

from .committed import CommittedCase
from .test_kill_matrix import PARTS


@tagged("post_install", "-at_install")
class TestProof(CommittedCase):
    def test_a_purge_names_whatever_is_left(self):
        for part in PARTS:
            with self.subTest(part=part):
                instance = self.make_instance()
                [(name, found)] = self.find(instance, part)
                self.do(instance, "terminate")
                purge = self.ask(instance, "purge")
                with self.left(part, name, found):
                    state, message = self.run_job(purge)
                self.assertEqual(state, "failed")
                self.assertIn(f"Still there: {name}.", message)
                with self.outside.get_world().change() as world:
                    del world[part][name]
                with self.open_env() as env:
                    env["saas.operation"].browse(purge)._retry()
                self.work(purge)

    def find(self, instance, part):
        """Return what an instance has in a part of the world: names and objects."""
        uuid = self.instance(instance, "uuid")
        return [
            (name, found)
            for name, found in self.outside.read(part).items()
            if found["mark"].endswith(uuid)
        ]

    def left(self, part, name, found):
        """Have something there again once all was removed."""
        remove = fakes.FakePostgresqlDriver.remove_role

        def remove_all_but_that(driver, spec):
            remove(driver, spec)
            with self.outside.get_world().change() as state:
                state[part][name] = found

        return patch.object(
            fakes.FakePostgresqlDriver, "remove_role", remove_all_but_that
        )
