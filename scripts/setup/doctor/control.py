"""The master: its services, its queue, and what its database says."""

from .. import master, postgresql
from .finding import Finding

ADMINISTRATORS = """
WITH RECURSIVE powers(id) AS (
  SELECT res_id FROM ir_model_data WHERE module = 'base' AND name = 'group_system'
   UNION SELECT r.gid FROM res_groups_implied_rel r JOIN powers p ON r.hid = p.id)
SELECT string_agg(DISTINCT u.login, ', ')
  FROM powers p JOIN res_groups_users_rel m ON m.gid = p.id
  JOIN res_users u ON u.id = m.uid AND u.active
 WHERE NOT EXISTS (
   SELECT FROM ir_model_data d
    WHERE d.module = 'base' AND d.name IN ('user_root', 'user_admin')
      AND d.model = 'res.users' AND d.res_id = u.id)
"""
KEY_DAYS = 14  # days that saasctl's key must still live


def check_services(settings):
    for name in ("web", "jobs"):
        well = master.is_healthy(settings.ports[name])
        yield Finding(
            f"service {name}",
            "" if well else "/web/health does not answer 200",
            f"{settings.make()}; if it stays so, read {settings.log}/{name}.log",
        )
    status = master.status_of(settings.ports["master"], "/web/login")
    yield Finding("master's address", "" if status == 200 else f"/web/login: {status}")
    status = master.status_of(settings.ports["master"], "/queue_job/runjob")
    # Who does not answer, which is told above, lets nobody in.
    opened = status not in (0, 404)
    yield Finding("closed paths", "/queue_job/ is open to visitors" if opened else "")


def check_queue(settings):
    runs = master.runs_queue(settings)
    yield Finding("queue runner", "" if runs else "nobody runs the queue")


def check_changes(settings):
    sql = (
        "SELECT to_char(write_date, 'YYYY-MM-DD HH24:MI UTC: ') || value"
        " FROM ir_config_parameter WHERE key = 'saas_master.frozen'"
    )
    frozen = postgresql.run_sql(settings, "saas_owner", "master", sql)
    trouble = frozen and f"the platform is frozen since {frozen}"
    cure = f"when its reason is over: {settings.saasctl('unfreeze')}"
    yield Finding("changes", trouble, cure)


def check_template(settings):
    sql = "SELECT count(*) FROM saas_template WHERE state = 'ready'"
    ready = postgresql.run_sql(settings, "saas_owner", "master", sql)
    yield Finding(
        "template",
        "" if int(ready) else "none is ready: nobody can be given an instance",
        settings.saasctl("template build --wait"),
    )


def check_command_line(settings):
    """Look at saasctl's key, by what the master knows of it."""
    file = settings.etc / "saasctl.key"
    sql = (
        "SELECT floor(extract(epoch FROM max(k.expiration_date)"
        " - now() AT TIME ZONE 'UTC') / 86400)"
        " FROM res_users_apikeys k JOIN res_users u ON u.id = k.user_id"
        " WHERE u.login = 'saasctl'"
    )
    days = postgresql.run_sql(settings, "saas_owner", "master", sql)
    if not file.exists():
        trouble = f"{file} is missing"
    elif not days:
        trouble = "the master knows none"
    elif int(days) < 0:
        trouble = "it is over"
    else:
        few = int(days) < KEY_DAYS
        trouble = f"it ends in {days} days" if few else ""
    yield Finding("saasctl's key", trouble, settings.saasctl("login"))


def check_administrators(settings):
    """Look who else than the first administrator may change modules and code."""
    others = postgresql.run_sql(settings, "saas_owner", "master", ADMINISTRATORS)
    yield Finding(
        "right to Settings",
        others and f"{others} may change what the platform runs",
        "in the backend, Settings > Users: take Administration away from them",
    )
