# A build that dies goes on from what it committed.
# pylint: disable=invalid-commit
"""Prepare the database that new tenants are cloned from.

Each part looks at what is there first, so that a run after a crash completes what
the one before began.
"""

import logging
import secrets

import odoo
from odoo import api
from odoo.modules.registry import Registry
from odoo.service.server import load_server_wide_modules
from odoo.tools import SQL, config, file_path, sql

from .errors import Refused
from .languages import ensure_language

_logger = logging.getLogger(__name__)

# The blurring of backgrounds in video calls: loaded again when a call begins.
ABSENT_FILES = [
    (
        "web.assets_backend",
        "mail/static/lib/selfie_segmentation/selfie_segmentation.js",
    )
]


def prepare(modules, languages):
    """Make the configured database ready to be cloned.

    :param modules: names of the modules that every clone starts with
    :param languages: codes of the languages that are sold, such as `fr_FR`
    :raise Refused: a module or language does not exist
    """
    (database,) = config["db_name"]
    load_server_wide_modules()
    create_extensions(database)
    registry = Registry.new(database, update_module=True, install_modules=modules)
    with registry.cursor() as cr:
        env = api.Environment(cr, api.SUPERUSER_ID, {})
        check_modules(env, modules)
        for code in languages:
            ensure_language(env, code)
        lock_administrator(env)
        skip_absent_files(env)
        cr.commit()
        warm_assets(env)
        drop_leftovers(env)
    compact(database)
    _logger.info("Database %s is ready to be cloned", database)


def create_extensions(database):
    """Add what Odoo adds to a database that it creates itself."""
    with odoo.sql_db.db_connect(database).cursor() as cr:
        cr.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
        if config["unaccent"]:
            cr.execute("CREATE EXTENSION IF NOT EXISTS unaccent")


def check_modules(env, modules):
    """Refuse a template in which a module is missing.

    :raise Refused: with the names of the missing ones
    """
    installed = env["ir.module.module"].search(
        [("name", "in", modules), ("state", "=", "installed")]
    )
    missing = sorted(set(modules) - set(installed.mapped("name")))
    if missing:
        raise Refused(f"Not installed: {', '.join(missing)}")


def lock_administrator(env):
    """Replace the well-known first password by one that nobody knows."""
    env.ref("base.user_admin").password = secrets.token_urlsafe(32)


def skip_absent_files(env):
    """Leave out of the bundles what Debian's tree names but does not hold.

    Else each new bundle writes an error to the log and to the browser's console.
    """
    for bundle, path in ABSENT_FILES:
        directive = {"bundle": bundle, "directive": "remove", "path": path}
        known = env["ir.asset"].search_count(
            [(name, "=", value) for name, value in directive.items()]
        )
        if not known and not is_there(path):
            env["ir.asset"].create({"name": f"Absent: {path}", **directive})


def is_there(path):
    """Tell whether a file of an add-on exists."""
    try:
        return bool(file_path(path))
    except FileNotFoundError:
        return False


def warm_assets(env):
    """Build the bundles that a first visitor would otherwise wait for.

    Odoo's own `_pregenerate_assets_bundles` builds those of its tests as well: half
    of the time, and two thirds of what each clone would copy.
    """
    qweb = env["ir.qweb"]
    scripts, styles = qweb._get_bundles_to_pregenarate()
    for bundle in sorted(filter(is_for_people, scripts)):
        qweb._get_asset_bundle(bundle, css=False, js=True).js()
    for bundle in sorted(filter(is_for_people, styles)):
        qweb._get_asset_bundle(bundle, css=True, js=False).css()


def is_for_people(bundle):
    """Tell whether a bundle is for more than Odoo's own tests."""
    return "test" not in bundle


def drop_leftovers(env):
    """Remove what belongs to the installation and not to a new customer."""
    for table in ("bus_bus", "ir_logging", "ir_cron_trigger", "res_users_log"):
        if sql.table_exists(env.cr, table):
            env.cr.execute(SQL("DELETE FROM %s", SQL.identifier(table)))


def compact(database):
    """Make the files small, since every clone copies them."""
    with odoo.sql_db.db_connect(database).cursor() as cr:
        # VACUUM runs in no transaction.
        cr._cnx.autocommit = True
        cr.execute("VACUUM (FULL, ANALYZE)")
