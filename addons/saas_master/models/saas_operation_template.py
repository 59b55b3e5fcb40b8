import secrets
from functools import partial

from odoo import fields, models

from odoo.addons.saas_infra.drivers.errors import PermanentInfraError
from odoo.addons.saas_infra.drivers.specs import Limits, ServiceSpec, TaskSpec

from .saas_operation_run import Wait

BUILD_MEMORY = 2048 * 1024**2
POLL_SECONDS = 2
LOG_LINES = 30


class SaasOperation(models.Model):
    """Steps that build a template: everything slow happens here, once."""

    _inherit = "saas.operation"

    def _get_template_task(self):
        template = self.template_id
        host, port = template.database_server_id._get_tenant_address()
        return TaskSpec(
            service=ServiceSpec(
                mark=template._get_mark(),
                name=template.database,
                uid=template.uid,
                port=template.port,
                database=template._get_database_spec(),
                database_host=host,
                database_port=port,
                directory=template._get_directory_spec(),
                limits=Limits(cpu=2.0, memory=BUILD_MEMORY, storage=0),
                hostname=template.database,
                base_url="http://localhost",
                proxy_secret=secrets.token_urlsafe(32),
                public_keys=(),
                **template._get_swarm_values(template.cluster_id.cell_ids[:1]),
            ),
            verb="init",
            modules=tuple(template.modules.split(",")),
            languages=tuple(template.languages.split(",")),
        )

    def _step_template_storage(self):
        template = self.template_id
        if not template.uid:
            instances = self.env["saas.instance"]
            with instances._placing():
                numbers = instances._choose_numbers(template.cluster_id)
                sealed = template._seal(
                    secrets.token_urlsafe(32), "database", template.uuid
                )
                template._write_guarded({**numbers, "password_sealed": sealed})
        driver = template.storage_id._get_driver()
        spec = template._get_directory_spec()
        is_new = not template.storage_id.is_marked

        def make_folder():
            if is_new:
                driver.ensure_sentinel()
            driver.ensure_directory(spec)

        return make_folder

    def _done_template_storage(self, _answer):
        storage = self.template_id.storage_id
        if not storage.is_marked:
            storage._write_guarded({"is_marked": True})

    def _step_template_role(self):
        template = self.template_id
        driver = template.database_server_id._get_driver()
        return partial(driver.ensure_role, template._get_database_spec())

    def _step_template_database(self):
        template = self.template_id
        driver = template.database_server_id._get_driver()
        spec = template._get_database_spec()
        return partial(driver.ensure_database, spec, template=None, template_role=None)

    def _step_template_build(self):
        """Install the modules beside the data; look again until it has ended."""
        driver = self.template_id.cluster_id._get_driver()
        task = self._get_template_task()

        def build_or_look():
            state = driver.task_state(task)
            if state.state == "absent":
                driver.run_task(task)
                return Wait(POLL_SECONDS)
            if state.state == "running":
                return Wait(POLL_SECONDS)
            said = driver.logs(task, LOG_LINES) if state.state == "failed" else ""
            driver.remove_task(task)  # with its log
            if state.state == "failed":
                raise PermanentInfraError(
                    f"Installing the modules failed: {state.message}\n{said}".strip(),
                    cure="Mend what the log says, then retry.",
                )
            return None

        return build_or_look

    def _step_template_close(self):
        template = self.template_id
        driver = template.database_server_id._get_driver()
        return partial(driver.close_template, template._get_database_spec())

    def _enter_build_template(self):
        """Count it as being built again after a retry."""
        self.template_id._write_guarded({"state": "building", "message": False})

    def _finish_build_template(self):
        """Let new instances be copied from this one, and no more from the old."""
        template = self.template_id
        old = self.env["saas.template"].search(
            [
                ("id", "!=", template.id),
                ("state", "=", "ready"),
                *template._get_rivals(),
            ]
        )
        old._write_guarded({"state": "retired"})
        self.env.flush_all()
        template._write_guarded(
            {"state": "ready", "built_at": fields.Datetime.now(), "message": False}
        )

    # === REMOVAL === #

    def _step_template_end(self):
        template = self.template_id
        if not template.uid:  # It failed before it had anything.
            return None
        driver = template.cluster_id._get_driver()
        return partial(driver.remove_task, self._get_template_task())

    def _step_template_prove(self):
        driver = self.template_id.cluster_id._get_driver()
        return self._get_proof(
            f"{self.template_id.database}_init", driver.list_tasks, driver.list_secrets
        )

    def _finish_remove_template(self):
        self.template_id._write_guarded(
            {"state": "removed", "password_sealed": False, "uid": 0, "port": 0}
        )

    def _failed_build_template(self, message):
        self.template_id._write_guarded({"state": "failed", "message": message})
