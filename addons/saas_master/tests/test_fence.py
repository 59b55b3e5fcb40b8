"""A master that was restored from a dump, or copied, changes nothing and says so."""

from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged

from odoo.addons.saas_infra.drivers.errors import PermanentInfraError

from ..models.saas_fence import EPOCH_PARAMETER
from .reconcile_common import ReconcileCase


@tagged("post_install", "-at_install")
class TestFence(ReconcileCase):
    def setUp(self):
        super().setUp()
        self.addCleanup(self.unfreeze)

    # === EPOCHS === #

    def test_each_change_is_followed_by_an_epoch_and_nothing_else_is(self):
        self.assertFalse(self.held())
        self.reconcile(dry_run=True)
        self.assertFalse(self.held())
        self.reconcile()
        first = self.held()
        self.assertEqual(first, self.known())
        self.reconcile()
        self.assertEqual(self.held(), first)
        self.do(self.neighbour, "restart")
        self.reconcile()
        self.assertEqual(self.held(), self.known())
        self.assertEqual(self.number(self.held()), self.number(first) + 1)

    def test_a_death_between_database_and_storage_is_no_trouble(self):
        self.reconcile()
        with self.open_env() as env:
            epoch = env["saas.fence"]._begin_epoch(0)
        self.assertNotEqual(self.held(), epoch)
        self.assertEqual(self.found(self.reconcile()), {})
        self.assertEqual(self.held(), epoch)

    def test_a_storage_that_cannot_be_held_is_told_of(self):
        self.fail_next("directory.set_fence", PermanentInfraError("The disk is full."))
        self.check_stopped(self.reconcile(), "The disk is full.")
        self.assertEqual(self.found(self.reconcile()), {})
        self.assertEqual(self.held(), self.known())

    # === STRANGERS === #

    def test_a_master_from_an_older_dump_stops_rings_and_refuses_changes(self):
        self.reconcile()
        older = self.known()
        self.do(self.neighbour, "restart")
        self.reconcile()
        held, calls = self.held(), len(self.calls("list_"))
        self.set_epoch(older)
        self.check_stopped_by_fence(self.reconcile(), older, held)
        self.assertEqual(len(self.calls("list_")), calls)
        self.assertEqual(self.held(), held)
        for change in (
            lambda: self.ask(self.neighbour, "stop"),
            self.create_instance,
        ):
            with self.assertRaisesRegex(UserError, "make new-epoch"):
                change()

    def test_of_two_copies_the_first_that_begins_an_epoch_holds(self):
        self.reconcile()
        common = self.known()
        number = self.number(common) + 1
        other = f"{number}-{'0' * 16}"
        with self.outside.get_world().change() as state:
            state["fence"] = other
        for own in (common, f"{number}-{'f' * 16}"):
            with self.subTest(own=own):
                self.mails.clear()
                self.set_epoch(own)
                self.check_stopped_by_fence(self.reconcile(), own, other)
                self.unfreeze()

    def test_an_empty_master_on_old_storages_stops(self):
        self.reconcile()
        held = self.held()
        self.set_epoch(False)
        self.check_stopped_by_fence(self.reconcile(), "none", held)

    def test_unfreezing_alone_does_not_help(self):
        self.become_older()
        self.reconcile()
        self.unfreeze()
        self.assertTrue(self.reconcile()["alarms"])
        self.assertTrue(self.is_frozen())

    def test_a_dry_run_only_tells_of_a_stranger(self):
        self.become_older()
        [alarm] = self.reconcile(dry_run=True)["alarms"]
        self.assertIn("make new-epoch", alarm)
        self.assertFalse(self.mails)
        self.assertFalse(self.is_frozen())

    def test_after_a_new_epoch_the_master_holds_again(self):
        self.become_older()
        self.reconcile()
        held = self.held()
        with self.open_env() as env:
            epoch, troubles = env["saas.fence"]._take_over()
        self.assertFalse(troubles)
        self.assertGreater(self.number(epoch), self.number(held))
        self.assertEqual((self.held(), self.known()), (epoch, epoch))
        self.assertTrue(self.is_frozen(), "somebody looks first")
        self.unfreeze()
        self.mails.clear()
        self.assertEqual(self.found(self.reconcile()), {})

    def test_only_a_local_command_begins_an_epoch(self):
        with self.open_env() as env:
            operator = new_test_user(
                env, "fence_operator", groups="saas_infra.group_operator"
            )
            with self.assertRaisesRegex(AccessError, "local root command"):
                env["saas.fence"].with_user(operator)._take_over()
            operator.unlink()

    # === HELPERS === #

    def held(self):
        return self.outside.read("fence")

    def known(self):
        with self.open_env() as env:
            return env["ir.config_parameter"].get_param(EPOCH_PARAMETER)

    def number(self, epoch):
        return int(epoch.partition("-")[0])

    def become_older(self):
        self.reconcile()
        self.set_epoch("0-0000000000000000")

    def is_frozen(self):
        with self.open_env() as env:
            return env["saas.operation"]._is_frozen()

    def check_stopped_by_fence(self, report, own, held):
        [alarm] = report["alarms"]
        self.assertIn(f"held by the epoch {held}, this master has {own}:", alarm)
        self.assertFalse(report["repaired"] + report["lost"] + report["orphans"])
        [(subject, told)] = self.mails
        self.assertEqual((subject, told), ("Reconciling stopped", alarm))
        self.assertTrue(self.is_frozen())
