"""A service with another key than the database was sealed with refuses to start."""

import contextlib
import io
import os

from odoo.tests import tagged

from ..drivers.errors import PermanentInfraError
from ..models.saas_sealed_mixin import KEY_PARAMETER
from ..tools.settings import Settings
from .keys_common import KeysCase

MIXIN = "odoo.addons.saas_infra.models.saas_sealed_mixin"


@tagged("post_install", "-at_install")
class TestPlatformKey(KeysCase):
    def setUp(self):
        super().setUp()
        parameters = self.env["ir.config_parameter"]
        parameters.search([("key", "=", KEY_PARAMETER)]).unlink()

    def known(self):
        return self.env["ir.config_parameter"].get_param(KEY_PARAMETER)

    def refusal(self):
        """Return what the log says of a service that ends instead of starting."""
        said = io.StringIO()
        with (
            self.assertLogs(MIXIN, level="CRITICAL") as log,
            self.assertRaises(SystemExit) as ended,
            contextlib.redirect_stderr(said),
        ):
            self.mixin._check_platform_key()
        # No other kind of exception ends an Odoo that loads its registry.
        self.assertEqual(ended.exception.code, os.EX_CONFIG)
        [record] = log.records
        self.assertEqual(said.getvalue().strip(), record.getMessage())
        return record.getMessage()

    def test_the_first_start_takes_the_key_down(self):
        self.mixin._check_platform_key()
        self.assertEqual(self.known(), self.key)
        self.mixin._check_platform_key()

    def test_another_key_is_refused_with_both_fingerprints(self):
        self.mixin._check_platform_key()
        other = self.make_key("other")
        self.change_settings(**self.name_keys("other"))
        said = self.refusal()
        self.assertIn(self.key, said)
        self.assertIn(other, said)
        self.assertIn("Put the right key back", said)
        self.assertEqual(self.known(), self.key)

    def test_jobs_without_the_private_half_refuses_with_both_fingerprints(self):
        sealed = self.make_key("sealed", held=False)
        self.change_settings(**self.name_keys("sealed"))
        self.env["ir.config_parameter"].set_param(KEY_PARAMETER, sealed)
        said = self.refusal()
        self.assertIn(sealed, said)
        self.assertIn(f"`jobs` can only open {self.key}", said)

    def test_web_starts_with_the_public_half_alone(self):
        self.change_settings(service="web", seal_private_keys=None)
        self.mixin._check_platform_key()
        self.assertEqual(self.known(), self.key)

    def test_a_key_that_cannot_be_read_is_refused_as_well(self):
        self.change_settings(seal_public_key=self.folder / "absent.pub")
        self.assertIn("absent.pub cannot be read", self.refusal())

    def test_a_shell_without_the_section_is_not_checked(self):
        self.env["ir.config_parameter"].set_param(KEY_PARAMETER, "0" * 16)
        self.use_settings(Settings())
        self.mixin._register_hook()


@tagged("post_install", "-at_install")
class TestSealedMixin(KeysCase):
    def test_jobs_opens_what_was_sealed(self):
        sealed = self.mixin._seal("secret")
        self.assertTrue(sealed.startswith(f"{self.key}:"))
        self.assertEqual(self.mixin._unseal(sealed), "secret")

    def test_a_secret_opens_only_for_what_it_was_sealed_for(self):
        sealed = self.mixin._seal("secret", "database", "one")
        self.assertEqual(self.mixin._unseal(sealed, "database", "one"), "secret")
        for purpose in ((), ("database",), ("database", "two"), ("proxy", "one")):
            with self.assertRaisesRegex(PermanentInfraError, "another record"):
                self.mixin._unseal(sealed, *purpose)

    def test_nothing_is_sealed_as_nothing(self):
        self.assertFalse(self.mixin._seal(""))
        self.assertEqual(self.mixin._unseal(False), "")

    def test_web_seals_and_opens_nothing(self):
        self.change_settings(service="web", seal_private_keys=None)
        sealed = self.mixin._seal("secret")
        with self.assertRaisesRegex(PermanentInfraError, "this process has none"):
            self.mixin._unseal(sealed)

    def test_a_process_without_any_key_says_what_is_missing(self):
        self.use_settings(Settings())
        with self.assertRaisesRegex(PermanentInfraError, "seal_public_key"):
            self.mixin._seal("secret")

    def test_a_password_is_sealed_when_it_is_saved_and_not_read_back(self):
        region = self.env["saas.region"].create({"name": "R", "code": "sealed"})
        server = self.env["saas.database.server"].create(
            {
                "name": "S",
                "region_id": region.id,
                "host": "sealed.test",
                "admin_login": "admin",
                "admin_password": "secret",
            }
        )
        server.invalidate_recordset()
        self.assertFalse(server.admin_password)
        self.assertNotIn("secret", server.admin_password_sealed)
        self.assertEqual(server._get_admin_password(), "secret")
        server.host = "elsewhere.test"  # It would be told whoever listens there.
        with self.assertRaisesRegex(PermanentInfraError, "Enter the password again"):
            server._get_admin_password()
        server.host = "sealed.test"
        before = server.admin_password_sealed
        server.admin_password = False  # Nothing typed changes nothing.
        self.assertEqual(server.admin_password_sealed, before)
        self.assertFalse(server.copy({"host": "other.test"}).admin_password_sealed)
