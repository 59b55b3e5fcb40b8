from odoo.addons.queue_job.controllers.main import RunJobController
from odoo.addons.saas_infra.tools.settings import get_settings


class SaasRunJobController(RunJobController):
    @classmethod
    def _acquire_job(cls, env, job_uuid):
        """Acquire a job of the closed list; refuse every other."""
        if get_settings().service == "web":
            return None
        row = env["queue.job"].search([("uuid", "=", job_uuid)], limit=1)
        if row and not row._is_allowed():
            row._refuse()
            return None
        env.invalidate_all()
        return super()._acquire_job(env, job_uuid)
