"""What a service is and which keys it reads stand in its configuration file."""

import tempfile
from pathlib import Path
from unittest.mock import patch

from odoo.tests import BaseCase, tagged

from ..drivers.errors import PermanentInfraError
from ..drivers.helper import RootHelper
from ..drivers.helper_socket import SocketHelper
from ..tools import embedded, settings


@tagged("post_install", "-at_install")
class TestSettings(BaseCase):
    def setUp(self):
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = Path(folder.name) / "odoo.conf"
        self.addCleanup(settings.get_settings.cache_clear)

    def read(self, text):  # pylint: disable=method-required-super
        self.path.write_text(text)
        settings.get_settings.cache_clear()
        with patch.object(settings, "config", {"config": str(self.path)}):
            return settings.get_settings()

    def test_the_section_says_who_this_service_is(self):
        found = self.read(
            "[options]\nworkers = 2\n[saasodoo]\nservice = jobs\nplatform = abc\n"
            "seal_public_key = /keys/seal.pub\nseal_private_keys = /keys/100%\n"
            "least_retention_days = 7\n"
        )
        self.assertEqual(found.least_retention_days, 7)
        self.assertEqual((found.service, found.platform), ("jobs", "abc"))
        self.assertEqual(found.seal_public_key, Path("/keys/seal.pub"))
        self.assertEqual(found.seal_private_keys, Path("/keys/100%"))
        self.assertIsNone(found.sign_private_key)

    def test_an_empty_path_is_none(self):
        found = self.read("[saasodoo]\nservice = web\nseal_private_keys =\n")
        self.assertIsNone(found.seal_private_keys)

    def test_without_the_section_a_process_is_nobody(self):
        self.assertEqual(self.read("[options]\nworkers = 2\n"), settings.Settings())

    def test_only_who_is_told_where_drives_a_machine(self):
        nobody = settings.Settings(service="web")
        with (
            patch.object(embedded, "get_settings", lambda: nobody),
            self.assertRaisesRegex(PermanentInfraError, "Only the service `jobs`"),
        ):
            embedded.get_embedded()

    def test_the_root_helper_is_called_by_its_socket_where_it_has_one(self):
        by_sudo = settings.Settings(run_dir=Path("/srv/saas"))
        at = Path("/srv/saas/helper/helper.sock")
        by_socket = settings.Settings(run_dir=by_sudo.run_dir, helper_socket=at)
        for here, kind in ((by_sudo, RootHelper), (by_socket, SocketHelper)):
            with patch.object(embedded, "get_settings", lambda here=here: here):
                self.assertIs(type(embedded.get_embedded().get_helper()), kind)
