"""Keys are rotated while the platform runs; a secret stays what it was."""

import base64
from unittest.mock import patch
from uuid import uuid4

from nacl.public import PrivateKey

from odoo.exceptions import AccessError
from odoo.tests import new_test_user, tagged

from odoo.addons.saas_infra.drivers.errors import PermanentInfraError
from odoo.addons.saas_infra.drivers.sealing import fingerprint
from odoo.addons.saas_infra.models import saas_key_rotation
from odoo.addons.saas_infra.models.saas_sealed_mixin import KEY_PARAMETER

from .committed import CommittedCase


@tagged("post_install", "-at_install")
class TestKeyRotation(CommittedCase):
    def setUp(self):
        super().setUp()
        self.addCleanup(self.set_known, self.get_known())
        self.forget_when_over()
        self.startPatcher(patch.object(saas_key_rotation, "BATCH", 2))
        self.folder = self.outside.world.parent
        with self.open_env() as env:
            self.fleet(env, "server").admin_password = "word"
            self.old = env["saas.sealed.mixin"]._seal("x").partition(":")[0]
        self.rotate(lambda rotation: rotation._reseal())  # what the last test left
        self.set_known(self.old)
        self.instances = [self.make_instance() for _ in range(2)]
        self.secrets = self.read_secrets()

    def test_every_secret_is_sealed_with_the_new_key_and_stays_the_same(self):
        new = self.add_key()
        self.rotate(lambda rotation: rotation._announce(new))
        self.publish()
        count, _ = self.rotate(lambda rotation: rotation._reseal())
        # Three for each instance, one for the template, one for the server.
        self.assertEqual(count, 3 * len(self.instances) + 2)
        self.rotate(lambda rotation: rotation._finish())
        self.assertEqual(self.get_known(), new)
        self.assertEqual(self.get_key_ids(), {new})
        self.retire(self.old)
        self.assertEqual(self.read_secrets(), self.secrets)

    def test_services_start_with_either_key_until_it_is_over(self):
        self.check_starts()
        new = self.add_key()
        self.check_starts()
        self.rotate(lambda rotation: rotation._announce(new))
        self.check_starts()
        self.publish()
        self.check_starts()
        self.rotate(lambda rotation: rotation._reseal())
        self.check_starts()
        self.rotate(lambda rotation: rotation._finish())
        self.check_starts()

    def test_every_part_may_be_run_again(self):
        new = self.add_key()
        for _ in range(2):
            self.rotate(lambda rotation: rotation._announce(new))
        self.assertEqual(self.get_known(), f"{self.old} {new}")
        self.publish()
        self.rotate(lambda rotation: rotation._reseal())
        self.assertEqual(self.rotate(lambda rotation: rotation._reseal())[0], 0)
        for _ in range(2):
            self.rotate(lambda rotation: rotation._finish())
        self.assertEqual(self.get_known(), new)

    def test_a_key_is_not_forgotten_while_something_is_sealed_with_it(self):
        new = self.add_key()
        self.rotate(lambda rotation: rotation._announce(new))
        self.publish()
        with self.assertRaisesRegex(PermanentInfraError, "still sealed"):
            self.rotate(lambda rotation: rotation._finish())
        self.assertEqual(self.get_known(), f"{self.old} {new}")

    def test_a_key_that_jobs_does_not_have_is_not_announced(self):
        with self.assertRaisesRegex(PermanentInfraError, "cannot open"):
            self.rotate(lambda rotation: rotation._announce("0" * 16))
        self.assertEqual(self.get_known(), self.old)

    def test_an_altered_secret_is_named(self):
        self.add_key()
        self.publish()
        with self.open_env() as env:
            server = self.fleet(env, "server")
            server.admin_password_sealed = f"{self.old}:AAAA"
        named = rf"saas_database_server.admin_password_sealed of {server.id}: .*altered"
        with self.assertRaisesRegex(PermanentInfraError, named):
            self.rotate(lambda rotation: rotation._reseal())

    def test_only_a_local_command_rotates(self):
        with self.open_env() as env:
            user = new_test_user(env, "rotator", groups="saas_infra.group_operator")
            rotation = env["saas.key.rotation"].with_user(user)
            for part in (rotation._reseal, rotation._finish):
                with self.assertRaisesRegex(AccessError, "local root command"):
                    part()
            user.unlink()

    # === HELPERS === #

    def add_key(self):
        """Give `jobs` another private key; the public one waits.

        :return: its fingerprint
        """
        name = uuid4().hex
        key = PrivateKey.generate()
        for path, half in (
            (self.folder / f"seal/{name}.key", key),
            (self.folder / "next.pub", key.public_key),
        ):
            path.write_text(base64.b64encode(bytes(half)).decode())
        return fingerprint(bytes(key.public_key))

    def publish(self):
        (self.folder / "next.pub").replace(self.folder / "seal.pub")

    def retire(self, key_id):
        """Take an earlier private key away."""
        for path in (self.folder / "seal").glob("*.key"):
            key = PrivateKey(base64.b64decode(path.read_text()))
            if fingerprint(bytes(key.public_key)) == key_id:
                path.unlink()

    def rotate(self, part):
        with self.open_env() as env:
            return part(env["saas.key.rotation"])

    def check_starts(self):
        with self.open_env() as env:
            self.assertEqual(env["saas.sealed.mixin"]._find_key_problem(), "")

    def read_secrets(self):
        with self.open_env() as env:
            instances = env["saas.instance"].browse(self.instances)
            return [
                self.fleet(env, "server")._get_admin_password(),
                self.fleet(env, "template")._get_database_spec().password,
                *(one._get_database_spec().password for one in instances),
                *(one._get_proxy_secret() for one in instances),
            ]

    def get_key_ids(self):
        with self.open_env() as env:
            instances = env["saas.instance"].browse(self.instances)
            columns = ("password_sealed", "proxy_secret_sealed")
            sealed = [one[column] for one in instances for column in columns]
            sealed.append(self.fleet(env, "server").admin_password_sealed)
            sealed.append(self.fleet(env, "template").password_sealed)
            return {text.partition(":")[0] for text in sealed}

    def get_known(self):
        with self.open_env() as env:
            return env["ir.config_parameter"].get_param(KEY_PARAMETER)

    def set_known(self, value):
        with self.open_env() as env:
            env["ir.config_parameter"].set_param(KEY_PARAMETER, value)
