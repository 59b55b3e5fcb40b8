"""Secrets at rest: anyone with the public half seals, only a private half opens."""

import base64
import tempfile
from pathlib import Path

from nacl.public import PrivateKey

from odoo.tests import BaseCase, tagged

from ..drivers.errors import PermanentInfraError
from ..drivers.sealing import Keyring, Sealer, fingerprint, read_key

SECRET = "'; $(id) {{7*7}} <script> é"


@tagged("post_install", "-at_install")
class TestSealing(BaseCase):
    def setUp(self):
        super().setUp()
        self.old, self.new = PrivateKey.generate(), PrivateKey.generate()

    def sealer(self, key):
        return Sealer(bytes(key.public_key))

    def keyring(self, *keys):
        return Keyring(bytes(key) for key in keys)

    def test_what_was_sealed_is_opened_by_its_key(self):
        sealed = self.sealer(self.new).seal(SECRET)
        self.assertNotIn("script", sealed)
        self.assertEqual(self.keyring(self.new).open(sealed), SECRET)

    def test_the_same_secret_is_never_sealed_the_same(self):
        sealer = self.sealer(self.new)
        self.assertNotEqual(sealer.seal(SECRET), sealer.seal(SECRET))

    def test_a_sealed_secret_names_its_key(self):
        sealed = self.sealer(self.new).seal(SECRET)
        key_id = fingerprint(bytes(self.new.public_key))
        self.assertEqual(sealed.partition(":")[0], key_id)
        self.assertEqual(self.keyring(self.new).key_ids, {key_id})

    def test_several_keys_open_what_each_of_them_sealed(self):
        keyring = self.keyring(self.old, self.new)
        for key in (self.old, self.new):
            self.assertEqual(keyring.open(self.sealer(key).seal(SECRET)), SECRET)

    def test_another_key_is_refused_with_both_fingerprints(self):
        sealed = self.sealer(self.old).seal(SECRET)
        with self.assertRaises(PermanentInfraError) as caught:
            self.keyring(self.new).open(sealed)
        for key in (self.old, self.new):
            self.assertIn(fingerprint(bytes(key.public_key)), str(caught.exception))
        self.assertIn("restart `jobs`", caught.exception.cure)

    def test_without_any_key_nothing_is_opened(self):
        sealed = self.sealer(self.new).seal(SECRET)
        with self.assertRaisesRegex(PermanentInfraError, "this process has none"):
            self.keyring().open(sealed)

    def test_what_was_altered_is_refused_without_its_content(self):
        key_id, _, box = self.sealer(self.new).seal(SECRET).partition(":")
        raw = bytearray(base64.b64decode(box))
        raw[-1] ^= 1
        for altered in (base64.b64encode(raw).decode(), "AAAA", "no base64", ""):
            with (
                self.subTest(altered=altered),
                self.assertRaisesRegex(PermanentInfraError, "was altered"),
            ):
                self.keyring(self.new).open(f"{key_id}:{altered}")


@tagged("post_install", "-at_install")
class TestKeyFiles(BaseCase):
    def setUp(self):
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = Path(folder.name) / "a.key"

    def test_a_key_is_32_bytes_in_base64(self):
        self.path.write_text(base64.b64encode(b"k" * 32).decode() + "\n")
        self.assertEqual(read_key(self.path), b"k" * 32)

    def test_a_key_of_another_length_is_refused(self):
        for length in (0, 31, 33, 64):
            self.path.write_text(base64.b64encode(b"k" * length).decode())
            with self.assertRaisesRegex(PermanentInfraError, "not 32 bytes long"):
                read_key(self.path)

    def test_what_is_no_key_is_refused_with_its_path(self):
        self.path.write_text("no key at all!")
        with self.assertRaisesRegex(PermanentInfraError, str(self.path)):
            read_key(self.path)

    def test_a_key_that_is_gone_is_told_with_a_cure(self):
        with self.assertRaises(PermanentInfraError) as caught:
            read_key(self.path)
        self.assertIn("escrow", caught.exception.cure)
