"""`web` after a break-in: it writes nothing that `jobs` looks at before it acts."""

import pytest
from psycopg2 import errors
from strangers import MASTER

# By table: what `jobs` trusts, and what a request itself writes.
CLOSED = {
    "saas_instance": (
        "status provisioning_status ready_at terminated_at active message uuid "
        "plan_id cpu_cores memory_mb storage_gb database_gb files_gb "
        "region_id cluster_id storage_id database_server_id version_id template_id "
        "database service directory uid port password_sealed proxy_secret_sealed id"
    ),
    "saas_operation": (
        "kind params exclusive instance_id template_id status_before runner "
        "requested_by create_date create_uid id"
    ),
    "saas_operation_step": (
        "operation_id sequence name state started_at seconds message id"
    ),
    "saas_template": (
        "uuid database directory uid port password_sealed modules cluster_id id"
    ),
    "saas_inquiry": "kind params state instance_id id",
    "saas_subdomain": "name instance_id id",
    "saas_storage": "uuid is_marked id",
    "saas_cluster": "remote_address id",
    "saas_login_ticket": "code_hash instance_id role expires id",
    "saas_event": "message create_date id",
}
OPEN = {
    "saas_instance": "desired_status subdomain email last_operation_id",
    "saas_operation": "job_uuid deaths",
    "saas_subdomain": "redirect_until",
    "saas_storage": "name",
    "saas_cluster": "name remote_key_sealed",
}
# What `jobs` decides, or finds, before an instance has a place.
NOT_GIVEN = "database directory service uid port ready_at terminated_at cluster_id"


def pairs(columns):
    return [(table, name) for table, names in columns.items() for name in names.split()]


@pytest.mark.parametrize(("table", "column"), pairs(CLOSED))
def test_web_changes_no_column_that_jobs_trusts(web, table, column):
    with pytest.raises(errors.InsufficientPrivilege):
        web.sql(MASTER, f"UPDATE {table} SET {column} = {column}")


@pytest.mark.parametrize(("table", "column"), pairs(OPEN))
def test_web_changes_what_is_asked_of_it(web, table, column):
    web.sql(MASTER, f"UPDATE {table} SET {column} = {column} WHERE id = 0")


@pytest.mark.parametrize("column", NOT_GIVEN.split())
def test_web_plants_no_instance_that_has_something(web, column):
    with pytest.raises(errors.InsufficientPrivilege):
        web.sql(MASTER, f"INSERT INTO saas_instance ({column}) VALUES (NULL)")


@pytest.mark.parametrize(
    "table",
    sorted(CLOSED.keys() - {"saas_storage", "saas_cluster"} | {"saas_subscription"}),
)
def test_web_deletes_none_of_them(web, table):
    with pytest.raises(errors.InsufficientPrivilege):
        web.sql(MASTER, f"DELETE FROM {table}")


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO saas_operation_step (operation_id, name, state) "
        "SELECT id, 'drop_database', 'done' FROM saas_operation",
        "INSERT INTO saas_operation (kind, state) VALUES ('purge', 'failed')",
        "INSERT INTO saas_template (uuid, state) VALUES ('u', 'ready')",
        "INSERT INTO saas_instance (status, provisioning_status) "
        "VALUES ('terminated', 'pending')",
        "INSERT INTO saas_instance (status, provisioning_status) "
        "VALUES ('creating', 'ready')",
        "UPDATE saas_operation SET state = 'running'",
        "UPDATE saas_operation SET state = 'queued' WHERE state = 'done'",
        "UPDATE saas_operation SET state = 'failed' WHERE state <> 'failed'",
        "UPDATE saas_template SET state = 'failed' WHERE state = 'ready'",
    ],
)
@pytest.mark.usefixtures("shared_instance")
def test_web_makes_no_state_that_only_jobs_makes(web, statement):
    with pytest.raises(errors.InsufficientPrivilege, match="state|status"):
        web.sql(MASTER, statement)


def test_no_template_takes_a_tenants_database(web, shared_instance):
    """Asked to be removed, it would take it away."""
    with pytest.raises(errors.CheckViolation, match="names_check"):
        web.sql(
            MASTER,
            """INSERT INTO saas_template (uuid, database, directory, state, modules,
                      languages, version_id, cluster_id, database_server_id, storage_id)
               SELECT uuid, database, directory, 'building', 'base', 'en_US',
                      version_id, cluster_id, database_server_id, storage_id
                 FROM saas_instance WHERE uuid = %s""",
            [shared_instance["uuid"]],
        )
