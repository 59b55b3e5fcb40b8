"""What instances live in and are made of: lists, and adding where people add."""

from pathlib import Path

import click

from . import render
from .app import Command, Group, dry_run_option, pass_app, wait_options
from .changes import finish, given, say_plan
from .waiting import INQUIRY_SECONDS, ask

# Group, what is in it.
LISTS = (
    ("plan", "Plans that are sold."),
    ("region", "Places that a customer can choose."),
    ("version", "Odoo releases that can be sold."),
    ("cluster", "Runtimes that instances live in."),
    ("node", "Machines of the clusters, as last seen."),
    ("server", "Database servers."),
    ("storage", "Roots of the instances' files."),
    ("template", "Ready databases that instances are cloned from."),
)


def _list_group(name, text):
    """Make a group with the command that lists its records."""

    @pass_app
    def run(app):
        app.say(app.client.call(f"{name}_list"), render.table)

    group = Group(name, help=text)
    group.add_command(
        Command(
            "list", callback=run, help=f"List: {text}", example=f"saasctl {name} list"
        )
    )
    return group


def _room(name, text):
    return click.Option([name], type=click.IntRange(1), help=text)


def _read(path):
    """Read a secret from a file, or from standard input.

    Never an option: others see the arguments of programs.
    """
    with click.open_file(str(path), encoding="utf-8") as file:
        text = file.read().strip()
    if not text:
        raise click.UsageError(f"{path} is empty.")
    return text


def _read_all(files):
    return {name: _read(path) for name, path in files.items() if path}


def _file(name, text, **values):
    kind = click.Path(path_type=Path, exists=True, allow_dash=True)
    return click.Option([name], type=kind, help=text, **values)


GROUPS = {name: _list_group(name, text) for name, text in LISTS}


@GROUPS["server"].command(
    "add",
    example="saasctl server add db2 --region paris --host db2.internal \\\n"
    "    --login saas_admin --password-file /root/db2.password",
    params=[
        click.Argument(["name"]),
        click.Option(["--region"], required=True, help="Code of the region it is in."),
        click.Option(["--host"], required=True, help="Name or IP address."),
        click.Option(["--port"], type=int, default=5432, show_default=True),
        click.Option(
            ["--login", "admin_login"],
            required=True,
            help="Its role for us: CREATEDB, CREATEROLE, no superuser.",
        ),
        _file("--password-file", "Its password; - is standard input.", required=True),
        _room("--max-databases", "How many databases it may hold."),
        _room("--max-connections", "How many connections all tenants may hold."),
        _room("--max-gigabytes", "How much may be sold of it."),
        dry_run_option(),
    ],
)
@pass_app
def add_server(app, password_file, **arguments):
    """Add a PostgreSQL server for new instances."""
    _add(app, "server", admin_password=_read(password_file), **arguments)


@GROUPS["cluster"].command(
    "add",
    example="saasctl cluster add fra2 --region fra --base-domain t2.example.net \\\n"
    "    --proxy traefik-fra2 --address ssh://root@m1.fra2 --cell cell1 \\\n"
    "    --private-key-file /root/fra2.key \\\n"
    "    --host-key-file /root/fra2.host",
    params=[
        click.Argument(["name"]),
        click.Option(["--region"], required=True, help="Code of the region it is in."),
        click.Option(
            ["--base-domain"], required=True, help="Its tenants answer below it."
        ),
        click.Option(["--proxy"], required=True, help="Name of the proxy before it."),
        click.Option(
            ["--address"],
            required=True,
            help="Of a manager's engine: tcp://host:2376 (TLS of both sides), or "
            "ssh://user@host.",
        ),
        _file("--private-key-file", "Our private key, of SSH or of the certificate."),
        _file("--host-key-file", "For SSH: its host key, a line of ssh-keyscan."),
        _file("--certificate-file", "For TCP: our certificate (PEM)."),
        _file("--authority-file", "For TCP: who signed the engine's certificate."),
        click.Option(["--cell"], help="The overlay network that tenants join."),
        click.Option(
            ["--uid-base"],
            type=int,
            help="First user id of its tenants; the machines of its storages must "
            "allow them. The next that no cluster has, unless told.",
        ),
        click.Option(["--uid-count"], type=int, help="How many user ids."),
        dry_run_option(),
    ],
)
@pass_app
def add_cluster(app, **arguments):
    """Add a Docker Swarm elsewhere for new instances, and try to reach it.

    Its region and proxy are there before; a storage, nodes and a template follow. What
    cannot be reached stays written down: mend it in the backend."""
    names = ("private_key", "host_key", "certificate", "authority")
    files = {name: arguments.pop(f"{name}_file") for name in names}
    _add(app, "cluster", **_read_all(files), **arguments)


@GROUPS["storage"].command(
    "add",
    example="saasctl storage add disk2 --cluster local --root /srv/disk2",
    params=[
        click.Argument(["name"]),
        click.Option(["--cluster"], required=True, help="The cluster that uses it."),
        click.Option(["--root"], required=True, help="Its root directory."),
        click.Option(
            ["--kind"],
            type=click.Choice(["directory", "cephfs"]),
            help="On cephfs the file system itself keeps quotas and makes snapshots.",
        ),
        click.Option(
            ["--tenant-root"], help="Where a swarm's nodes mount it, if elsewhere."
        ),
        click.Option(
            ["--address"],
            help="ssh://user@host of the machine that has it mounted, if not this one; "
            "there, as root, make storage-host.",
        ),
        _file("--private-key-file", "Our private key for SSH."),
        _file("--host-key-file", "Its host key, a line of ssh-keyscan."),
        _room("--max-tenants", "How many instances it may hold."),
        _room("--max-gigabytes", "How much may be sold of it."),
        dry_run_option(),
    ],
)
@pass_app
def add_storage(app, private_key_file, host_key_file, **arguments):
    """Add a root directory for new instances' files, and mark it as ours.

    The cluster's machine must allow it first: there, as root, make add-storage ROOT=…
    Where marking it fails, the same command tries again."""
    keys = {"private_key": private_key_file, "host_key": host_key_file}
    _add(app, "storage", **_read_all(keys), **arguments)


def _add(app, place, /, **arguments):
    added = app.client.call(f"{place}_add", **given(arguments))
    if "inquiry" in added:  # It is in use once `jobs` has reached it.
        ask(app.client, added.pop("inquiry"), INQUIRY_SECONDS)
    app.say(added, say_plan if arguments["dry_run"] else render.answer)


@GROUPS["template"].command(
    "build",
    example="saasctl template build 19.0 --wait",
    params=[
        click.Argument(["version"], required=False),
        click.Option(["--cluster"], help="For instances of this cluster."),
        click.Option(["--server"], help="On this database server."),
        click.Option(
            ["--countries"],
            help="Name or code of a country group: its customers get this template "
            "alone, all others one without a group.",
        ),
        click.Option(
            ["--modules"],
            help="Beside those of the release, separated by commas, such as l10n_fr.",
        ),
        dry_run_option(),
        *wait_options(),
    ],
)
@pass_app
def build_template(app, wait, timeout, **arguments):
    """Build the template of an Odoo release anew.

    VERSION, --cluster and --server may be left out where there is one of them."""
    result = app.client.call("template_build", **given(arguments))
    finish(app, result, wait=wait, timeout=timeout, dry_run=arguments["dry_run"])


@GROUPS["template"].command(
    "remove",
    example="saasctl template remove odoo_template_1a2b3c4d --wait",
    params=[
        click.Argument(["database"]),
        dry_run_option(),
        *wait_options(),
    ],
)
@pass_app
def remove_template(app, wait, timeout, **arguments):
    """Remove a template that failed or was replaced.

    DATABASE is the first column of `saasctl template list`. Instances that were copied
    from it stay. Replaced ones are also removed by a scheduled action."""
    result = app.client.call("template_remove", **given(arguments))
    finish(app, result, wait=wait, timeout=timeout, dry_run=arguments["dry_run"])
