"""Start a tenant's Odoo, or prepare the database that tenants are cloned from.

    launcher.py -c odoo.conf
    launcher.py init -c odoo.conf --modules web,mail --languages en_US,fr_FR

Odoo opens the shared database `postgres` before it loads any module, and uses it to
wake web sockets and scheduled actions. A tenant may not connect there, so this is
changed here, ahead of Odoo's own start. Everything else is Odoo's command line.
"""

import argparse
import gc
import logging
import os
import sys
import time
import warnings

# A script is in no package.
# pylint: disable=odoo-addons-relative-import

SHARED_DATABASE = "postgres"
WAIT = 0.01  # seconds between two looks for the files
_logger = logging.getLogger("odoo.addons.saas_tenant.launcher")


def main(arguments):
    """Run what the command line asks for.

    :param arguments: the command line without the program's name
    :return: the exit code
    """
    forget_own_folder()
    # Nothing of what is imported is garbage: this spares a twelfth of the start.
    gc.disable()
    import odoo.init  # noqa: F401  (must come first: it patches libraries)

    keep_to_own_database()
    if arguments[:1] == ["init"]:
        return prepare_template(arguments[1:])
    leave_database_to_platform()
    follow_module_loading()
    from odoo.cli.command import main as serve

    return serve()


def forget_own_folder():
    """Keep this add-on's `tools` and `controllers` from the top level of imports."""
    own = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [path for path in sys.path if os.path.abspath(path) != own]


def keep_to_own_database():
    """Send whatever wants the shared database to the tenant's own."""
    from odoo import sql_db
    from odoo.tools import config

    connect = sql_db.db_connect

    def db_connect(to, *args, **options):
        if to == SHARED_DATABASE:
            (to,) = config["db_name"]
        return connect(to, *args, **options)

    sql_db.db_connect = db_connect


def leave_database_to_platform():
    """Keep Odoo from looking for the database, and from making one."""
    from odoo.service import db

    def refuse_to_create(name):
        raise db.DatabaseExists(f"The platform makes the database {name}.")

    db._create_empty_database = refuse_to_create


def wait_for_files():
    """Wait until the folder of this database's files is there.

    It is made last, after the database was given an identity of its own: before, no
    port is opened, and nobody served from what is still a copy of the template.
    """
    from odoo.tools import config

    (name,) = config["db_name"]
    folder = os.path.join(config["data_dir"], "filestore", name)
    if not os.path.isdir(folder):
        _logger.info("The platform is still making the database %s.", name)
    while not os.path.isdir(folder):
        time.sleep(WAIT)


def follow_module_loading():
    """Add the platform's part once Odoo's server-wide modules are loaded."""
    from odoo.service import server

    load = server.load_server_wide_modules

    def load_server_wide_modules():
        load()
        gc.enable()
        hide_deprecations()
        close_the_side_door()
        end_without_cutting_off()
        log_no_tokens()
        # All that takes time is loaded, and nothing was opened yet.
        wait_for_files()

    server.load_server_wide_modules = load_server_wide_modules
    server._reexec = start_again


def start_again(*_updated_modules):
    """Replace this process by a new one, as Odoo does at its memory limit.

    Odoo's own way calls the interpreter by its bare name: looked up in PATH, that is
    not the one of the virtual environment, and the new process finds no Odoo.
    """
    os.execv(sys.executable, [sys.executable, *sys.argv])


def hide_deprecations():
    """Keep advice for developers of Odoo, each with a traceback, out of the log."""
    warnings.filterwarnings("ignore", category=DeprecationWarning)


def close_the_side_door():
    """Refuse requests that did not come through the platform's proxy.

    Odoo goes on serving when a server-wide module cannot be imported. The guard is
    therefore put up from here, where a failure ends the process.
    """
    from odoo.addons.saas_tenant.tools import guard

    guard.install()


def end_without_cutting_off():
    """Have a process that another one replaces answer what it was asked."""
    from odoo.addons.saas_tenant.tools import shutdown

    shutdown.install()


def log_no_tokens():
    """Have requests logged without their query strings."""
    from odoo.addons.saas_tenant.tools import access_log

    access_log.install()


def prepare_template(arguments):
    """Install modules and languages into the configured database.

    :return: 0 when the database is ready to be cloned, 1 when the log says why not
    """
    parser = argparse.ArgumentParser(prog="launcher.py init")
    parser.add_argument("-c", "--config", required=True)
    parser.add_argument("--modules", required=True, type=split)
    parser.add_argument("--languages", default=["en_US"], type=split)
    options = parser.parse_args(arguments)
    from odoo.tools import config

    config.parse_config(["-c", options.config], setup_logging=True)
    hide_deprecations()
    try:
        from odoo.addons.saas_tenant.tools import template

        template.prepare(options.modules, options.languages)
    except Exception:
        _logger.exception("The template database is not ready")
        return 1
    return 0


def split(text):
    """Read a comma separated list."""
    return [word for part in text.split(",") if (word := part.strip())]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
