"""Tests whose changes are committed, as a worker's are; removed when they end."""

import json
import tempfile
from contextlib import contextmanager
from threading import RLock, Thread
from unittest.mock import patch
from uuid import uuid4

from odoo import SUPERUSER_ID, api
from odoo.modules.registry import Registry
from odoo.tests import BaseCase, get_db_name
from odoo.tools import SQL

from ..models.saas_alarm import SaasAlarm
from .common import FakeOutside, build_outside, make_fleet, put_on_swarm

# What tests make, in the order in which it can go.
MADE = (
    "saas_event",
    "saas_operation",
    "saas_instance",
    "saas_subscription",
    "saas_template",
    "saas_odoo_version",
    "saas_plan",
    "saas_storage",
    "saas_cluster",
    "saas_database_server",
    "saas_proxy",
    "saas_mail_relay",
    "saas_region",
    "queue_job",
)


class CommittedCase(BaseCase):
    """A fleet on fakes, seen by every cursor."""

    outside_class = FakeOutside
    cells = ()  # how many tenants each has room for, where the cluster is a swarm

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.registry = Registry(get_db_name())
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.outside = cls.outside_class(folder.name)
        cls.enterClassContext(cls.outside)
        cls.addClassCleanup(cls.forget, cls.get_last_ids())
        cls.set_retention("0")
        cls.addClassCleanup(cls.set_retention, False)
        with cls.open_env() as env:
            fleet = make_fleet(env, **cls.get_room())
            if cls.cells:
                put_on_swarm(fleet, *cls.cells)
            build_outside(fleet.template)
            cls.ids = {name: record.id for name, record in vars(fleet).items()}

    def setUp(self):
        super().setUp()
        self.mails = []
        self.startPatcher(
            patch.object(
                SaasAlarm,
                "_mail_managers",
                lambda _self, subject, text: self.mails.append((subject, text)),
            )
        )

    @classmethod
    def get_room(cls):
        """Return what the fleet's cluster has; see ``make_fleet``."""
        return {}

    @classmethod
    @contextmanager
    def open_env(cls):
        """Open an environment of its own; what it changed is committed."""
        with cls.registry.cursor() as cr:
            yield api.Environment(cr, SUPERUSER_ID, {})

    @classmethod
    def set_retention(cls, days):
        with cls.open_env() as env:
            parameters = env["ir.config_parameter"]
            parameters.set_param("saas_master.retention_days", days)

    @classmethod
    def get_last_ids(cls):
        with cls.open_env() as env:
            ids = {}
            for table in MADE:
                name = SQL.identifier(table)
                env.cr.execute(SQL("SELECT COALESCE(max(id), 0) FROM %s", name))
                ids[table] = env.cr.fetchone()[0]
            return ids

    @classmethod
    def forget(cls, ids):
        """Delete what was made since the last ids were read."""
        with cls.open_env() as env:
            env.cr.execute(
                "UPDATE saas_subscription SET instance_id = NULL WHERE id > %s",
                [ids["saas_subscription"]],
            )
            for table in MADE:
                name = SQL.identifier(table)
                env.cr.execute(SQL("DELETE FROM %s WHERE id > %s", name, ids[table]))

    def forget_when_over(self):
        """Leave database and outside to the next test as they are now."""
        ids, world = self.get_last_ids(), json.loads(self.outside.world.read_text())
        self.addCleanup(self.restore_outside, world)
        self.addCleanup(self.forget, ids)

    def restore_outside(self, world):
        """Have the outside as it was; alone, as somebody may look at it still."""
        with self.outside.get_world().change() as state:
            state.clear()
            state.update(world)

    # === ASKING AND WORKING === #

    def fleet(self, env, name):
        """Return a record of the fleet: region, cluster, plan …"""
        models = {
            "server": "saas.database.server",
            "version": "saas.odoo.version",
            "relay": "saas.mail.relay",
            "partner": "res.partner",
        }
        return env[models.get(name, f"saas.{name}")].browse(self.ids[name])

    def request(self, env, **values):
        """Ask for an instance of a customer of its own."""
        name = values.pop("subdomain", None) or f"c{uuid4().hex[:10]}"
        return env["saas.instance"]._request_instance(
            **{
                "plan": self.fleet(env, "plan"),
                "region": self.fleet(env, "region"),
                "partner": env["res.partner"].create(
                    {"name": f"'; $(id) {{{{7*7}}}} <script> {name}"}
                ),
                "subdomain": name,
                "email": f"{name}@x.test",
                **values,
            }
        )

    def create_instance(self, **values):
        """Ask for an instance and commit.

        :return: its id and the id of the operation that creates it
        """
        with self.open_env() as env:
            instance = self.request(env, **values)
            return instance.id, instance.last_operation_id.id

    def make_instance(self, *kinds, **values):
        """Have a running instance, then do more to it.

        :return: its id
        """
        instance, operation = self.create_instance(**values)
        self.work(operation)
        for kind in kinds:
            self.do(instance, kind)
        return instance

    def ask(self, instance, kind, **params):
        """Ask for an operation and commit.

        :return: its id
        """
        with self.open_env() as env:
            return env["saas.instance"].browse(instance)._request(kind, **params).id

    def do(self, instance, kind, **params):
        """Ask for an operation and run it to its end."""
        operation = self.ask(instance, kind, **params)
        self.work(operation)
        return operation

    def run_job(self, operation):
        """Run a job once, as queue_job does.

        :return: the operation's state and message
        """
        with self.open_env() as env:
            record = env["saas.operation"].browse(operation)
            record._job_run()
            return record.state, record.message

    def work(self, operation):
        """Run jobs until the operation is done."""
        for _ in range(10):
            state, message = self.run_job(operation)
            if state not in ("queued", "running"):
                self.assertEqual(state, "done", message)
                return
        self.fail("The operation did not end.")

    def work_at_last(self, instance):
        """Run the operation that was opened last, whoever opened it.

        :return: its kind
        """
        with self.open_env() as env:
            last = env["saas.instance"].browse(instance).operation_ids[:1]
            operation, kind = last.id, last.kind
        self.work(operation)
        return kind

    def look_up(self, model, record, *names):
        """Read fields as another cursor sees them now."""
        with self.open_env() as env:
            [values] = env[model].browse(record).read(names, load=None)
            return values[names[0]] if len(names) == 1 else [values[n] for n in names]

    def instance(self, record, *names):
        return self.look_up("saas.instance", record, *names)

    def operation(self, record, *names):
        return self.look_up("saas.operation", record, *names)

    def step_states(self, operation):
        with self.open_env() as env:
            steps = env["saas.operation"].browse(operation).step_ids
            return {step.name: step.state for step in steps}

    def fail_next(self, call, error, times=1, **options):
        """Have the next calls of a driver fail."""
        for _ in range(times):
            self.outside.get_world().fail_next(call, error, **options)

    def calls(self, text):
        """Return the calls to the outside so far that contain a text."""
        return [call for call in self.outside.get_world().log if text in call]

    @staticmethod
    def at_once(*works):
        """Run functions in threads of their own.

        :return: what each returned or raised, in order
        """
        results = [None] * len(works)

        def run(number, work):
            try:
                results[number] = work()
            except Exception as error:
                results[number] = error

        threads = [Thread(target=run, args=each) for each in enumerate(works)]
        # Whoever loads modules and tests them holds the lock: nobody else would begin.
        with patch.object(Registry, "_lock", RLock()):
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(120)
        return results
