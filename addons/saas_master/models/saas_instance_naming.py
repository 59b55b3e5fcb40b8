import secrets

from odoo import models
from odoo.tools import SQL

from odoo.addons.saas_infra.drivers.errors import NoCapacity


class SaasInstance(models.Model):
    """Names and numbers of an instance: chosen once, stored, never computed again."""

    _inherit = "saas.instance"

    def _choose_names(self, server):
        """Return database, service and directory, with as much UUID as they need."""
        digits = self.uuid.replace("-", "")
        for length in range(8, 33, 4):
            short = digits[:length]
            database = f"odoo_cust{self.partner_id.id}_{short}"
            if (
                not self.with_context(active_test=False)
                .sudo()
                .search_count(
                    [
                        "|",
                        ("database", "=", database),
                        ("service", "=", f"odoo_{short}"),
                    ],
                    limit=1,
                )
            ):
                break
        return {
            "database": database,
            "service": f"odoo_{short}",
            "directory": f"odoo_data_{database}_{self.uuid}",
            "password_sealed": self._seal(
                secrets.token_urlsafe(32), "database", self.uuid
            ),
            "proxy_secret_sealed": self._seal(
                secrets.token_urlsafe(32), "proxy", self.uuid
            ),
        }

    def _choose_numbers(self, cluster):
        """Return a user id and a port that nobody in the cluster has.

        A user id that was given up rests while there are others: files of its user
        may lie around, in /dev/shm for one, and the next user could read them.
        """
        uid = self.uid or self._first_free(
            cluster, "uid", cluster.uid_base, above=self._highest_uid(cluster)
        )
        return {
            "uid": uid,
            "port": self._first_free(cluster, "port", cluster.port_base),
        }

    def _highest_uid(self, cluster):
        """Return the highest user id that an instance ever had, purged ones too."""
        instances = self.sudo().with_context(active_test=False)
        [(highest,)] = instances._read_group(
            [("cluster_id", "=", cluster.id)], [], ["uid:max"]
        )
        return highest or 0

    def _first_free(self, cluster, field, first, above=0):
        """Return the lowest number of the cluster's range that nobody has.

        :param int above: lower ones come last
        """
        self.env.flush_all()
        column = SQL.identifier(field)
        rows = self.env.execute_query(
            SQL(
                """SELECT number FROM generate_series(%s, %s) AS number
                    WHERE number NOT IN (
                          SELECT %s FROM saas_instance
                           WHERE cluster_id = %s AND active AND %s IS NOT NULL
                           UNION ALL
                          SELECT %s FROM saas_template
                           WHERE cluster_id = %s AND %s IS NOT NULL)
                    ORDER BY number <= %s, number LIMIT 1""",
                first,
                first + cluster[f"{field}_count"] - 1,
                column,
                cluster.id,
                column,
                column,
                cluster.id,
                column,
                above,
            )
        )
        if not rows:
            raise NoCapacity(
                self.env._(
                    "No %(what)s is free in %(cluster)s.",
                    what=field,
                    cluster=cluster.name,
                )
            )
        return rows[0][0]
