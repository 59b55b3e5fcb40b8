"""The command line's key: short-lived, for one user who is no administrator."""

from datetime import timedelta

from freezegun import freeze_time

from odoo import fields
from odoo.exceptions import AccessError
from odoo.tests import TransactionCase, new_test_user, tagged


@tagged("post_install", "-at_install")
class TestApiKey(TransactionCase):
    def setUp(self):
        super().setUp()
        self.api = self.env["saas.api"]
        self.keys = self.env["res.users.apikeys"]

    def get_owner(self, key):
        """Return whom a key of today lets in."""
        uid = self.keys._check_credentials(scope="rpc", key=key)
        return self.env["res.users"].browse(uid or [])

    def get_life(self, **asked):
        """Return how long a key that is made now lives."""
        now = fields.Datetime.now()
        with freeze_time(now):
            owner = self.get_owner(self.api._issue_key(**asked))
        [key] = self.keys.search([("user_id", "=", owner.id)])
        return key.expiration_date - now

    def test_a_key_ends_after_ninety_days_unless_told(self):
        self.assertEqual(self.get_life(), timedelta(days=90))

    def test_a_key_lives_no_longer_than_ninety_days(self):
        self.assertEqual(self.get_life(days=365), timedelta(days=90))

    def test_a_key_may_end_sooner(self):
        self.assertEqual(self.get_life(days=1), timedelta(days=1))

    def test_a_key_that_is_over_lets_nobody_in(self):
        key = self.api._issue_key()
        # PostgreSQL's now() is when the test began.
        over = fields.Datetime.now() - timedelta(days=1)
        self.env.cr.execute(
            "UPDATE res_users_apikeys SET expiration_date = %s WHERE user_id = %s",
            [over, self.get_owner(key).id],
        )
        self.assertFalse(self.get_owner(key))

    def test_its_user_is_an_operator_and_no_administrator(self):
        owner = self.get_owner(self.api._issue_key())
        self.assertEqual(owner.login, "saasctl")
        self.assertTrue(owner.has_group("saas_infra.group_operator"))
        self.assertFalse(owner._is_admin())

    def test_a_new_key_ends_the_earlier_one_of_its_user_alone(self):
        new_test_user(self.env, "other", groups="saas_infra.group_support")
        others = self.api._issue_key(user="other")
        first, second = self.api._issue_key(), self.api._issue_key()
        self.assertFalse(self.get_owner(first))
        self.assertEqual(self.get_owner(second).login, "saasctl")
        self.assertEqual(self.get_owner(others).login, "other")

    def test_an_administrator_gets_none_and_keeps_those_that_there_are(self):
        for group in ("base.group_system", "base.group_erp_manager"):
            with self.subTest(group=group):
                login = group.rpartition("_")[2]
                administrator = new_test_user(self.env, login, groups=group)
                own = self.keys.with_user(administrator).sudo()
                kept = own._generate("rpc", "own", fields.Datetime.now() + timedelta(1))
                with self.assertRaisesRegex(AccessError, "is an administrator"):
                    self.api._issue_key(user=login)
                self.assertEqual(self.get_owner(kept), administrator)

    def test_nobody_but_root_makes_one(self):
        operator = new_test_user(
            self.env, "operator", groups="saas_infra.group_operator"
        )
        for user in (operator, self.env.ref("base.user_admin")):
            refused = self.assertRaisesRegex(AccessError, "local root command")
            with self.subTest(user=user.login), refused:
                self.api.with_user(user).sudo()._issue_key()
