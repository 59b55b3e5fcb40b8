"""The parts of a set-up in their order, as `up` and the tests run them."""

from . import (
    accounts,
    checks,
    data_plane,
    environment,
    exim,
    first_steps,
    folders,
    images,
    keys,
    logrotate,
    master,
    odoo_tree,
    packages,
    postgresql,
    release,
    stack,
)
from .locks import waiting


def get_tools(settings, report):
    """Install the Debian packages, Odoo and the Python environment.

    :return: the tree of Odoo and the folder of the environment
    :rtype: tuple[Path, Path]
    """
    report.step("Debian packages", packages.install_missing, packages.needed(settings))
    settings.cache.mkdir(parents=True, exist_ok=True)
    with waiting(settings.cache / ".lock"):
        tree = report.step("Odoo 19", odoo_tree.find_or_unpack, settings)
        venv = report.step(
            "Python environment", environment.find_or_build, settings, tree
        )
        report.step("Exim", exim.find_or_unpack, settings)
    return tree, venv


def bring_up_servers(settings, report):
    """Have the code in place, and PostgreSQL and nginx run."""
    report.step("checks", checks.check_machine, settings)
    folders.note_choices(settings)
    tree, venv = get_tools(settings, report)
    report.step("users", accounts.make_users, settings)
    report.step("folders and keys", _lay_out, settings, tree, venv)
    report.step("data plane", data_plane.bring_up, settings)
    report.step("database roles", postgresql.make_roles, settings)
    if settings.on_swarm:
        host = settings.docker_host
        report.step("tenants' image", images.find_or_build, settings, "tenant", host)
        report.step("stack", stack.deploy, settings)


def bring_up_master(settings, report):
    """Have the master installed and both its services run."""
    master.configure(settings)
    report.step("master's database", master.install_or_upgrade, settings)
    report.step("this machine's records", first_steps.make_records, settings)
    report.step("control plane", master.bring_up, settings)


def take_first_steps(settings, report):
    """Have the command line's key and a template."""
    report.step("saasctl's key", first_steps.log_in, settings)
    report.step("template", first_steps.build_template, settings)


def _lay_out(settings, tree, venv):
    changed = [folders.make_folders(settings)]
    copied = release.copy_release(settings, tree, venv)
    changed.append(exim.link(settings))
    changed.append(keys.make(settings))
    changed.append(folders.write_helper_settings(settings))
    changed.append(accounts.allow_helper(settings))
    changed.append(logrotate.install(settings))
    return "brought up to date" if copied == "unchanged" and any(changed) else copied
