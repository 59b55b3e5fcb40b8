from odoo import Command, api, fields, models

# Days since the earliest unpaid invoice, as most hosts have them.
USUAL = (("remind", 3), ("remind", 7), ("suspend", 14))


class SaasOverdueState(models.Model):
    """What is done for an instance that has been unpaid for so long."""

    _name = "saas.overdue.state"
    _description = "Overdue State"
    _order = "server_id, days"

    server_id = fields.Many2one(
        "saas.killbill.server", required=True, index=True, ondelete="cascade"
    )
    name = fields.Char(
        compute="_compute_name", help="What Kill Bill calls the state of an account."
    )
    days = fields.Integer(
        required=True, help="Days since the earliest invoice that is not paid."
    )
    action = fields.Selection(
        [("remind", "Remind"), ("suspend", "Suspend"), ("terminate", "Terminate")],
        required=True,
        default="remind",
        help="Of an instance whose own subscription is not paid; other instances of "
        "the same customer run on. Terminated is only what is suspended: its "
        "subscription ends, and its data is kept as long as after any end.",
    )

    _days_uniq = models.Constraint(
        "UNIQUE (server_id, days)", "There is a state for this day already."
    )
    _days_check = models.Constraint(
        "CHECK (days > 0)", "A bill is overdue from its second day on at the earliest."
    )

    @api.depends("action", "days")
    def _compute_name(self):
        for state in self:
            state.name = f"{(state.action or '').upper()}_{state.days}"

    @api.model
    def _get_usual(self):
        """Return the states that most hosts have, as commands of a field."""
        return [
            Command.create({"action": action, "days": days}) for action, days in USUAL
        ]
