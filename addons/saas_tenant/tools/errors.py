"""What the platform is told when this Odoo cannot do what it asks."""


class Refused(Exception):
    """A wish that cannot be met; the message is for the platform's staff."""
