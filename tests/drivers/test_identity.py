"""What a clone is before its first start, on the tables that Odoo 19 has for it.

That a real Odoo starts on it and takes it up is shown by test_tenant.py.
"""

from dataclasses import replace

import pytest
from drivers.errors import InfraError
from drivers.specs import Identity

HOSTILE = "'; $(id) {{7*7}} <script>"
TABLES = """
CREATE TABLE ir_config_parameter (id serial PRIMARY KEY, key varchar UNIQUE,
    value text NOT NULL, create_uid int, write_uid int, create_date timestamp,
    write_date timestamp);
CREATE TABLE ir_model_data (module varchar, name varchar, model varchar, res_id int);
CREATE TABLE res_country (id int, code varchar);
CREATE TABLE res_lang (code varchar, active boolean);
CREATE TABLE res_partner (id int, name varchar, complete_name varchar, email varchar,
    email_normalized varchar, tz varchar, lang varchar, country_id int,
    write_date timestamp);
CREATE TABLE res_company (id int, name varchar UNIQUE, email varchar, partner_id int,
    write_date timestamp);
CREATE TABLE res_users (id int, login varchar UNIQUE, password varchar, partner_id int,
    signature text, totp_secret varchar, write_date timestamp);
CREATE TABLE ir_cron (id int, active boolean, nextcall timestamp, lastcall timestamp,
    failure_count int, interval_number int, interval_type varchar);
CREATE TABLE res_users_apikeys (id int);
CREATE TABLE res_device_log (id int);
INSERT INTO ir_config_parameter (key, value) VALUES ('database.secret', 'template'),
    ('database.uuid', 'template'), ('database.enterprise_code', 'x'),
    ('mail.web_push_vapid_private_key', 'x'), ('other', 'kept');
INSERT INTO ir_model_data VALUES ('base', 'user_admin', 'res.users', 2),
    ('base', 'main_company', 'res.company', 1),
    ('mail', 'ir_cron_module_update_notification', 'ir.cron', 3);
INSERT INTO res_country VALUES (20, 'BE');
INSERT INTO res_lang VALUES ('en_US', true), ('fr_FR', true), ('de_DE', false);
INSERT INTO res_partner (id, name, lang) VALUES (1, 'My Company', 'en_US'),
    (3, 'Administrator', 'en_US');
INSERT INTO res_company VALUES (1, 'My Company', null, 1);
INSERT INTO res_users VALUES (2, 'admin', 'known', 3, null, 'totp'),
    (3, 'public', null, 1, null, null);
INSERT INTO ir_cron VALUES (1, true, now() - interval '9 days', now(), 2, 1, 'hours'),
    (3, true, now() - interval '9 days', null, 0, 1, 'weeks');
INSERT INTO res_users_apikeys VALUES (1);
INSERT INTO res_device_log VALUES (1);
"""


@pytest.fixture
def driver(real_postgresql):
    return real_postgresql.driver()


@pytest.fixture
def template(driver, real_postgresql, tenants):
    spec = tenants.make().database
    driver.ensure_role(spec)
    driver.ensure_database(spec)
    login = {"database": spec.name, "login": spec.role, "password": spec.password}
    real_postgresql.query(TABLES, **login)
    driver.close_template(spec)
    return spec


@pytest.fixture
def make(driver, template, tenants):
    """Make a clone that is nobody yet."""

    def make():
        spec = tenants.make().database
        driver.ensure_role(spec)
        driver.ensure_database(spec, template.name, template.role)
        return spec

    return make


def identity_of(spec, **values):
    settings = {
        "instance_uuid": spec.mark.instance,
        "base_url": "http://acme.tenants.localhost",
        "login": "Owner@acme.test",
        "email": "Owner@acme.test",
        "name": HOSTILE,
        "company": HOSTILE,
        "lang": "fr_FR",
        "country_code": "be",
        "tz": "Europe/Brussels",
    }
    return Identity(**settings | values)


@pytest.fixture
def ask(real_postgresql):
    def ask(spec, statement):
        return real_postgresql.query(
            statement, database=spec.name, login=spec.role, password=spec.password
        )

    return ask


def parameters(ask, spec):
    return dict(ask(spec, "SELECT key, value FROM ir_config_parameter"))


def test_two_clones_share_no_secret(driver, make, ask):
    one, two = make(), make()
    for spec in (one, two):
        driver.set_identity(spec, identity_of(spec))
    first, second = parameters(ask, one), parameters(ask, two)
    secrets = {first["database.secret"], second["database.secret"], "template"}
    assert len(secrets) == 3
    assert first["database.uuid"] == one.mark.instance
    assert first["web.base.url"] == "http://acme.tenants.localhost"
    assert first["web.base.url.freeze"] == "True"
    assert first["other"] == "kept"
    assert not [key for key in first if "enterprise" in key or "vapid" in key]
    passwords = "SELECT password FROM res_users WHERE id = 2"
    assert ask(one, passwords) != ask(two, passwords)
    assert ask(one, passwords)[0][0].startswith("$pbkdf2-sha512$")


def test_people_of_the_template_are_forgotten(driver, make, ask):
    spec = make()
    driver.set_identity(spec, identity_of(spec))
    for table in ("res_users_apikeys", "res_device_log"):
        assert ask(spec, f"SELECT count(*) FROM {table}") == [(0,)]
    assert ask(spec, "SELECT login, totp_secret FROM res_users ORDER BY id") == [
        ("Owner@acme.test", None),
        ("public", None),
    ]


def test_any_text_is_a_name_and_nothing_else(driver, make, ask):
    spec = make()
    driver.set_identity(spec, identity_of(spec))
    assert ask(spec, "SELECT name FROM res_company") == [(HOSTILE,)]
    rows = ask(
        spec,
        "SELECT name, complete_name, email, email_normalized, tz, lang, country_id "
        "FROM res_partner ORDER BY id",
    )
    person = (HOSTILE, HOSTILE, "Owner@acme.test", "owner@acme.test")
    place = ("Europe/Brussels", "fr_FR")
    assert rows == [(*person, *place, 20), (*person, *place, None)]
    ((signature,),) = ask(spec, "SELECT signature FROM res_users WHERE id = 2")
    assert "<script>" not in signature


def test_a_language_that_is_not_loaded_and_an_unknown_country_change_nothing(
    driver, make, ask
):
    spec = make()
    unknown = {"lang": "de_DE", "country_code": "", "tz": ""}
    driver.set_identity(spec, identity_of(spec, **unknown))
    rows = ask(spec, "SELECT lang, country_id, tz FROM res_partner")
    assert rows == [("en_US", None, None)] * 2


def test_scheduled_actions_are_due_later_and_publishers_stay_silent(driver, make, ask):
    spec = make()
    driver.set_identity(spec, identity_of(spec))
    utc = "now() AT TIME ZONE 'UTC'"
    rows = ask(spec, f"SELECT id, active FROM ir_cron WHERE nextcall > {utc}")
    assert sorted(rows) == [(1, True), (3, False)]


def test_what_people_changed_since_is_not_set_again(driver, make, ask):
    spec = make()
    driver.set_identity(spec, identity_of(spec))
    ask(spec, "UPDATE res_company SET name = 'Renamed'")
    before = parameters(ask, spec)
    driver.set_identity(spec, identity_of(spec))
    assert ask(spec, "SELECT name FROM res_company") == [("Renamed",)]
    assert parameters(ask, spec) == before


def test_a_login_that_is_taken_changes_nothing_and_quotes_no_one(driver, make, ask):
    spec = make()
    with pytest.raises(InfraError) as refused:
        driver.set_identity(spec, identity_of(spec, login="public"))
    assert "(public)" not in str(refused.value)
    assert parameters(ask, spec)["database.secret"] == "template"
    driver.set_identity(spec, replace(identity_of(spec), login="owner@acme.test"))
    assert parameters(ask, spec)["database.secret"] != "template"
