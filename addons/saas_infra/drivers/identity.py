"""The SQL that makes a fresh clone somebody of its own, before Odoo opens it."""

import base64
import hashlib
import html
import secrets
from uuid import uuid4

# A password nobody knows has no guessable part: more rounds would only take time.
_ROUNDS = 1000

# What belonged to people of the template, where the module that has it is installed.
_LEFTOVERS = (
    "res_users_apikeys",
    "auth_totp_device",
    "auth_passkey_key",
    "res_device_log",
    "res_users_log",
    "mail_push_device",
    "mail_presence",
    "bus_bus",
)
_PARAMETERS_OF_TEMPLATE = (
    "database.enterprise_code",
    "database.expiration_date",
    "database.expiration_reason",
    "mail.web_push_vapid_private_key",
    "mail.web_push_vapid_public_key",
)
_ID_OF = "(SELECT res_id FROM ir_model_data WHERE module = 'base' AND name = '{}')"
_ADMIN = _ID_OF.format("user_admin")
_COMPANY = _ID_OF.format("main_company")


def apply(cursor, identity):
    """Give the database its identity in one transaction.

    A database that has it already is left alone: its people may have changed it.

    :param cursor: of the database, in autocommit, with the tenant's own role
    :param Identity identity: who the database becomes
    """
    cursor.execute("BEGIN")
    cursor.execute("SELECT value FROM ir_config_parameter WHERE key = 'database.uuid'")
    if cursor.fetchone() != (identity.instance_uuid,):
        _set_parameters(cursor, identity)
        _forget_people(cursor)
        _set_administrator(cursor, identity)
        _set_company(cursor, identity)
        _set_schedule(cursor)
    cursor.execute("COMMIT")


def _set_parameters(cursor, identity):
    cursor.execute("SELECT to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS')")
    values = {
        "database.uuid": identity.instance_uuid,
        "database.secret": str(uuid4()),
        "database.create_date": cursor.fetchone()[0],
        "web.base.url": identity.base_url,
        "web.base.url.freeze": "True",
    }
    for key, value in values.items():
        cursor.execute(
            "INSERT INTO ir_config_parameter (key, value, create_uid, write_uid, "
            "create_date, write_date) VALUES (%s, %s, 1, 1, now() AT TIME ZONE 'UTC', "
            "now() AT TIME ZONE 'UTC') ON CONFLICT (key) DO UPDATE SET "
            "value = excluded.value, write_date = excluded.write_date",
            [key, value],
        )
    cursor.execute(
        "DELETE FROM ir_config_parameter WHERE key = ANY(%s)",
        [list(_PARAMETERS_OF_TEMPLATE)],
    )


def _forget_people(cursor):
    cursor.execute(
        "SELECT table_name FROM information_schema.tables "
        "WHERE table_schema = 'public' AND table_name = ANY(%s)",
        [list(_LEFTOVERS)],
    )
    for (table,) in cursor.fetchall():
        cursor.execute(f"DELETE FROM {table}")  # a name of the list above


def _set_administrator(cursor, identity):
    signature = f"<div>{html.escape(identity.name)}</div>"
    cursor.execute(
        f"UPDATE res_users SET login = %s, password = %s, signature = %s, "
        f"write_date = now() AT TIME ZONE 'UTC' WHERE id = {_ADMIN} "
        "RETURNING partner_id",
        [identity.login, _unknown_password(), signature],
    )
    (partner,) = cursor.fetchone()
    _set_partner(cursor, partner, identity.name, identity)
    if _has_column(cursor, "res_users", "totp_secret"):
        cursor.execute("UPDATE res_users SET totp_secret = NULL")


def _set_company(cursor, identity):
    cursor.execute(
        f"UPDATE res_company SET name = %s, email = %s, "
        f"write_date = now() AT TIME ZONE 'UTC' WHERE id = {_COMPANY} "
        "RETURNING partner_id",
        [identity.company, identity.email],
    )
    (partner,) = cursor.fetchone()
    _set_partner(cursor, partner, identity.company, identity)
    cursor.execute(
        "UPDATE res_partner SET country_id = coalesce((SELECT id FROM res_country "
        "WHERE code = upper(%s)), country_id) WHERE id = %s",
        [identity.country_code, partner],
    )


def _set_partner(cursor, partner, name, identity):
    cursor.execute(
        "UPDATE res_partner SET name = %(name)s, complete_name = %(name)s, "
        "email = %(email)s, tz = coalesce(nullif(%(tz)s, ''), tz), "
        "lang = coalesce((SELECT code FROM res_lang WHERE active AND code = %(lang)s), "
        "lang), write_date = now() AT TIME ZONE 'UTC' WHERE id = %(id)s",
        {
            "id": partner,
            "name": name.strip(),
            "email": identity.email,
            "tz": identity.tz,
            "lang": identity.lang,
        },
    )
    if _has_column(cursor, "res_partner", "email_normalized"):
        cursor.execute(
            "UPDATE res_partner SET email_normalized = lower(%s) WHERE id = %s",
            [identity.email, partner],
        )


def _set_schedule(cursor):
    """Spread scheduled actions: a template's are all overdue at the first start."""
    cursor.execute(
        "UPDATE ir_cron SET lastcall = NULL, failure_count = 0, "
        "nextcall = date_trunc('second', now() AT TIME ZONE 'UTC') + "
        "interval '2 minutes' + random() * least(interval '1 day', interval_number * "
        "CASE interval_type WHEN 'minutes' THEN interval '1 minute' "
        "WHEN 'hours' THEN interval '1 hour' ELSE interval '1 day' END)"
    )
    cursor.execute(
        "UPDATE ir_cron SET active = false WHERE id IN (SELECT res_id FROM "
        "ir_model_data WHERE model = 'ir.cron' AND module = 'mail' "
        "AND name = 'ir_cron_module_update_notification')"
    )


def _has_column(cursor, table, column):
    cursor.execute(
        "SELECT 1 FROM information_schema.columns WHERE table_schema = 'public' "
        "AND table_name = %s AND column_name = %s",
        [table, column],
    )
    return bool(cursor.fetchone())


def _unknown_password():
    """Hash 256 random bits, in the form that Odoo's passlib reads."""
    salt = secrets.token_bytes(16)
    digest = hashlib.pbkdf2_hmac("sha512", secrets.token_bytes(32), salt, _ROUNDS)
    salt, digest = (
        base64.b64encode(part).decode().rstrip("=").replace("+", ".")
        for part in (salt, digest)
    )
    return f"$pbkdf2-sha512${_ROUNDS}${salt}${digest}"
