"""Every operation of the platform: its steps in order, and what it does to states.

A step is a method ``_step_<name>`` of ``saas.operation``. It reads what it needs and
returns the call to make outside (or None); the engine makes that call with no
transaction open, then hands the answer to ``_done_<name>`` where there is one. A step
looks first and changes only what differs: the first run, a retry and the repair after
a crash are the same code.
"""

from dataclasses import dataclass

from odoo.tools.translate import LazyGettext, LazyTranslate

_lt = LazyTranslate(__name__)

ANY = frozenset(
    {
        "creating",
        "starting",
        "running",
        "stopping",
        "stopped",
        "paused",
        "terminated",
        "error",
    }
)
ALIVE = ANY - {"creating", "terminated"}


@dataclass(frozen=True, kw_only=True)
class Playbook:
    """An operation's kind.

    :param LazyGettext label: what people read
    :param str channel: queue_job's channel below root
    :param tuple steps: names, in order
    :param frozenset allowed_from: the instance's status when it is asked for
    :param bool needs_ready: only for what was ready once
    :param bool exclusive: one such operation an instance at a time
    :param str during: the instance's status while it runs, if it changes
    :param str after: the instance's status when it is done, if it changes
    :param str desired: what the instance is wanted to be from now on, if it changes
    :param bool breaks: a failure leaves the instance in ``error``, else as it was
    :param LazyGettext warning: what the person who asks is told before
    """

    label: LazyGettext
    channel: str = "operations"
    steps: tuple = ()
    allowed_from: frozenset = ALIVE
    needs_ready: bool = True
    exclusive: bool = True
    during: str = ""
    after: str = ""
    desired: str = ""
    breaks: bool = False
    warning: LazyGettext | str = ""

    @property
    def moves_from(self):
        """The instance's status while it is under way; a retry begins in error."""
        broken = {"error"} if self.breaks else set()
        return self.allowed_from | {self.during} | broken


# Asked for templates: of no instance in whatever status.
OF_TEMPLATES = {"channel": "maintenance", "allowed_from": frozenset()}
# What was terminated has lost its place; a reactivation that failed may have none.
SERVE = ("place", "mail", "service", "healthy", "route")
# What a plan decides, as the record has it: done again wherever it was cut off.
LIMIT = (
    "widen",
    "mail",
    "quota",
    "resize",
    "healthy",
    # With workers of its own or without: other connections, other ports.
    "role",
    "route",
)
# What is to end or to pause begins with the mail: the relay is told where the rest
# fails, too.
REMOVE = (
    "drop_mail",
    "unroute",
    "dismantle",
    "drop_database",
    "drop_files",
    "drop_role",
    "prove",
)

PLAYBOOKS = {
    "provision": Playbook(
        label=_lt("Create"),
        channel="provisioning",
        steps=(
            "place",
            "storage",
            "mail",
            # Odoo loads while its database is made, and waits for it: its launcher
            # opens neither that nor a port before `filestore`, after `identity`.
            "service",
            "role",
            "database",
            "identity",
            "filestore",
            "healthy",
            "localise",
            "route",
            "announce",
        ),
        allowed_from=frozenset({"creating"}),
        needs_ready=False,
        during="creating",
        after="running",
        desired="running",
        breaks=True,
    ),
    "start": Playbook(
        label=_lt("Start"),
        steps=SERVE,
        allowed_from=frozenset({"stopped", "error"}),
        during="starting",
        after="running",
        desired="running",
        breaks=True,
    ),
    "stop": Playbook(
        label=_lt("Stop"),
        steps=("notice_stopped", "halt"),
        allowed_from=frozenset({"running", "error"}),
        during="stopping",
        after="stopped",
        desired="stopped",
        warning=_lt("Nobody can work in the instance until it is started again."),
    ),
    "restart": Playbook(
        label=_lt("Restart"),
        steps=("notice_starting", "halt", *SERVE),
        allowed_from=frozenset({"running", "error"}),
        during="starting",
        after="running",
        desired="running",
        breaks=True,
        warning=_lt("Whoever works in the instance is interrupted for some seconds."),
    ),
    "suspend": Playbook(
        label=_lt("Suspend"),
        steps=("mail", "notice_suspended", "halt"),
        allowed_from=ALIVE - {"paused"},
        after="paused",
        desired="paused",
        warning=_lt("Visitors see a page that says so until the instance is resumed."),
    ),
    # What must wait for the operation that runs is written down as desired status;
    # visitors are turned away at once all the same.
    "block": Playbook(
        label=_lt("Block"),
        steps=("mail", "notice_suspended", "halt"),
        exclusive=False,
        desired="paused",
    ),
    # Whether it may send mail, and how much, is so from the next mail on.
    "mail": Playbook(label=_lt("Set mail"), steps=("mail",), exclusive=False),
    "resume": Playbook(
        label=_lt("Resume"),
        steps=SERVE,
        allowed_from=frozenset({"paused"}),
        during="starting",
        after="running",
        desired="running",
        breaks=True,
    ),
    "change_plan": Playbook(
        label=_lt("Change plan"),
        steps=("fit", "reserve", *LIMIT),
        # In error too: who was killed for want of memory needs a larger plan.
        allowed_from=frozenset({"running", "stopped", "paused", "error"}),
        warning=_lt("The instance restarts with its new limits within some seconds."),
    ),
    "rename": Playbook(
        label=_lt("Rename"),
        steps=("route", "mail", "base_url"),
        allowed_from=frozenset({"running"}),
        warning=_lt("The old address leads to the new one for some time."),
    ),
    # The old names of a renamed instance lead nowhere from now on.
    "release_names": Playbook(
        label=_lt("Release old names"),
        channel="maintenance",
        steps=("redirects",),
        allowed_from=frozenset({"running", "stopped", "paused", "terminated"}),
    ),
    "hand_over": Playbook(
        label=_lt("Hand over"),
        steps=("administrator",),
        allowed_from=frozenset({"running"}),
        warning=_lt("The instance and everything in it goes to the other customer."),
    ),
    "terminate": Playbook(
        label=_lt("Terminate"),
        # The service's port and room go to others; only data is kept.
        steps=("drop_mail", "notice_stopped", "dismantle"),
        allowed_from=ALIVE,
        needs_ready=False,
        after="terminated",
        desired="terminated",
        warning=_lt("The instance ends now. Its data is kept for the retention time."),
    ),
    "reactivate": Playbook(
        label=_lt("Reactivate"),
        channel="provisioning",
        steps=SERVE,
        allowed_from=frozenset({"terminated"}),
        during="starting",
        after="running",
        desired="running",
        breaks=True,
    ),
    "repair": Playbook(
        label=_lt("Repair"),
        steps=SERVE,
        allowed_from=frozenset({"running", "error"}),
        during="starting",
        after="running",
        breaks=True,
    ),
    "repair_stop": Playbook(
        label=_lt("Repair"),
        steps=("mail", "notice", "halt"),
        allowed_from=frozenset({"stopped", "paused"}),
    ),
    "repair_limits": Playbook(
        label=_lt("Repair"),
        steps=LIMIT,
        allowed_from=frozenset({"running", "stopped", "paused"}),
    ),
    "repair_end": Playbook(
        label=_lt("Repair"),
        steps=("drop_mail", "dismantle"),
        allowed_from=frozenset({"terminated"}),
    ),
    "discard": Playbook(
        label=_lt("Discard"),
        steps=REMOVE,
        allowed_from=frozenset({"creating", "error", "terminated"}),
        needs_ready=False,
        after="terminated",
        desired="terminated",
        warning=_lt("Takes back everything that the failed creation made."),
    ),
    "purge": Playbook(
        label=_lt("Purge"),
        channel="maintenance",
        steps=REMOVE,
        allowed_from=frozenset({"terminated"}),
        needs_ready=False,
        after="terminated",
        desired="terminated",
        warning=_lt("Deletes database and files for good. This cannot be undone."),
    ),
    "build_template": Playbook(
        label=_lt("Build template"),
        **OF_TEMPLATES,
        steps=(
            "template_storage",
            "template_role",
            "template_database",
            "template_build",
            "template_close",
        ),
    ),
    "remove_template": Playbook(
        label=_lt("Remove template"),
        **OF_TEMPLATES,
        steps=(
            "template_end",
            "drop_database",
            "drop_files",
            "drop_role",
            "template_prove",
        ),
        warning=_lt("Deletes the template. Instances that were copied from it stay."),
    ),
}
