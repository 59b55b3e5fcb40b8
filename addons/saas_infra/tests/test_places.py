"""What is closed is not talked to; a copy has closed everything."""

from pathlib import Path
from unittest.mock import patch

from odoo.tests import TransactionCase, tagged
from odoo.tools.misc import file_open

from ..drivers.errors import PermanentInfraError
from ..drivers.storage_view import HelperView, LocalView
from ..models import saas_storage
from ..tools import embedded
from ..tools.settings import Settings


@tagged("post_install", "-at_install")
class TestPlaces(TransactionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        here = Settings(run_dir=Path("/nowhere"))
        cls.startClassPatcher(patch.object(embedded, "get_settings", lambda: here))
        region = cls.env["saas.region"].create({"name": "R", "code": "places"})
        cls.proxy = cls.env["saas.proxy"].create(
            {"name": "P", "address": "places", "port": 80}
        )
        cls.relay = cls.env["saas.mail.relay"].create({"name": "M", "host": "places"})
        cls.cluster = cls.env["saas.cluster"].create(
            {
                "name": "places",
                "region_id": region.id,
                "base_domain": "tenants.test",
                "proxy_id": cls.proxy.id,
            }
        )
        cls.storage = cls.env["saas.storage"].create(
            {"name": "S", "cluster_id": cls.cluster.id, "root": "/places"}
        )
        cls.server = cls.env["saas.database.server"].create(
            {
                "name": "D",
                "region_id": region.id,
                "host": "places",
                "admin_login": "admin",
            }
        )

    def get_places(self):
        return (self.cluster, self.proxy, self.relay, self.server, self.storage)

    def check_refused(self, place):
        with self.assertRaisesRegex(PermanentInfraError, f"{place.name} is closed"):
            place._get_driver()

    def test_what_is_open_or_drains_has_a_driver_and_what_is_closed_has_none(self):
        for place in self.get_places():
            with self.subTest(model=place._name):
                for state in ("open", "draining"):
                    place.state = state
                    self.assertTrue(place._get_driver())
                place.state = "closed"
                self.check_refused(place)

    def test_a_neutralized_copy_has_no_driver(self):
        self.env.flush_all()
        with file_open("saas_infra/data/neutralize.sql") as script:
            self.env.cr.execute(script.read())
        self.env.invalidate_all()
        for place in self.get_places():
            with self.subTest(model=place._name):
                self.check_refused(place)

    def test_a_storage_is_seen_here_but_from_a_container_by_the_helper(self):
        self.assertIsInstance(self.storage._get_driver()._view, LocalView)
        inside = Settings(run_dir=Path("/nowhere"), helper_socket=Path("/nowhere/s"))
        with (
            patch.object(embedded, "get_settings", lambda: inside),
            patch.object(saas_storage, "get_settings", lambda: inside),
        ):
            self.assertIsInstance(self.storage._get_driver()._view, HelperView)
