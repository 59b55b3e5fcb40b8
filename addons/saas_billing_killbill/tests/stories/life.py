"""A customer, and what there is of them in Kill Bill, on the platform, in the books."""

from odoo.fields import Command


class Life:
    """A customer with an instance, wherever both are kept.

    :param StoryCase story: in which it happens
    :param instance: its ``saas.instance``
    """

    def __init__(self, story, instance):
        self._story = story
        self.id, self.partner = instance.id, instance.partner_id.id
        self.account = instance.subscription_id.killbill_account_id.id

    def instance(self, env):
        return env["saas.instance"].browse(self.id)

    def subscription(self, env):
        """Return the customer's own, the last one where there were several."""
        own = self.instance(env).subscription_ids.filtered(
            lambda one: one.partner_id.id == self.partner
        )
        return own.sorted("id")[-1:]

    def get_waiting(self):
        """Return the id of an operation that waits for its turn, None for none."""
        with self._story.open_env() as env:
            return self.instance(env)._get_active_operation().id

    # === WHAT IS DONE === #

    def ask(self, name, *arguments, **values):
        """Call a method of the subscription, or else of the instance."""
        with self._story.open_env() as env:
            record = self.subscription(env)
            if not hasattr(record, name):
                record = self.instance(env)
            getattr(record, name)(*arguments, **values)
        self._story.settle()

    def change_plan(self, code):
        """Ask for another plan."""
        with self._story.open_env() as env:
            plan = env["saas.plan"].search([("code", "=", code)])
            self.instance(env)._change_plan(plan)
        self._story.settle()

    def hand_over(self):
        """Give the instance to another customer.

        :return: their life
        :rtype: Life
        """
        with self._story.open_env() as env:
            taker = env["res.partner"].create({"name": "Taker"})
            instance = self.instance(env)
            instance._hand_over(taker, "taker@x.test")
            life = Life(self._story, instance)
        return self._story.follow(life)

    def pay(self, amount=None):
        """Pay what this instance owes, as a bank's statement does, or a part of it.

        :param float amount: with tax; all of it where it is not told
        :return: ids of the payments
        """
        with self._story.open_env() as env:
            wizard = env["account.payment.register"].with_context(
                active_model="account.move", active_ids=self._get_unpaid(env).ids
            )
            values = {"amount": amount} if amount else {"group_payment": True}
            payment = wizard.create(values)._create_payments()
            paid = payment.ids
        self._story.settle()
        return paid

    def pay_online(self, *, save=False):
        """Pay what this instance owes in the portal, by a provider.

        :param bool save: a card that later bills are charged to
        """
        with self._story.open_env() as env:
            provider = env.ref("payment.payment_provider_demo")
            move = self._get_unpaid(env)
            transaction = env["payment.transaction"].create(
                {
                    "provider_id": provider.id,
                    "payment_method_id": provider.payment_method_ids.id,
                    "operation": "online_direct",
                    "amount": move.amount_residual,
                    "currency_id": move.currency_id.id,
                    "partner_id": self.partner,
                    "tokenize": save,
                    "invoice_ids": [Command.set(move.ids)],
                }
            )
            answer = {"simulated_state": "done", "payment_details": "4242"}
            transaction._process(
                "demo", answer | {"reference": transaction.reference}
            )
            transaction._post_process()
        self._story.settle()

    def lose_card(self):
        """Have the saved card be refused from now on."""
        with self._story.open_env() as env:
            card = env["payment.token"].search([("partner_id", "=", self.partner)])
            card.demo_simulated_state = "error"

    def get_back(self, payments):
        """Have payments be undone, as a bank does.

        :param payments: their ids
        """
        with self._story.open_env() as env:
            env["account.payment"].browse(payments).action_draft()
            env["account.payment"].browse(payments).action_cancel()
        self._story.settle()

    def use(self, gigabytes):
        """Be seen to hold files of this size."""
        with self._story.open_env() as env:
            self.instance(env)._write_guarded({"files_gb": gigabytes})

    def _get_unpaid(self, env):
        account = env["saas.killbill.account"].browse(self.account)
        own = account.move_ids.invoice_line_ids.filtered(
            lambda line: line.saas_subscription_id == self.subscription(env)
        )
        return own.move_id.filtered(
            lambda move: move.move_type == "out_invoice" and move.amount_residual
        )

    # === WHAT IS SEEN === #

    @property
    def status(self):
        """How it is billed, and whether it runs."""
        return self._story.instance(self.id, "billing_status", "status")

    @property
    def may_be_purged(self):
        return self._story.instance(self.id, "may_be_purged")

    @property
    def data(self):
        """What it has outside: its database and its folder."""
        names = self._story.instance(self.id, "database", "directory")
        return [
            self._story.outside.read(part)[name]
            for part, name in zip(("databases", "directories"), names, strict=True)
        ]

    @property
    def plan(self):
        with self._story.open_env() as env:
            return self.instance(env).plan_id.code

    @property
    def pending_plan(self):
        """What it has from the next term on, False for what it has."""
        with self._story.open_env() as env:
            return self.subscription(env).pending_plan_id.code

    @property
    def invoices(self):
        """What was asked for and given back, without tax, from the first one on."""
        with self._story.open_env() as env:
            account = env["saas.killbill.account"].browse(self.account)
            return account.move_ids.sorted("id").mapped("amount_untaxed_signed")

    @property
    def news(self):
        """What it was told by mail: subjects, from the first one on."""
        with self._story.open_env() as env:
            instance = self.instance(env)
            mails = env["mail.mail"].search([("email_to", "=", instance.email)])
            return [
                mail.subject.replace(instance.subdomain, "it")
                for mail in mails.sorted("id")
            ]

    def get(self, name):
        """Read a field of the subscription."""
        with self._story.open_env() as env:
            return self.subscription(env)[name]

    def assert_agrees(self, owed=0.0):
        """Compare Kill Bill, the instance and the books.

        :param float owed: what is open on each side, without tax
        """
        story = self._story
        with story.open_env() as env, story.talking() as kb:
            account = env["saas.killbill.account"].browse(self.account)
            story.assertFalse(account.message)
            ledger = kb.accounts.ledger(account.killbill_id)
            balance = kb.accounts.get(account.killbill_id).balance
            story.assertEqual((account.owed, account.open_amount), (owed, owed))
            story.assertEqual(float(balance), owed)
            story.assertEqual((account.difference, account.billed), (0, account.booked))
            known = {one.key: one for one in ledger.subscriptions}
            for life in story.lives:
                if life.account == self.account:
                    life._assert_is_as(known, env)

    def _assert_is_as(self, known, env):
        instance, subscription = self.instance(env), self.subscription(env)
        there = known[subscription.killbill_key]
        case, ended = self._story, there.state == "CANCELLED"
        case.assertEqual(bool(subscription.ended_at), ended)
        if instance.subscription_id != subscription:  # It was handed over.
            case.assertTrue(ended)
            return
        case.assertEqual(there.plan, subscription._get_killbill_plan(instance.plan_id))
        case.assertEqual(instance.billing_status, subscription.billing_status)
        if ended:
            case.assertIn(instance.status, ("terminated", False))
