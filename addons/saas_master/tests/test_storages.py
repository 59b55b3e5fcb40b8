"""A cluster's second storage: nothing goes there before it is known to be ours."""

from uuid import uuid4

from odoo.tests import tagged

from odoo.addons.saas_infra.drivers.errors import PermanentInfraError

from .committed import CommittedCase


@tagged("post_install", "-at_install")
class TestStorages(CommittedCase):
    def setUp(self):
        super().setUp()
        self.forget_when_over()
        self.root = f"/second-{uuid4().hex[:6]}"
        self.first = self.make_instance()
        with self.outside.get_world().change() as state:
            state["blank"].append(self.root)

    def add(self):
        """Add a second storage, by the command line's method.

        :return: its id and the inquiry that marks it
        """
        with self.open_env() as env:
            cluster = self.fleet(env, "cluster").name
            answer = env["saas.api"].storage_add("second", cluster, self.root)
            return answer["id"], answer["inquiry"]

    def answer(self, inquiry):
        with self.open_env() as env:
            env["saas.inquiry"].browse(inquiry)._job_answer()
        return self.look_up("saas.inquiry", inquiry, "state", "message")

    def where(self, instance):
        return self.instance(instance, "storage_id")

    def test_it_is_used_once_it_was_marked(self):
        second, inquiry = self.add()
        self.assertEqual(self.where(self.make_instance()), self.ids["storage"])
        self.assertEqual(self.answer(inquiry)[0], "done")
        instances = [self.make_instance() for _number in range(2)]
        self.assertEqual([self.where(one) for one in instances], [second] * 2)
        self.assertEqual(self.where(self.make_instance()), self.ids["storage"])

    def test_files_come_from_the_templates_storage(self):
        _second, inquiry = self.add()
        self.answer(inquiry)
        instance = self.make_instance()
        name, database = self.instance(instance, "directory", "database")
        directory = self.outside.read("directories")[name]
        self.assertEqual(directory["root"], self.root)
        self.assertEqual(directory["filestores"], [database])

    def test_one_that_cannot_be_marked_is_told_and_tried_again(self):
        second, inquiry = self.add()
        refusal = PermanentInfraError("It is no storage.", "make add-storage")
        self.fail_next("directory.ensure_sentinel", refusal)
        state, message = self.answer(inquiry)
        self.assertEqual(state, "failed")
        self.assertIn("make add-storage", message)
        self.assertFalse(self.look_up("saas.storage", second, "is_marked"))
        again, inquiry = self.add()
        self.assertEqual(again, second)
        self.answer(inquiry)
        self.assertTrue(self.look_up("saas.storage", second, "is_marked"))

    def test_it_is_not_marked_while_the_platform_is_frozen(self):
        second, inquiry = self.add()
        with self.open_env() as env:
            env["saas.operation"]._freeze("Drill.")
        self.addCleanup(self.unfreeze)
        state, message = self.answer(inquiry)
        self.assertEqual(state, "failed")
        self.assertIn("frozen: Drill.", message)
        self.assertFalse(self.look_up("saas.storage", second, "is_marked"))
        self.assertIn(self.root, self.outside.read("blank"))

    def unfreeze(self):
        with self.open_env() as env:
            env["saas.operation"]._unfreeze()

    def test_one_that_was_marked_is_not_marked_again(self):
        second, inquiry = self.add()
        self.answer(inquiry)
        with self.outside.get_world().change() as state:
            state["blank"].append(self.root)  # no longer mounted
        with self.open_env() as env, self.assertRaises(PermanentInfraError):
            env["saas.storage"].browse(second)._try_connection()
        self.assertIn(self.root, self.outside.read("blank"))

    def test_where_it_is_all_there_is_people_read_what_to_do(self):
        self.add()
        with self.open_env() as env:
            self.fleet(env, "storage").state = "draining"
        self.addCleanup(self.open_first)
        _instance, operation = self.create_instance()
        state, message = self.run_job(operation)
        self.assertEqual(state, "failed")
        self.assertIn("The storage second was not marked yet", message)

    def open_first(self):
        with self.open_env() as env:
            self.fleet(env, "storage").state = "open"

    def test_it_does_not_stop_the_reconciliation(self):
        self.add()
        with self.open_env() as env:
            report = env["saas.reconcile"]._reconcile(dry_run=True)
        self.assertFalse(report["alarms"])

    def test_a_dry_run_says_that_it_is_marked(self):
        with self.open_env() as env:
            cluster = self.fleet(env, "cluster").name
            told = env["saas.api"].storage_add(
                "second", cluster, self.root, dry_run=True
            )
            self.assertIn(self.root, str(told))
            self.assertFalse(
                env["saas.storage"].search([("root", "=", self.root)], limit=1)
            )

    def test_a_templates_files_go_to_one_that_is_marked_or_mark_it(self):
        second, _inquiry = self.add()
        with self.open_env() as env:
            cluster = self.fleet(env, "cluster")
            first = self.fleet(env, "storage")
            self.assertEqual(cluster._get_template_storage(), first)
            first.state = "draining"
            self.addCleanup(self.open_first)
            self.assertEqual(cluster._get_template_storage().id, second)
            names = ("version", "cluster", "server")
            places = [self.fleet(env, name) for name in names]
            build = env["saas.template"]._build(
                *places, env["saas.storage"].browse(second)
            )
            operation = build.id
        self.addCleanup(self.restore_template)
        self.work(operation)
        self.assertTrue(self.look_up("saas.storage", second, "is_marked"))
        self.assertNotIn(self.root, self.outside.read("blank"))

    def restore_template(self):
        with self.open_env() as env:
            mine = self.fleet(env, "template")
            others = env["saas.template"].search(
                [("state", "=", "ready"), ("id", "!=", mine.id)]
            )
            others._write_guarded({"state": "retired"})
            env.flush_all()
            mine._write_guarded({"state": "ready"})
