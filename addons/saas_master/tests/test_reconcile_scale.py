"""Thousands of instances: a few queries, and writes only for what drifted."""

from unittest.mock import patch

from odoo.sql_db import Cursor
from odoo.tests import tagged

from .committed import CommittedCase
from .common import make_fleet
from .many_instances import insert_instances, list_from_memory, serve_from_memory

COUNT = 10_000
DRIFTED = 10
CHANGES = ("INSERT", "UPDATE", "DELETE")


@tagged("post_install", "-at_install")
class TestReconcileScale(CommittedCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        with cls.open_env() as env:
            fleet = make_fleet(env)
            insert_instances(env, fleet, COUNT)
            cls.cluster = fleet.cluster.id
            env["saas.fence"]._keep_epoch()

    def reconcile(self, dead=()):
        """Reconcile with a listing from memory.

        :return: the report, and the statements that were executed
        """
        statements = []
        execute = Cursor.execute

        def note(cursor, query, *arguments, **options):
            statements.append(str(getattr(query, "code", query)).split(None, 1)[0])
            return execute(cursor, query, *arguments, **options)

        with self.open_env() as env:
            cluster = env["saas.cluster"].browse(self.cluster)
            listings = list_from_memory(env, cluster, dead)
            with serve_from_memory(listings), patch.object(Cursor, "execute", note):
                report = env["saas.reconcile"]._reconcile()
        return report, statements

    def test_ten_thousand_instances_cost_a_few_queries_and_writes(self):
        report, quiet = self.reconcile()
        self.assertEqual(report["compared"], COUNT)
        self.assertFalse(report["repaired"] + report["lost"] + report["alarms"])
        self.assertFalse(set(quiet) & set(CHANGES))
        self.assertLess(len(quiet), 40)

        dead = {f"odoo_{1000 * number}" for number in range(1, DRIFTED + 1)}
        report, busy = self.reconcile(dead)
        self.assertEqual(len(report["repaired"]), DRIFTED)
        self.assertFalse(report["alarms"])
        # Each repair: its operation, steps, event, job, and the instance's fields.
        self.assertLess(len(busy) - len(quiet), 60 * DRIFTED)
        self.assertLess(sum(one in CHANGES for one in busy), 20 * DRIFTED)
        with self.open_env() as env:
            opened = env["saas.operation"].search([("kind", "=", "repair")])
            asked = opened.filtered(lambda one: one.instance_id.service in dead)
            self.assertEqual(len(asked), DRIFTED)
            untouched = env["saas.instance"].search_count(
                [("cluster_id", "=", self.cluster), ("write_uid", "!=", False)]
            )
            self.assertEqual(untouched, DRIFTED)

    def test_five_percent_is_the_limit_of_what_is_repaired(self):
        dead = {f"odoo_{number}" for number in range(1, COUNT // 20 + 2)}
        report, statements = self.reconcile(dead)
        self.assertFalse(report["repaired"])
        [alarm] = report["alarms"]
        self.assertIn(f"501 of {COUNT} instances seem to have drifted", alarm)
        self.assertLess(len(statements), 60)
