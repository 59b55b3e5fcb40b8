"""The parts of a set-up in their order, as `up` and the tests run them."""

import os
from pathlib import Path

from . import (
    accounts,
    checks,
    data_plane,
    edge,
    environment,
    exim,
    first_steps,
    folders,
    images,
    keys,
    killbill,
    logrotate,
    master,
    master_conf,
    master_image,
    odoo_tree,
    packages,
    postgresql,
    release,
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
    if settings.with_killbill:
        report.step("Kill Bill's files", killbill.find_or_fetch, settings)
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
    if settings.with_killbill:
        report.step("Kill Bill", killbill.bring_up, settings)
    if settings.on_swarm:
        host = settings.docker_host
        report.step("tenants' image", images.find_or_build, settings, "tenant", host)
        report.step("stack", edge.deploy, settings)


def bring_up_master(settings, report):
    """Have the master installed and both its services run."""
    master_conf.write(settings)
    if settings.on_swarm:  # before an upgrade stops them
        host = settings.docker_host
        report.step("master's image", master_image.find_or_build, settings, host)
    report.step("master's database", master.install_or_upgrade, settings)
    report.step("this machine's records", first_steps.make_records, settings)
    report.step("control plane", master.bring_up, settings)


def roll_forward(settings, report):
    """Have what runs on a swarm as this checkout has it; Odoo itself stays."""
    code = settings.run / "code"
    tree, venv = (Path(os.readlink(code / name)) for name in ("odoo", "venv"))
    report.step("code", release.copy_release, settings, tree, venv)
    report.step("stack", edge.deploy, settings)
    bring_up_master(settings, report)


def take_first_steps(settings, report):
    """Have the command line's key, a template, and plans that are billed."""
    report.step("saasctl's key", first_steps.log_in, settings)
    if settings.with_killbill:
        report.step("plans", first_steps.set_up_billing, settings)
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
