from datetime import timedelta

from odoo import fields, models

# What is there is written down this often, not at every look.
OFTEN = timedelta(minutes=1)
MEBIBYTE = 1024**2


class SaasNode(models.Model):
    _inherit = "saas.node"

    seen_state = fields.Char(
        readonly=True,
        copy=False,
        default="ready",
        help="As its cluster last told it. The state follows, unless people have said "
        "something else.",
    )

    def _note_state(self, seen):
        """Take in how the node's cluster says that it is, and tell what changed.

        :param str seen: ready, drained or lost
        """
        self.ensure_one()
        now = fields.Datetime.now()
        if seen != "lost" and (not self.last_seen or now - self.last_seen > OFTEN):
            self.last_seen = now
        if seen == self.seen_state:
            return
        follows = self.state == self.seen_state
        self.write({"seen_state": seen, **({"state": seen} if follows else {})})
        labels = dict(self._fields["state"]._description_selection(self.env))
        subject = self.env._(
            "Node %(node)s of %(cluster)s: %(state)s",
            node=self.name,
            cluster=self.cluster_id.name,
            state=labels[seen],
        )
        if seen == "lost":
            text = self.env._(
                "Its tenants start on other nodes where they may. Look after the "
                "machine; it comes back by itself once it answers."
            )
            self.env["saas.alarm"]._ring("node_lost", subject, text)
        elif not follows:  # Else the state that changed is an event.
            self.env["saas.event"]._log(f"node_{seen}", subject)


class SaasCluster(models.Model):
    _inherit = "saas.cluster"

    def _note_nodes(self, found):
        """Write down how its nodes are; a new one that tells its size is taken in.

        :param dict found: NodeState by name
        :return: the nodes, but for those that somebody else writes now
        """
        self.ensure_one()
        nodes = self._lock_nodes()
        for node in nodes:
            node._note_state(found[node.name].state if node.name in found else "lost")
        for name in sorted(set(found) - set(self.node_ids.mapped("name"))):
            if found[name].cores:
                nodes |= self._take_in_node(found[name])
        return nodes

    def _lock_nodes(self):
        """Return its nodes but for those that somebody else writes now."""
        self.env.flush_all()
        self.env.cr.execute(
            """SELECT id FROM saas_node WHERE cluster_id = %s
                ORDER BY name FOR NO KEY UPDATE SKIP LOCKED""",
            [self.id],
            log_exceptions=False,  # A conflict is ordinary: the next look tells.
        )
        found = [node for (node,) in self.env.cr.fetchall()]
        return self.env["saas.node"].browse(found)

    def _take_in_node(self, found):
        node = self.env["saas.node"].create(
            {
                "name": found.name,
                "cluster_id": self.id,
                "cores": found.cores,
                "memory_mb": (found.memory or 0) // MEBIBYTE,
            }
        )
        node._note_state(found.state)
        return node
