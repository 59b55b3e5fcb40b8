"""Who did or saw what: logs, links, and what is decided about places and money."""

from odoo.tests import Form, tagged

from .access_common import AccessCase


@tagged("post_install", "-at_install")
class TestEvents(AccessCase):
    def get_events(self, kind):
        return self.env["saas.event"].search(
            [("kind", "=", kind), ("instance_id", "=", self.instance.id)]
        )

    def test_whoever_reads_a_log_is_noted(self):
        support = self.users["support"]
        ways = (
            self.instance.with_user(support).action_show_log,
            lambda: (
                self.env["saas.api"]
                .with_user(support)
                .instance_logs(self.instance.subdomain)
            ),
        )
        for count, read in enumerate(ways, 1):
            read()
            self.assertEqual(len(self.get_events("log_read")), count)
        self.assertEqual(self.get_events("log_read").user_id, support)

    def test_whoever_made_the_link_that_is_followed_is_noted(self):
        manager = self.users["manager"]
        tickets = self.env["saas.login.ticket"]
        link = tickets.with_user(manager)._issue(self.instance, "support", "Ticket 1")
        self.assertFalse(self.get_events("login"))
        ticket = tickets._spend(link["url"].rpartition("#")[2])
        ticket.invalidate_recordset()
        answer = self.env["saas.inquiry"].sudo()._answer_login(ticket.id)
        self.assertTrue(answer["token"])
        event = self.get_events("login")
        self.assertEqual(event.user_id, manager)
        self.assertIn("support", event.message)

    def test_a_link_opened_at_the_command_line_has_a_reason(self):
        api = self.env["saas.api"].with_user(self.users["manager"])
        self.assertIn("/saas/open#", api.instance_open(self.instance.subdomain)["url"])
        self.assertTrue(self.get_events("login_link").reason)


@tagged("post_install", "-at_install")
class TestChanges(AccessCase):
    def check(self, group, kind, message, instance=None):
        """Compare the last event of a kind, and who caused it."""
        event = self.env["saas.event"].search([("kind", "=", kind)], limit=1)
        self.assertEqual(event.message, message)
        self.assertEqual(event.user_id, self.users[group])
        self.assertEqual(event.instance_id, instance or event.instance_id.browse())

    def test_a_place_that_is_added_is_noted_without_its_secrets(self):
        self.env["saas.api"].with_user(self.users["operator"]).server_add(
            "db2", self.fleet.region.code, "db2.test", 5432, "root", "Hunter2"
        )
        self.check(
            "operator",
            "database_server_added",
            "Database Server db2 was added: Admin Login root, "
            f"Admin Password …, Name db2, Region {self.fleet.region.name}, "
            "Host db2.test, Port 5432",
        )

    def test_every_kind_of_place_is_noted_when_its_state_changes(self):
        fleet = self.fleet
        for place, kind in (
            (fleet.cluster, "cluster"),
            (fleet.server, "database_server"),
            (fleet.storage, "storage"),
            (fleet.proxy, "proxy"),
            (fleet.relay, "mail_relay"),
        ):
            with self.subTest(kind=kind):
                place.with_user(self.users["operator"]).state = "draining"
                name = f"{place._description} {place.name}"
                if kind == "storage":
                    name += f" ({fleet.cluster.name})"
                self.check(
                    "operator", f"{kind}_changed", f"{name}: State Open → Draining"
                )

    def test_a_secret_that_is_entered_anew_is_noted_and_not_shown(self):
        server = self.fleet.server.with_user(self.users["operator"])
        server.admin_password = "Hunter2"
        self.check(
            "operator",
            "database_server_changed",
            f"Database Server {server.name}: Admin Password … → …",
        )

    def test_a_node_is_noted_with_its_cluster(self):
        node = self.fleet.cluster.node_ids.with_user(self.users["operator"])
        node.state = "drained"
        name = f"Node localhost ({self.fleet.cluster.name})"
        self.check("operator", "node_changed", f"{name}: State Ready → Drained")
        node.unlink()
        self.check("operator", "node_removed", f"{name} was removed.")

    def test_what_the_platform_sees_of_a_place_is_no_event(self):
        events = self.env["saas.event"]
        before = events.search_count([])
        self.fleet.server._note({"version": 15, "databases": 3, "bytes": 2**30})
        self.fleet.cluster.node_ids.write({"load": 0.5})
        self.assertEqual(events.search_count([]), before)

    def test_a_plan_and_its_prices_are_noted_from_old_to_new(self):
        plan = self.fleet.plan.with_user(self.users["manager"])
        plan.write({"memory_mb": 2048, "storage_gb": 10})
        self.check(
            "manager",
            "plan_changed",
            f"Plan {plan.name}: Memory (MiB) 1024 → 2048",
        )
        plan.price_ids = [(0, 0, {"amount": 10.0})]
        currency = plan.price_ids.currency_id.name
        price = f"Price of a Plan {plan.name}, Monthly, {currency}"
        self.check(
            "manager",
            "plan_price_added",
            f"{price} was added: Plan {plan.name}, Amount 10.0",
        )
        plan.price_ids.amount = 12.5
        self.check("manager", "plan_price_changed", f"{price}: Amount 10.0 → 12.5")
        plan.price_ids.unlink()
        self.check("manager", "plan_price_removed", f"{price} was removed.")

    def test_a_cancellation_is_noted_and_so_is_its_end(self):
        subscription = self.instance.subscription_id.with_user(self.users["manager"])
        name, end = f"Subscription {subscription.name}", subscription.trial_end
        for cancel, change in (
            (subscription.action_cancel, f"– → {end}"),
            (subscription.action_undo_cancel, f"{end} → –"),
        ):
            cancel()
            self.check(
                "manager",
                "subscription_changed",
                f"{name}: Ends on {change}",
                self.instance,
            )

    def test_the_money_and_dates_that_staff_decide_are_noted(self):
        subscription = self.instance.subscription_id
        paid_until = subscription.trial_end
        dialog = self.env["saas.subscription.decide"].with_user(self.users["manager"])
        dialog = dialog.with_context(default_subscription_id=subscription.id)
        with Form(dialog) as form:
            form.billing_status = "overdue"
            form.paid_until = paid_until
            form.due = 25.0
        form.record.action_apply()
        self.check(
            "manager",
            "subscription_changed",
            f"Subscription {subscription.name}: Paid Until – → {paid_until}, "
            "Owed 0.0 → 25.0",
            self.instance,
        )
