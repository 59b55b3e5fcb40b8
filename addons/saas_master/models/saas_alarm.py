from datetime import timedelta

from markupsafe import Markup

from odoo import api, fields, models

# A scheduled look finds the same trouble every five minutes.
QUIET = timedelta(hours=6)


class SaasAlarm(models.AbstractModel):
    """What staff must hear of at once: an event and a mail to the managers."""

    _name = "saas.alarm"
    _description = "Alarm"

    @api.model
    def _ring(self, kind, subject, text, *, instance=None, operation=None):
        """Log an event and queue a mail to every manager.

        What goes on ringing is told again only after some time.

        :param str kind: the event's kind
        :param str subject: one line
        :param str text: what happened and what to do about it
        """
        message = f"{subject}: {text}"
        if self._log_once(kind, message, instance=instance, operation=operation):
            self._mail_managers(subject, text)

    @api.model
    def _log_once(self, kind, message, **about):
        """Log an event, unless it was logged within some hours.

        :param about: what it is about, as for ``saas.event``
        :return: the event, or nothing
        """
        events = self.env["saas.event"].sudo()
        lately = fields.Datetime.now() - QUIET
        same = [("kind", "=", kind), ("message", "=", message)]
        if events.search_count([*same, ("create_date", ">", lately)], limit=1):
            return events
        return events._log(kind, message, **about)

    @api.model
    def _mail_managers(self, subject, text):
        """Queue a mail to every manager who has an address."""
        group = self.env.ref("saas_infra.group_manager")
        recipients = group.sudo().all_user_ids.filtered("email").partner_id
        if recipients:
            self.env["mail.mail"].sudo().create(
                {
                    "subject": subject,
                    "body_html": Markup("<p>%s</p>") % text,
                    "recipient_ids": [(6, 0, recipients.ids)],
                    "auto_delete": True,
                }
            )
