"""Kill Bill as the master knows it: its login, its tenant, its troubles."""

from odoo.tests import tagged

from odoo.addons.saas_infra.drivers.errors import PermanentInfraError

from ..killbill.errors import Refused
from .common import KillbillCommon


@tagged("post_install", "-at_install")
class TestServer(KillbillCommon):
    def answer(self, kind, **params):
        """Let `jobs` answer at once what was asked."""
        inquiry = self.env["saas.inquiry"]._ask(kind, server=self.server.id, **params)
        inquiry._job_answer()
        return inquiry

    def test_the_tenant_has_a_secret_that_stays(self):
        self.server._set_up()
        [(key, secret)] = self.killbill.known.items()
        self.assertIn(f"-{self.server.company_id.id}", key)
        self.server._set_up()
        self.assertEqual(self.server._get_secret(), secret)
        self.assertEqual(self.killbill.known, {key: secret})

    def test_the_secret_is_kept_before_kill_bill_is_told(self):
        with self.kill_bill_down():
            self.answer("killbill_setup")
        secret = self.server._get_secret()
        self.server._set_up()
        self.assertEqual([*self.killbill.known.values()], [secret])

    def test_secrets_are_sealed_for_their_address(self):
        self.server._set_up()
        for sealed in (
            self.server.admin_password_sealed,
            self.server.tenant_secret_sealed,
        ):
            self.assertNotIn(self.server._get_secret(), sealed)
            self.assertNotIn("word-of-login", sealed)
        self.server._write_guarded({"url": "http://attacker.test"})
        for open_it in (self.server._get_admin_password, self.server._get_secret):
            with self.assertRaisesRegex(PermanentInfraError, "for another record"):
                open_it()

    def test_who_was_not_set_up_is_told_how(self):
        with self.assertRaisesRegex(PermanentInfraError, "saasctl billing setup"):
            self.server._get_secret()

    def test_a_clock_that_can_be_moved_is_refused_in_production(self):
        self.server._set_up()
        self.server.is_production = True
        for refused in (
            self.server._set_up,
            self.server._publish,
            lambda: self.server._look(self.killbill),
        ):
            with self.assertRaisesRegex(PermanentInfraError, "KILLBILL_TEST_MODE=0"):
                refused()
        self.killbill.is_in_test_mode = False
        self.server._set_up()
        self.assertEqual(self.server._look(self.killbill)["version"], "0.22.26")

    def test_set_up_is_told_to_who_asked(self):
        inquiry = self.answer("killbill_setup")
        self.assertEqual(inquiry.state, "done")
        self.assertIn("starter-monthly: new", inquiry.answer["changes"])
        self.assertEqual(self.answer("killbill_setup").answer, {"changes": []})
        self.assertEqual(self.answer("killbill_compare").answer, {"changes": []})

    def test_a_price_is_published_from_the_date_that_was_asked_for(self):
        self.server._set_up()
        self.set_price(monthly=11.0, annual=100.0)
        date = "2030-01-01 00:00:00"
        changed = self.answer("killbill_publish", prices_from=date).answer["changes"]
        self.assertIn(
            "starter-monthly: existing subscriptions pay this from 2030-01-01", changed
        )

    def test_a_kill_bill_that_is_down_or_refuses_is_told_in_words(self):
        with self.kill_bill_down():
            for kind in ("killbill_setup", "killbill_compare", "killbill_publish"):
                inquiry = self.answer(kind)
                self.assertEqual(inquiry.state, "failed")
                self.assertEqual(
                    inquiry.message, "Kill Bill does not answer. Start it."
                )
        refusal = Refused("Kill Bill refuses: no.")
        self.killbill.tenants.catalog = lambda: (_ for _ in ()).throw(refusal)
        self.assertEqual(
            self.answer("killbill_compare").message, "Kill Bill refuses: no."
        )

    def test_its_version_is_written_down(self):
        seen = self.server._try_connection()
        self.assertEqual((seen["version"], seen["waiting_webhooks"]), ("0.22.26", 0))
        self.assertEqual(self.server.version, "0.22.26")
        self.assertTrue(self.server.last_seen)

    def test_set_up_knows_it_once(self):
        facts = {"url": "http://127.0.0.1:1", "login": "saasodoo", "password": "one"}
        self.server.unlink()
        servers = self.env["saas.killbill.server"]
        for password in ("one", "two"):
            servers._setup_embedded(facts | {"password": password})
        server = servers.search([("url", "=", facts["url"])])
        self.assertEqual(len(server), 1)
        self.assertEqual(server._get_admin_password(), "two")
        self.assertEqual(len(server.overdue_ids), 3)
