"""Many customers of Kill Bill's, each on trial; run in the master, after COUNT = …"""

from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

AT_ONCE = 8

server = env["saas.killbill.server"].search([])  # noqa: F821  of Odoo's shell
plan = env["saas.plan"].search([("code", "=", "starter")])  # noqa: F821
partners = env["res.partner"].create([{"name": "Bench"} for _ in range(COUNT)])  # noqa: F821
currency = server.company_id.currency_id
accounts = env["saas.killbill.account"]._create_guarded(  # noqa: F821
    [
        {
            "server_id": server.id,
            "partner_id": partner.id,
            "currency_id": currency.id,
            "key": f"odoo-account-{uuid4()}",
        }
        for partner in partners
    ]
)
subscriptions = env["saas.subscription"]._create_guarded(  # noqa: F821
    [
        {
            "partner_id": account.partner_id.id,
            "plan_id": plan.id,
            "period": "monthly",
            "billing_status": "trial",
            "billing_provider": "killbill",
            "killbill_account_id": account.id,
            "killbill_key": f"odoo-subscription-{uuid4()}",
        }
        for account in accounts
    ]
)
env.cr.commit()  # noqa: F821
wanted = [
    (one.killbill_account_id.key, one.killbill_key) for one in subscriptions
]


def subscribe(keys):
    """Have an account and its subscription in Kill Bill."""
    account, subscription = keys
    made = client.accounts.ensure(account, "Bench", currency.name)
    client.subscriptions.ensure(
        made.id, subscription, f"bundle-{subscription}", "starter-monthly", trial=True
    )
    return made.id


with server._get_driver() as client, ThreadPoolExecutor(AT_ONCE) as pool:
    for account, made in zip(accounts, pool.map(subscribe, wanted), strict=True):
        account._write_guarded({"killbill_id": made})
    callback = client.tenants.callback()
print("CALLBACK", callback)
print("ACCOUNTS", *accounts.mapped("killbill_id"))
