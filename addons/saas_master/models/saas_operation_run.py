# The engine's whole point: what a step did is committed before the next begins.
# pylint: disable=invalid-commit
import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from uuid import uuid4

import tenacity
from psycopg2 import errors

from odoo import models

from odoo.addons.saas_infra.drivers.errors import (
    InfraError,
    PermanentInfraError,
    RetryableInfraError,
)

from ..tools.queue import is_stopping

_logger = logging.getLogger(__name__)

MAX_TRIES = 5
MAX_SECONDS = 60
MAX_MINUTES = 60
MAX_DEATHS = 2
STARTS = ("service", "resize")  # the steps that a tenant is started by
CONFLICTS = (
    errors.SerializationFailure,
    errors.DeadlockDetected,
    errors.LockNotAvailable,
)


class SupersededError(Exception):
    """Another worker has taken the operation, or it was ended."""


class FrozenError(Exception):
    """The platform was frozen: no step may begin."""


@dataclass(frozen=True)
class Wait:
    """What a step returns that is not over when its outside call is.

    The call returns it when its work goes on without us, ``_done_<name>`` when it is to
    be made again.

    :param float seconds: when to look again
    """

    seconds: float


class SaasOperation(models.Model):
    """The engine: one job runs the steps, and commits before and after each.

    The operation's row holds the token of the worker that runs it. The token is
    checked in every transaction, so that a job that was started twice stops at its
    next step (odoo19.md, F1). No transaction is open during an outside call.
    """

    _inherit = "saas.operation"

    def _job_run(self):
        """Run an operation of the platform"""
        self.ensure_one()
        token = self._take()
        if not token:
            return
        try:
            self._atomically(token, self._enter)
            for step in self._get_open_steps():
                wait = Wait(0) if is_stopping() else self._run_step(step, token)
                if wait:
                    self._atomically(token, partial(self._pause, wait))
                    return
            self._atomically(token, self._finish)
        except SupersededError:
            self.env.cr.rollback()
            _logger.info("Operation %s: another worker has it now.", self.id)
        except FrozenError:
            self.env.cr.rollback()
            self._atomically(token, self._lay_down)
        except Exception as error:  # The engine records every failure itself.
            self.env.cr.rollback()
            self._record_failure(token, error)
            self._take_notice_back()
        self._converge()

    def _get_open_steps(self):
        return self.step_ids.filtered(lambda step: step.state != "done").sorted(
            "sequence"
        )

    # === TAKING AND HOLDING === #

    def _take(self):
        """Take the operation for this worker.

        :return: the token, or None where it is not to be run
        """
        token = uuid4().hex
        if self._is_frozen():
            return None
        self.env.cr.execute(
            """UPDATE saas_operation
                  SET runner = %(token)s, state = 'running',
                      deaths = COALESCE(deaths, 0) + (runner IS NOT NULL)::int,
                      started_at = COALESCE(started_at, now() AT TIME ZONE 'UTC')
                WHERE id = %(id)s AND state IN ('queued', 'running')
            RETURNING deaths""",
            {"token": token, "id": self.id},
        )
        row = self.env.cr.fetchone()
        self.env.cr.commit()
        self.env.invalidate_all()
        if not row:
            return None
        if row[0] >= MAX_DEATHS:
            step = self._get_open_steps()[:1]
            self._record_failure(
                token,
                InfraError(
                    self.env._(
                        "The worker died %(times)s times in the step “%(step)s”.",
                        times=row[0],
                        step=step.label,
                    ),
                    cure=self.env._("Look into the log of `jobs`, then retry."),
                ),
            )
            return None
        return token

    def _atomically(self, token, work):
        """Do work in one transaction that only the holder of the token may commit.

        :param str token: from :meth:`_take`
        :param work: a function without arguments, called again after a conflict
        :raise SupersededError: where another worker holds the operation
        :return: what the function returns
        """

        def held_work():
            self.env.cr.execute(
                """SELECT 1 FROM saas_operation
                    WHERE id = %s AND runner = %s AND state = 'running'
                      FOR UPDATE""",
                [self.id, token],
            )
            if not self.env.cr.fetchone():
                raise SupersededError
            return work()

        return self._in_transaction(held_work)

    def _in_transaction(self, work):
        """Do work and commit it, again after a conflict with somebody else's."""
        for attempt in range(1, MAX_TRIES + 1):
            try:
                result = work()
                self.env.flush_all()
                self.env.cr.commit()
                self.env.invalidate_all()
                return result
            except CONFLICTS:
                self.env.cr.rollback()
                self.env.invalidate_all()
                if attempt == MAX_TRIES:
                    raise
                tenacity.nap.sleep(0.05 * 2**attempt)
        return None

    def _enter(self):
        """Show that the operation runs, where it may: a row alone is no reason to.

        :raise PermanentInfraError: where the states forbid it
        """
        if refusal := self._get_refusal():
            raise PermanentInfraError(refusal, cure=self.env._("Ask for it anew."))
        playbook = self._get_playbook()
        instance = self.instance_id
        if instance and playbook.during:
            if instance.status != playbook.during:  # Else a worker died in it.
                self._write_guarded({"status_before": instance.status})
            instance._update_status(playbook.moves_from, playbook.during)
        enter = getattr(self, f"_enter_{self.kind}", None)
        if enter:
            enter()
        self._reopen_start()

    def _reopen_start(self):
        """Have what did not answer be started again: the cure may be in its files."""
        steps = self._get_open_steps()
        if steps[:1].name == "healthy" and steps[:1].state == "failed":
            started = (self.step_ids - steps).filtered(lambda one: one.name in STARTS)
            started._write_guarded({"state": "pending"})

    def _get_refusal(self):
        """Say why the operation must not go on, whoever wrote it down; else None."""
        playbook, instance = self._get_playbook(), self.instance_id
        if bool(instance) != bool(playbook.allowed_from) or (
            bool(instance) == bool(self.template_id)
        ):
            return self.env._("%s is not for this.", self.label)
        special = getattr(self, f"_get_refusal_of_{self.kind}", None)
        return (
            instance
            and instance._get_refusal_of_state(playbook, playbook.moves_from)
            or (special and special())
        )

    # === STEPS === #

    def _run_step(self, step, token):
        """Run one step.

        :return: a :class:`Wait` where its work goes on without us, else None
        """
        call = self._atomically(token, lambda: self._begin_step(step))
        result = self._call_outside(call, token) if call else None
        if isinstance(result, Wait):
            self._atomically(token, lambda: self._check_patience(step))
            return result
        return self._atomically(token, lambda: self._end_step(step, result))

    def _begin_step(self, step):
        if self._is_frozen():
            raise FrozenError
        if step.name not in self._get_playbook().steps:
            raise PermanentInfraError(f"{self.kind} has no step {step.name}.")
        values = {"state": "running", "message": False}
        if step.state != "running":  # Detached work goes on since it was begun.
            values["started_at"] = datetime.utcnow()  # to the microsecond
        step._write_guarded(values)
        return getattr(self, f"_step_{step.name}")()

    def _end_step(self, step, result):
        done = getattr(self, f"_done_{step.name}", None)
        wait = done(result) if done else None
        if isinstance(wait, Wait):
            return wait
        step._write_guarded({"state": "done", "seconds": step._get_spent()})
        return None

    def _check_patience(self, step):
        """Fail a step whose work beside us does not end.

        :raise PermanentInfraError: after some time
        """
        if datetime.utcnow() - step.started_at > timedelta(minutes=MAX_MINUTES):
            raise PermanentInfraError(
                self.env._("It has not ended after %s minutes.", MAX_MINUTES),
                cure=self.env._("Look into its log, end it, then retry."),
            )

    def _call_outside(self, call, token):
        """Make an outside call, again when it may help, without a transaction.

        :raise InfraError: when it failed for good
        """
        attempts = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(RetryableInfraError),
            stop=tenacity.stop_after_attempt(MAX_TRIES)
            | tenacity.stop_after_delay(MAX_SECONDS),
            wait=tenacity.wait_exponential_jitter(multiplier=0.1, max=10),
            before_sleep=lambda _state: self._atomically(token, lambda: None),
            reraise=True,
        )
        return attempts(call)

    # === LEAVING IT TO ANOTHER JOB === #

    def _lay_down(self):
        """Leave the rest to whoever takes the operation after the freeze."""
        self._write_guarded({"state": "queued", "runner": False})

    def _pause(self, wait):
        """Let the job end while the step's work goes on; look again later."""
        self._write_guarded({"runner": False})
        self._enqueue(eta=wait.seconds)
