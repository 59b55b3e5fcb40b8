from odoo import api, fields, models

from ..drivers.ssh import SshLogin


class SaasRemoteMixin(models.AbstractModel):
    """A machine that is reached with a key of our own, and known by its host key.

    The key is sealed together with all that says whose it is shown to: where one of
    those was changed, it does not open until it is entered again.
    """

    _name = "saas.remote.mixin"
    _description = "Record with a key to another machine"
    _inherit = ["saas.sealed.mixin"]

    remote_address = fields.Char(
        string="Address",
        copy=False,
        help="Given once, when it is added: whoever could change it would have all "
        "secrets sent elsewhere. `make change-place`, by root, changes it.",
    )
    remote_way = fields.Char(
        compute="_compute_remote_way", help="How it is reached: unix, tcp or ssh."
    )
    remote_host_key = fields.Char(
        string="Host Key",
        copy=False,
        help="What the machine shows to SSH: a line of `ssh-keyscan`, without the "
        "host's name in front. Compare it on the machine itself.",
    )
    remote_key_sealed = fields.Char(copy=False, groups="base.group_system")
    remote_key = fields.Text(
        string="Key",
        compute="_compute_remote_key",
        inverse="_inverse_remote_key",
        groups="saas_infra.group_operator",
        help="The private key, as text, without a passphrase. Sealed as soon as it is "
        "saved; nobody can read it back here.",
    )

    @api.depends("remote_address")
    def _compute_remote_way(self):
        for record in self:
            record.remote_way = (record.remote_address or "").partition(":")[0]

    @api.depends_context("uid")
    def _compute_remote_key(self):
        self.remote_key = False

    def _inverse_remote_key(self):
        for record in self:
            if record.remote_key:
                lines = record.remote_key.strip().splitlines()
                text = "".join(f"{line.strip()}\n" for line in lines)
                sealed = record._seal(text, *record._get_remote_purpose())
                record.sudo().remote_key_sealed = sealed

    def _get_remote_key(self):
        """Open the key, for those that it was entered for."""
        return self._unseal(self.sudo().remote_key_sealed, *self._get_remote_purpose())

    def _get_remote_purpose(self):
        """Return what the key is sealed for."""
        self.ensure_one()
        return self._name, self.remote_address, self.remote_host_key

    def _get_ssh_login(self):
        """Return what we show there and expect to be shown; None without a key.

        :rtype: SshLogin|None
        """
        key = self._get_remote_key()
        return SshLogin(key, self.remote_host_key or "") if key else None
