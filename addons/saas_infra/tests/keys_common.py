"""Key files of a test, and settings that name them."""

import base64
import tempfile
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

from nacl.public import PrivateKey

from odoo.tests import TransactionCase

from ..drivers.sealing import fingerprint
from ..tools.settings import Settings

MODULES = (
    "odoo.addons.saas_infra.tools.keys",
    "odoo.addons.saas_infra.models.saas_sealed_mixin",
)


class KeysCase(TransactionCase):
    def setUp(self):
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.mixin = self.env["saas.sealed.mixin"]
        # A folder for each test: keys are read once per path and process.
        self.keys = self.folder / "keys"
        self.keys.mkdir()
        self.key = self.make_key("first")
        self.use_settings(Settings(service="jobs", **self.name_keys("first")))

    def make_key(self, name, *, held=True):
        """Write a pair of keys; only one that is held opens secrets.

        :return: its fingerprint
        """
        key = PrivateKey.generate()
        public = bytes(key.public_key)
        (self.folder / f"{name}.pub").write_text(base64.b64encode(public).decode())
        if held:
            (self.keys / f"{name}.key").write_text(
                base64.b64encode(bytes(key)).decode()
            )
        return fingerprint(public)

    def name_keys(self, name):
        return {
            "seal_public_key": self.folder / f"{name}.pub",
            "seal_private_keys": self.keys,
        }

    def use_settings(self, settings):
        self.settings = settings
        for module in MODULES:
            self.startPatcher(patch(f"{module}.get_settings", lambda: settings))

    def change_settings(self, **values):
        self.use_settings(replace(self.settings, **values))
