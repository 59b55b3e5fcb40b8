import tempfile
from pathlib import Path
from unittest.mock import patch

from odoo.tests import TransactionCase, tagged

from ..models.ir_attachment import IrAttachment


@tagged("post_install", "-at_install")
class TestAttachments(TransactionCase):
    """What `web` and `jobs` both read stands in no folder that `web` writes."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.attachments = cls.env["ir.attachment"]

    def setUp(self):
        super().setUp()
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        place = patch.object(
            type(self.attachments), "_filestore", lambda _self: str(self.folder)
        )
        self.startPatcher(place)

    def make(self):
        return self.attachments.create({"name": "a.txt", "raw": b"hello"})

    def make_in_file(self):
        with patch.object(IrAttachment, "_storage", lambda _self: "file"):
            made = self.make()
        self.assertTrue((self.folder / made.store_fname).is_file())
        return made

    def test_an_attachment_stands_in_the_database_whatever_the_setting_says(self):
        self.env["ir.config_parameter"].set_param("ir_attachment.location", "file")
        made = self.make()
        made.invalidate_recordset()
        self.assertFalse(made.store_fname)
        self.assertEqual(made.raw, b"hello")
        self.assertFalse(list(self.folder.iterdir()))

    def test_what_stood_in_files_is_taken_into_the_database(self):
        made = self.make_in_file()
        self.attachments._move_into_database()
        made.invalidate_recordset()
        self.assertFalse(made.store_fname)
        self.assertEqual(made.raw, b"hello")

    def test_what_cannot_be_read_is_not_emptied(self):
        made = self.make_in_file()
        (self.folder / made.store_fname).unlink()
        made.invalidate_recordset()
        self.attachments._move_into_database()
        self.assertTrue(made.store_fname)

    def test_the_clean_up_follows_no_link_out_of_the_folder(self):
        with tempfile.TemporaryDirectory() as outside:
            kept = Path(outside, "route")
            kept.touch()
            (self.folder / "zz").symlink_to(outside)
            (self.folder / "checklist/zz").mkdir(parents=True)
            (self.folder / "checklist/zz/route").touch()
            with patch.object(self.env.cr, "commit"):
                self.attachments._gc_file_store()
            self.assertTrue(kept.exists())
