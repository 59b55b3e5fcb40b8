"""A fleet of thousands that exists in the database and in listings from memory."""

from contextlib import ExitStack, contextmanager
from unittest.mock import patch

from odoo.addons.saas_infra.drivers import fakes
from odoo.addons.saas_infra.drivers.specs import (
    DatabaseState,
    DirectoryState,
    MailLoginState,
    Mark,
    RoleState,
    RouteState,
    ServiceState,
)

from .common import PLATFORM

DRIVERS = {
    "services": (fakes.FakeProcessDriver, "list_services"),
    "secrets": (fakes.FakeProcessDriver, "list_secrets"),
    "routes": (fakes.FakeNginxDriver, "list_routes"),
    "logins": (fakes.FakeEximDriver, "list_logins"),
    "databases": (fakes.FakePostgresqlDriver, "list_databases"),
    "roles": (fakes.FakePostgresqlDriver, "list_roles"),
    "directories": (fakes.FakeDirectoryDriver, "list_directories"),
}


def insert_instances(env, fleet, count):
    """Write down running instances, as fast as SQL can.

    :param SimpleNamespace fleet: what ``make_fleet`` returned
    :param int count: how many
    """
    env.flush_all()
    env.cr.execute(
        """WITH made AS (
               INSERT INTO saas_instance
                      (uuid, subdomain, partner_id, email, plan_id, cpu_cores,
                       memory_mb, storage_gb, provisioning_status, billing_status,
                       status, desired_status, active, ready_at, cluster_id,
                       storage_id, database_server_id, region_id, version_id,
                       template_id, database, service, directory, uid, port,
                       password_sealed, proxy_secret_sealed, mail_password_sealed,
                       mails_per_day, may_send_mail, create_date, write_date)
               SELECT id, 'many-' || n, %(partner)s, 'many@x.test', %(plan)s, 1, 1024,
                      10, 'ready', 'paid', 'running', 'running', true, now(),
                      %(cluster)s, %(storage)s, %(server)s, %(region)s, %(version)s,
                      %(template)s, 'db_' || n, 'odoo_' || n, 'dir_' || n, 300000 + n,
                      30000 + n, 'x', 'x', 'x', 200, true, now(), now()
                 FROM (SELECT n, gen_random_uuid()::text AS id
                         FROM generate_series(1, %(count)s) AS n) AS numbered
            RETURNING id, plan_id),
           done AS (
               INSERT INTO saas_operation
                      (kind, instance_id, state, exclusive, create_date, write_date)
               SELECT 'provision', id, 'done', true, now(), now() - interval '1 day'
                 FROM made
            RETURNING id, instance_id)
           SELECT count(*) FROM done""",
        {
            **{name: record.id for name, record in vars(fleet).items()},
            "count": count,
        },
    )
    env.cr.execute(
        """UPDATE saas_instance i SET last_operation_id = o.id
             FROM saas_operation o
            WHERE o.instance_id = i.id AND i.cluster_id = %s""",
        [fleet.cluster.id],
    )
    for table in ("saas_instance", "saas_operation"):
        env.cr.execute(f"ANALYZE {table}")  # pylint: disable=sql-injection
    env.invalidate_all()


def list_from_memory(env, cluster, dead=()):
    """Return what the drivers would list, one dictionary a driver.

    :param cluster: the ``saas.cluster``
    :param dead: names of services that do not run
    """
    env.cr.execute(
        """SELECT uuid, subdomain, service, database, directory FROM saas_instance
            WHERE cluster_id = %s""",
        [cluster.id],
    )
    listings = {name: {} for name in DRIVERS}
    for uuid, subdomain, service, database, directory in env.cr.fetchall():
        mark, host = Mark(PLATFORM, uuid), cluster._get_hostname(subdomain)
        listings["services"][service] = ServiceState(
            name=service,
            mark=mark,
            running=service not in dead,
            cpu=1.0,
            memory=1024**3,
        )
        listings["secrets"][service] = mark
        listings["routes"][service] = RouteState(
            name=service, mark=mark, hosts=(host,), state="running", websocket=""
        )
        listings["logins"][service] = MailLoginState(
            name=service,
            mark=mark,
            sender=f"notifications@{host}",
            daily_limit=200,
            enabled=True,
        )
        listings["databases"][database] = DatabaseState(
            name=database, mark=mark, size=1, connections=0
        )
        listings["roles"][database] = RoleState(
            name=database, mark=mark, connection_limit=10
        )
        listings["directories"][directory] = DirectoryState(
            name=directory, mark=mark, quota=10 * 1000**3
        )
    return listings


@contextmanager
def serve_from_memory(listings):
    """Let the fakes list what is in memory."""
    with ExitStack() as stack:
        for name, (driver, method) in DRIVERS.items():
            listing = listings[name]
            stack.enter_context(
                patch.object(driver, method, lambda *_args, found=listing: found)
            )
        yield
