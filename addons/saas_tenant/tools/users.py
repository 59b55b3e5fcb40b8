"""The people as whom the platform lets somebody in, and how many others there are."""

import datetime

from odoo import fields
from odoo.fields import Command, Domain
from odoo.tools import SQL, sql

SUPPORT_LOGIN = "saas_support"
SUPPORT_NAME = "Platform support"
SUPPORT_STAY = datetime.timedelta(hours=12)
# Tables of keys and devices, with their column of the user.
CREDENTIALS = {
    "res_users_apikeys": "user_id",
    "auth_totp_device": "user_id",
    "auth_passkey_key": "create_uid",
}


class UserRefused(Exception):
    """There is nobody to sign in as; the message says what to do."""


def user_for(env, kind):
    """Find the user that a token is for.

    :param env: an environment with full rights
    :param kind: `owner` or `support`
    :raise UserRefused: there is none that may sign in
    """
    if kind == "owner":
        return owner(env)
    if kind == "support":
        return support(env)
    raise UserRefused("This release of the tenant does not know that kind of user.")


def owner(env):
    """Return the administrator as whom the owner enters.

    :raise UserRefused: it was archived or deleted in this Odoo
    """
    admin = env.ref("base.user_admin", raise_if_not_found=False)
    if not admin or not admin.active or not admin._is_internal():
        raise UserRefused(
            "The administrator account was archived in this Odoo. Sign in with your"
            " own account at /web/login, or ask our support to restore it."
        )
    return admin


def support(env):
    """Return the platform's own user, made or made fit again.

    It has no password, so that nobody else can become it. It may do what the
    administrator may.
    """
    user = find_support(env)
    admin = env.ref("base.user_admin", raise_if_not_found=False) or user
    groups = env.ref("base.group_system") | admin.group_ids
    values = {
        "name": SUPPORT_NAME,
        "login": SUPPORT_LOGIN,
        "active": True,
        "group_ids": [Command.set(groups.ids)],
        "company_ids": [Command.set(env["res.company"].search([]).ids)],
    }
    quiet = {"no_reset_password": True, "mail_create_nolog": True}
    if user:
        forget_credentials(user)
        user.write(values)
        return user
    return env["res.users"].with_context(**quiet).create(values)


def forget_credentials(user):
    """Make all that opens this account worthless: somebody else owns it from now on.

    By SQL: Odoo's own ways ask for the password of who is signed in.
    """
    cr = user.env.cr
    cr.execute("UPDATE res_users SET password = NULL WHERE id = %s", [user.id])
    if sql.column_exists(cr, "res_users", "totp_secret"):
        cr.execute("UPDATE res_users SET totp_secret = NULL WHERE id = %s", [user.id])
    for table, column in CREDENTIALS.items():
        if sql.table_exists(cr, table):
            cr.execute(
                SQL(
                    "DELETE FROM %s WHERE %s = %s",
                    SQL.identifier(table),
                    SQL.identifier(column),
                    user.id,
                )
            )
    user.invalidate_recordset()
    user.env.registry.clear_cache()


def retire_support(env):
    """Archive the platform's user once its visit is over."""
    user = find_support(env)
    limit = fields.Datetime.now() - SUPPORT_STAY
    if user.active and user.login_date and user.login_date < limit:
        user.active = False


def find_support(env):
    """Return the platform's user, if there is one yet."""
    users = env["res.users"].with_context(active_test=False)
    return users.search([("login", "=", SUPPORT_LOGIN)])


def count_internal(env):
    """Count the active internal users, without the platform's own."""
    return env["res.users"].search_count(
        Domain("share", "=", False) & Domain("login", "!=", SUPPORT_LOGIN)
    )
