"""Give a new tenant its company and administrator."""

from odoo.fields import Domain

from .errors import Refused
from .languages import ensure_language, warm_translations
from .users import forget_credentials


def set_up(env, values):
    """Set company and administrator, and leave alone what is not given.

    Only what differs is written: a second call costs next to nothing, and no message
    tells the customer of a change that is none.

    :param env: an environment with full rights
    :param values: any of company, lang, country, tz, currency, email, login, name,
        base_url
    :return: what holds now
    :raise Refused: a country, currency or language is unknown
    """
    # Odoo would install the modules of a country when a company gets its first one:
    # many seconds, in which nobody can work. What is sold for a country is in the
    # template of that country; the customer adds the rest under Apps.
    env = env(context=dict(env.context, install_mode=True, tracking_disable=True))
    company = env.ref("base.main_company")
    admin = env.ref("base.user_admin")
    country = find(env, "res.country", values.get("country"))
    currency = find(env, "res.currency", values.get("currency"), field="name")
    if language := values.get("lang"):
        ensure_language(env, language)
        warm_translations(env, language)
    write_changes(
        company,
        name=values.get("company"),
        email=values.get("email"),
        country_id=country,
        currency_id=currency or country.currency_id,
    )
    write_changes(company.partner_id, lang=language, tz=values.get("tz"))
    login = values.get("login") or values.get("email")
    if login and login != admin.login:
        forget_credentials(admin)
    write_changes(
        admin,
        name=values.get("name"),
        login=login,
        email=values.get("email"),
        lang=language,
        tz=values.get("tz"),
    )
    if base_url := values.get("base_url"):
        env["ir.config_parameter"].set_param("web.base.url", base_url)
    return describe(company, admin)


def find(env, model, code, field="code"):
    """Find a record by its code, the archived ones too.

    :return: the record, or none when no code is given
    :raise Refused: there is none of that code
    """
    records = env[model].with_context(active_test=False)
    if not code:
        return records
    found = records.search(Domain(field, "=", code.upper()), limit=1)
    if not found:
        raise Refused(f"Unknown {env[model]._description}: {code}")
    return found


def write_changes(record, **values):
    """Write those values that are given and differ."""
    changes = {
        name: value.id if hasattr(value, "_name") else value
        for name, value in values.items()
        if value and record[name] != value
    }
    if changes:
        record.write(changes)


def describe(company, admin):
    """Return what a tenant is set to."""
    return {
        "company": company.name,
        "country": company.country_id.code or "",
        "currency": company.currency_id.name,
        "login": admin.login,
        "name": admin.name,
        "email": admin.email or "",
        "lang": admin.lang or "",
        "tz": admin.tz or "",
    }
