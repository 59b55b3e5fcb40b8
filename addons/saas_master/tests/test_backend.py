"""What the staff's pages are made of: views that open, figures that are right."""

import json
import re
from datetime import timedelta
from unittest.mock import patch

from odoo import Command, fields
from odoo.exceptions import UserError
from odoo.tests import Form, tagged
from odoo.tools.translate import code_translations

from ..operations.playbooks import PLAYBOOKS
from .access_common import AccessCase

# What interrupts people, gives their instance away, or takes something from them
HARMFUL = [
    "stop",
    "restart",
    "suspend",
    "terminate",
    "discard",
    "change_plan",
    "rename",
    "hand_over",
    "purge",
]


@tagged("post_install", "-at_install")
class TestBackend(AccessCase):
    def test_views_open_for_everybody_who_may_read(self):
        actions = self.env["ir.actions.act_window"].search(
            [("res_model", "=like", "saas.%")]
        )
        self.assertTrue(actions)
        for action in actions:
            kinds = action.view_mode.split(",")
            for group in ("support", "manager", "operator"):
                model = self.env[action.res_model].with_user(self.users[group])
                if not model.has_access("read"):
                    continue
                with self.subTest(action=action.name, group=group):
                    views = model.get_views([(False, kind) for kind in kinds])
                    self.assertEqual(set(views["views"]), set(kinds))

    def test_a_dialog_says_what_it_will_do(self):
        action = self.instance.with_user(self.users["manager"]).action_stop()
        dialog = self.env[action["res_model"]].browse(action["res_id"])
        self.assertEqual(action["target"], "new")
        self.assertIn("Nobody can work", dialog.warning)
        self.assertIn("End the service", dialog.steps)

    def test_what_harms_asks_first_and_says_what_it_will_do(self):
        before = self.instance.last_operation_id
        for kind in HARMFUL:
            with self.subTest(kind=kind):
                manager = self.instance.with_user(self.users["manager"])
                action = getattr(manager, f"action_{kind}")()
                dialog = self.env[action["res_model"]].browse(action["res_id"])
                self.assertEqual((action["target"], dialog.kind), ("new", kind))
                self.assertEqual(dialog.warning, str(PLAYBOOKS[kind].warning))
                self.assertTrue(dialog.warning)
                view = self.env[action["res_model"]].get_view(view_type="form")
                self.assertIn('name="warning"', view["arch"])
        self.assertEqual(self.instance.last_operation_id, before)

    def test_staff_read_operations_in_their_language(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        words = {"Stop": "Arrêter", "End the service": "Terminer le service"}
        translated = patch.object(
            code_translations,
            "get_python_translations",
            lambda module, lang: words if lang == "fr_FR" else {},
        )
        with translated:
            french = self.instance.with_context(lang="fr_FR")
            dialog = self.env["saas.instance.confirm"].with_context(lang="fr_FR")
            dialog = dialog.create({"kind": "stop"})
            self.assertIn("Terminer le service", dialog.steps)
            operation = french._request("stop")
            name = f"Arrêter {self.instance.subdomain}"
            self.assertEqual(operation.display_name, name)
            kinds = operation._fields["kind"]._description_selection(operation.env)
            self.assertEqual(dict(kinds)["stop"], "Arrêter")
            self.assertEqual(operation.step_ids[1].label, "Terminer le service")
            self.assertEqual(operation.with_context(lang="en_US").label, "Stop")
            api = french.env["saas.api"]
            described = json.loads(json.dumps(api._describe_plan("stop")))
            self.assertIn("Terminer le service", described["plan"])

    def test_a_confirmed_operation_keeps_the_reason(self):
        manager = self.users["manager"]
        action = self.instance.with_user(manager).action_stop()
        dialog = self.env[action["res_model"]].browse(action["res_id"])
        dialog.with_user(manager).reason = "Ticket 12"
        dialog.with_user(manager).action_confirm()
        operation = self.instance.last_operation_id
        self.assertEqual((operation.kind, operation.reason), ("stop", "Ticket 12"))
        self.assertEqual(operation.requested_by, manager)

    def test_many_are_changed_together_or_not_at_all(self):
        stopped = self.make_instance("stopped")
        both = self.instance | stopped
        dialog = self.env["saas.instance.confirm"].create(
            {"kind": "restart", "instance_ids": [Command.set(both.ids)]}
        )
        before = self.env["saas.operation"].search_count([])
        with self.assertRaises(UserError), self.env.cr.savepoint():
            dialog.action_confirm()
        self.assertEqual(self.env["saas.operation"].search_count([]), before)

    def test_a_smaller_plan_is_announced(self):
        small = self.fleet.plan.copy({"code": "small", "storage_gb": 1})
        manager = self.users["manager"]
        action = self.instance.with_user(manager).action_change_plan()
        dialog = self.env[action["res_model"]].browse(action["res_id"])
        with Form(dialog.with_user(manager)) as form:
            self.assertFalse(form.shrinks)
            form.plan_id = small
            self.assertTrue(form.shrinks)
            self.assertEqual((form.old_storage_gb, form.storage_gb), (10, 1))

    def test_a_new_instance_refuses_a_bad_name_while_it_is_typed(self):
        with Form(self.env["saas.instance.create"]) as form:
            form.subdomain = "www"
            self.assertIn("reserved", form.refusal)
            form.subdomain = "fine-name"
            self.assertFalse(form.refusal)
            form.partner_id = self.fleet.partner
            self.assertEqual(form.email, self.fleet.partner.email)
        shown = form.record.action_create()
        made = self.env["saas.instance"].browse(shown["res_id"])
        self.assertEqual(made.partner_id, self.fleet.partner)
        self.assertEqual(made.last_operation_id.kind, "provision")

    def test_a_purge_needs_the_name_typed(self):
        ended = self.make_instance("terminated")
        dialog = self.env["saas.instance.purge"].create(
            {"instance_id": ended.id, "confirm": "wrong", "reason": "Asked for"}
        )
        with self.assertRaisesRegex(UserError, ended.subdomain):
            dialog.action_confirm()

    def test_opening_as_support_leads_to_a_link_that_works_once(self):
        dialog = self.env["saas.instance.open"].create(
            {"instance_id": self.instance.id, "reason": "Ticket 12"}
        )
        action = dialog.action_confirm()
        self.assertEqual(action["type"], "ir.actions.act_url")
        code = action["url"].rpartition("#")[2]
        tickets = self.env["saas.login.ticket"]
        self.assertEqual(tickets._spend(code).instance_id, self.instance)
        self.assertFalse(tickets._spend(code))
        self.assertEqual(self.instance.event_ids[:1].reason, "Ticket 12")

    def test_staff_decide_about_billing(self):
        subscription = self.instance.subscription_id
        dialog = self.env["saas.subscription.decide"].create(
            {"subscription_id": subscription.id}
        )
        self.assertEqual(dialog.billing_status, "trial")
        dialog.billing_status = "suspended"
        dialog.action_apply()
        self.assertEqual(self.instance.billing_status, "suspended")
        self.assertEqual(self.instance.last_operation_id.kind, "suspend")

    def test_connections_are_tried_in_the_service_that_has_the_keys(self):
        self.fleet.storage._get_driver().ensure_sentinel()
        for record in (
            self.fleet.cluster,
            self.fleet.server,
            self.fleet.storage,
            self.fleet.proxy,
        ):
            with self.subTest(model=record._name):
                action = record.action_test_connection()
                inquiry = self.env["saas.inquiry"].browse(action["res_id"])
                self.assertEqual(inquiry.state, "waiting")
                answer = inquiry._answer_connection(**inquiry.params)
                self.assertTrue(answer)
        self.assertTrue(self.fleet.server.last_seen)

    def test_a_subscription_is_cancelled_and_goes_on(self):
        subscription = self.instance.subscription_id
        subscription.action_cancel()
        self.assertEqual(subscription.cancel_at, subscription.trial_end)
        subscription.action_undo_cancel()
        self.assertFalse(subscription.cancel_at)

    def test_operations_are_told_apart_by_their_names(self):
        operation = self.instance.last_operation_id
        name = f"{operation.label} {self.instance.subdomain}"
        self.assertEqual(operation.display_name, name)

    def test_the_figures_read_no_history(self):
        self.env.cr.execute(
            "SELECT indexdef FROM pg_indexes WHERE tablename = 'saas_operation'"
        )
        indexes = [definition for (definition,) in self.env.cr.fetchall()]
        for wanted in (
            r"\(write_date\)$",
            r"\(create_date\) WHERE .*'provision'.*'done'",
        ):
            with self.subTest(wanted=wanted):
                self.assertTrue([one for one in indexes if re.search(wanted, one)])

    def test_the_fleet_in_figures(self):
        done = [self.make_instance("running") for _number in range(4)]
        for seconds, instance in enumerate(done, start=1):
            operation = instance.last_operation_id
            operation._write_guarded({"seconds": seconds})
        old = self.make_instance("running").last_operation_id
        old._write_guarded({"seconds": 999})
        self.env.flush_all()
        others = [("kind", "=", "provision"), ("id", "not in", self._ids(done))]
        self.env["saas.operation"].search(others)._write_guarded({"state": "discarded"})
        fleet = self.env["saas.dashboard"].get_fleet()
        creation = fleet["creation"]
        self.assertEqual((creation["count"], creation["p50"]), (4, 2.5))
        self.assertAlmostEqual(creation["p95"], 3.85)
        self._age(done[0].last_operation_id, days=8)
        self.assertEqual(self.env["saas.dashboard"].get_fleet()["creation"]["count"], 3)

    def _ids(self, instances):
        return [instance.last_operation_id.id for instance in instances]

    def _age(self, operation, days):
        self.env.cr.execute(
            "UPDATE saas_operation SET create_date = %s WHERE id = %s",
            [fields.Datetime.now() - timedelta(days=days), operation.id],
        )

    def test_the_fleet_shows_what_failed_and_what_room_is_left(self):
        self.instance._write_guarded({"database": "odoo_cust1_aaaa"})
        failed = self.make_instance("error", operation="failed").last_operation_id
        fleet = self.env["saas.dashboard"].get_fleet()
        self.assertEqual(fleet["operations"]["last_failed"][0]["id"], failed.id)
        [cluster] = [
            one for one in fleet["clusters"] if one["id"] == self.fleet.cluster.id
        ]
        self.assertEqual(cluster["instances"], 1)
        self.assertEqual(
            [meter["used"] for meter in cluster["room"]],
            [self.instance.memory_mb / 1024, self.instance.cpu_cores],
        )
