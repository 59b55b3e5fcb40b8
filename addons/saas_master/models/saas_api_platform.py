from datetime import timedelta

from odoo import SUPERUSER_ID, api, fields, models
from odoo.exceptions import AccessError, UserError

API_USER = "saasctl"
API_KEY_DAYS = 90


class SaasApi(models.AbstractModel):
    """Infrastructure and the platform itself, for the command line."""

    _inherit = "saas.api"

    def _list(self, model, names):
        self._check_group("support")
        return [
            {name: self._plain(record[name]) for name in names}
            for record in self.env[model].search([], limit=1000)
        ]

    def _plain(self, value):
        """Turn a field's value into what a document holds: names, texts, None."""
        if isinstance(value, models.BaseModel):
            return value.display_name or None
        if hasattr(value, "isoformat"):
            return value.isoformat()
        return None if value is False else value

    @api.model
    def region_list(self):
        """List the regions."""
        return self._list("saas.region", ["code", "name"])

    @api.model
    def version_list(self):
        """List the Odoo versions."""
        return self._list("saas.odoo.version", ["name", "modules", "languages"])

    @api.model
    def cluster_list(self):
        """List the clusters with their room."""
        names = ["name", "kind", "state", "base_domain", "cores", "memory_mb"]
        return self._list("saas.cluster", names)

    @api.model
    def node_list(self):
        """List the nodes."""
        names = ["name", "cluster_id", "state", "cores", "memory_mb", "last_seen"]
        return self._list("saas.node", names)

    @api.model
    def server_list(self):
        """List the database servers."""
        names = ["name", "state", "host", "port", "max_databases", "max_connections"]
        return self._list("saas.database.server", names)

    @api.model
    def storage_list(self):
        """List the storages."""
        names = ["name", "kind", "state", "is_marked", "root"]
        names += ["max_tenants", "max_gigabytes", "free_mb", "last_snapshot"]
        return self._list("saas.storage", names)

    @api.model
    def template_list(self):
        """List the templates."""
        names = ["database", "name", "country_group_id", "state", "message"]
        names += ["modules", "languages", "built_at"]
        return self._list("saas.template", names)

    @api.model
    def template_build(
        self,
        version=None,
        cluster=None,
        server=None,
        countries=None,
        modules=None,
        dry_run=False,
    ):
        """Build a template; without names, of the only one of each there is.

        :param str countries: name or code of a country group, for its customers alone
        :param str modules: beside those of the version, separated by commas
        """
        self._check_group("operator")
        version = self._choose("saas.odoo.version", version)
        cluster = self._choose("saas.cluster", cluster)
        server = self._choose("saas.database.server", server)
        group = self._find_country_group(countries)
        storage = cluster._get_template_storage()
        if not storage:
            raise UserError(self.env._("%s has no open storage.", cluster.name))
        templates = self.env["saas.template"]
        with self._tried(dry_run):
            operation = templates._build(
                version, cluster, server, storage, group=group, extra_modules=modules
            )
            if dry_run:
                return self._describe_plan("build_template", operation)
        return {"operation": self._describe_operation(operation)}

    @api.model
    def template_remove(self, database, dry_run=False):
        """Remove a template that failed or was replaced, by its database's name."""
        self._check_group("operator")
        domain = [("database", "=", database)]
        template = self._find("saas.template", domain, f"template {database}")
        with self._tried(dry_run):
            operation = template._remove()
            if dry_run:
                return self._describe_plan("remove_template", operation)
        return {"operation": self._describe_operation(operation)}

    def _find_country_group(self, name):
        if not name:
            return None
        domain = ["|", ("code", "=", name), ("name", "=", name)]
        return self._find("res.country.group", domain, f"country group {name}")

    def _choose(self, model, name):
        domain = [("name", "=", name)] if name else []
        found = self.env[model].search(domain, limit=2)
        if name and not found:
            self._find(model, domain, f"{self.env[model]._description} {name}")
        if len(found) != 1:
            raise UserError(
                self.env._("Say which %s.", self.env[model]._description.lower())
            )
        return found

    # === PLATFORM === #

    @api.model
    def status(self):
        """Tell how the platform is, in numbers."""
        self._check_group("support")
        instances = self.env["saas.instance"]._read_group([], ["status"], ["__count"])
        operations = self.env["saas.operation"]._read_group([], ["state"], ["__count"])
        return {
            "frozen": self.env["saas.operation"]._get_freeze_reason() or "",
            "instances": dict(instances),
            "operations": dict(operations),
        }

    @api.model
    def reconcile(self, dry_run=False):
        """Compare what is wanted with what is there, and mend it."""
        self._check_group("operator")
        inquiry = self.env["saas.inquiry"]._ask("reconcile", dry_run=bool(dry_run))
        return {"inquiry": inquiry.id}

    @api.model
    def freeze(self, reason, dry_run=False):
        """Let nothing change outside from now on."""
        self._check_group("operator")
        with self._tried(dry_run):
            self.env["saas.operation"]._freeze(reason)
            if dry_run:
                return self._describe_deeds([self.env._("Refuse all changes.")])
        return self.status()

    @api.model
    def unfreeze(self, dry_run=False):
        """Let changes go on."""
        self._check_group("operator")
        with self._tried(dry_run):
            self.env["saas.operation"]._unfreeze()
            if dry_run:
                return self._describe_deeds([self.env._("Allow changes again.")])
        return self.status()

    # === KEYS === #

    @api.model
    def _issue_key(self, user=API_USER, days=API_KEY_DAYS):
        """Make a new API key for the command line's user; earlier ones end.

        :param str user: the login; made where there is none
        :param int days: life of the key, at most 90
        :raise AccessError: for an administrator, whose key would open everything
        :return: the key
        """
        if self.env.uid != SUPERUSER_ID:
            raise AccessError(self.env._("Only a local root command makes keys."))
        users = self.env["res.users"].with_context(no_reset_password=True)
        owner = users.search([("login", "=", user)], limit=1)
        if owner and owner._is_admin():
            raise AccessError(self.env._("%s is an administrator.", user))
        if not owner:
            group = self.env.ref("saas_infra.group_operator")
            owner = users.create(
                {"name": user, "login": user, "group_ids": [(6, 0, group.ids)]}
            )
        keys = self.env["res.users.apikeys"]
        keys.search([("user_id", "=", owner.id)])._remove()
        expiration = fields.Datetime.now() + timedelta(days=min(days, API_KEY_DAYS))
        return keys.with_user(owner).sudo()._generate("rpc", user, expiration)
