"""After how many days what is done."""

from psycopg2 import IntegrityError

from odoo import Command
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..killbill import overdue
from .common import KillbillCommon


@tagged("post_install", "-at_install")
class TestOverdue(KillbillCommon):
    def get_published(self):
        states = overdue.parse(self.killbill.tenants.overdue())
        return [(state.name, state.days) for state in states]

    def test_usual_states_are_there_from_the_beginning(self):
        self.server._publish()
        self.assertEqual(
            self.get_published(),
            [("REMIND_3", 3), ("REMIND_7", 7), ("SUSPEND_14", 14)],
        )

    def test_other_days_are_published_as_they_are(self):
        self.server._publish()
        self.server.overdue_ids = [
            Command.clear(),
            Command.create({"days": 5, "action": "remind"}),
            Command.create({"days": 14, "action": "suspend"}),
        ]
        self.assertEqual(
            self.server._publish(),
            [
                "overdue REMIND_5: new",
                "overdue REMIND_3: gone",
                "overdue REMIND_7: gone",
            ],
        )
        self.assertEqual(self.get_published(), [("REMIND_5", 5), ("SUSPEND_14", 14)])

    def test_a_day_has_one_state_and_is_not_the_first(self):
        for days in (3, 0, -1):
            with (
                self.subTest(days=days),
                mute_logger("odoo.sql_db"),
                self.assertRaises(IntegrityError),
                self.env.cr.savepoint(),
            ):
                self.env["saas.overdue.state"].create(
                    {"server_id": self.server.id, "days": days}
                )
                self.env.flush_all()
