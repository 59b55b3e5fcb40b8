"""One exclusive operation an instance: asked politely, enforced by the database."""

import time
from threading import Barrier
from unittest.mock import patch

from psycopg2.errors import UniqueViolation

from odoo.exceptions import UserError
from odoo.service.model import retrying
from odoo.tests import tagged
from odoo.tools import mute_logger

from .committed import CommittedCase


@tagged("post_install", "-at_install")
class TestOneActiveOperation(CommittedCase):
    def test_a_second_request_is_refused_with_what_is_under_way(self):
        instance = self.make_instance()
        restart = self.ask(instance, "restart")
        with (
            self.open_env() as env,
            self.assertRaisesRegex(UserError, "Stop is refused while Restart is under"),
        ):
            env["saas.instance"].browse(instance)._request("stop")
        self.work(restart)

    def test_a_request_during_another_ones_transaction_is_refused_in_the_end(self):
        instance = self.make_instance()
        with self.open_env() as env, self.open_env() as other:
            env["saas.instance"].browse(instance)._request("restart")
            with self.assertRaisesRegex(UserError, "is being changed at this moment"):
                other["saas.instance"].browse(instance)._request("stop")
            other.cr.rollback()
        self.work_at_last(instance)

    def test_a_request_waits_for_who_is_done_in_a_moment(self):
        instance = self.make_instance()
        with self.open_env() as env, self.open_env() as job:
            job["saas.instance"].browse(instance).lock_for_update()
            record = env["saas.instance"].browse(instance)
            with patch.object(time, "sleep", lambda _seconds: job.cr.rollback()):
                restart = record._request("restart")
        self.work(restart.id)

    def test_of_requests_at_the_same_moment_one_wins(self):
        instance = self.make_instance()
        start = Barrier(4)

        def ask():
            with self.open_env() as env:
                record = env["saas.instance"].browse(instance)
                start.wait(60)
                return retrying(lambda: record._request("restart").id, env)

        results = self.at_once(*[ask] * 4)
        won = [result for result in results if isinstance(result, int)]
        self.assertEqual(len(won), 1, results)
        for result in results:
            if result not in won:
                self.assertIsInstance(result, UserError)
        self.work(won[0])
        self.assertEqual(self.instance(instance, "status"), "running")

    @mute_logger("odoo.sql_db")
    def test_the_index_holds_where_nobody_asked_politely(self):
        instance = self.make_instance()
        restart = self.ask(instance, "restart")
        with self.assertRaises(UniqueViolation), self.open_env() as env:
            record = env["saas.instance"].browse(instance)
            env["saas.operation"]._open("stop", instance=record)
            env.flush_all()
        self.work(restart)

    @mute_logger("odoo.sql_db")
    def test_one_template_has_one_operation_at_a_time(self):
        with self.assertRaises(UniqueViolation), self.open_env() as env:
            template = self.fleet(env, "template")
            for _ in range(2):
                env["saas.operation"]._open("build_template", template=template)
            env.flush_all()

    def test_two_templates_are_not_built_on_one_server_at_once(self):
        with self.open_env() as env:
            parts = [
                self.fleet(env, name)
                for name in ("version", "cluster", "server", "storage")
            ]
            env["saas.template"]._build(*parts)
            with self.assertRaisesRegex(UserError, "being built on"):
                env["saas.template"]._build(*parts)
            env.cr.rollback()

    def test_what_is_shared_runs_beside(self):
        instance = self.make_instance()
        restart = self.ask(instance, "restart")
        block = self.ask(instance, "block")
        self.assertFalse(self.operation(block, "exclusive"))
        self.work(block)
        self.work(restart)

    @mute_logger("odoo.sql_db")
    def test_two_creations_of_one_name_at_once_are_one(self):
        start = Barrier(2)

        def create():
            with self.open_env() as env:
                start.wait(60)
                return retrying(lambda: self.request(env, subdomain="at-once").id, env)

        results = self.at_once(create, create)
        won = [result for result in results if isinstance(result, int)]
        [lost] = [result for result in results if not isinstance(result, int)]
        self.assertEqual(len(won), 1)
        self.assertIsInstance(lost, UserError)
        self.assertIn("taken", str(lost))
        with self.open_env() as env:
            left = env["res.partner"].search_count([("name", "like", "% at-once")])
            self.assertEqual(left, 1)
