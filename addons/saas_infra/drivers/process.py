"""Tenants as processes below a supervisor.

A program's process is named ``<kind>.<platform>.<instance>.<digest of its
files>.<bytes of memory>``: one listing tells whose it is and whether it runs with what
is wanted.
"""

import os
import time
from dataclasses import asdict
from typing import NamedTuple

from supervisor.states import ProcessStates as States
from supervisor.xmlrpc import Faults

from .errors import RetryableInfraError
from .specs import Mark, NodeState, ServiceState, TaskSpec, TaskState, Usage, service_of
from .supervisor_rpc import Supervisor
from .tasks import look_up

NODE = "localhost"  # what set-up names this machine's node
_RUNNING = (States.STARTING, States.RUNNING)
_CRASHING = (States.BACKOFF, States.FATAL)


class _Program(NamedTuple):
    kind: str
    mark: Mark
    memory: int | None
    info: dict


class ProcessDriver:
    """Tenants' services and one-shot tasks on this machine.

    :param str socket: path of the data plane's supervisor
    :param RootHelper helper: writes programs and ends processes
    :param str platform: UUID of this platform
    :param float timeout: seconds for a call of the supervisor
    """

    def __init__(self, *, socket, helper, platform, timeout=30.0):
        self._supervisor = Supervisor(socket, timeout)
        self._helper = helper
        self._platform = platform
        self._timeout = timeout

    # Services

    def ensure_service(self, spec):
        """Write the service's files and have it run with just those.

        A service that does so already is left alone.

        :param ServiceSpec spec: the service; its directory exists
        :raise NotOurs: where name, user or port belong to another instance
        """
        self._bring_up(spec, *self._write(spec))

    def stop_service(self, spec):
        """Stop the service, orphans too; it stays stopped over a reboot.

        A service that is not there is stopped; one that is stays in the listing.
        """
        self._stop(spec)

    def remove_service(self, spec):
        """Stop it and remove its program, configuration and log."""
        self._remove(spec)

    def list_services(self):
        """List the services of this platform, in one call.

        :rtype: dict[str, ServiceState]
        """
        return {
            name: ServiceState(
                name=name,
                mark=mark,
                running=info["state"] in _RUNNING,
                pid=info["pid"],
                since=info["start"] or None,
                message=_explain(info),
                memory=memory,
            )
            for name, (kind, mark, memory, info) in self._programs().items()
            if kind == "service"
        }

    def list_secrets(self):
        """List whose configuration lies here, tasks' too: it goes after all else.

        :return: mark by name of service or task
        :rtype: dict[str, Mark]
        """
        found = self._helper.call("program_list")["programs"]
        return {name: Mark.parse(mark) for name, mark in found.items()}

    # Tasks

    def run_task(self, spec):
        """Start a task that is absent or failed; leave one that runs or is done.

        :param TaskSpec spec: the task; the directory exists
        """
        program, new = self._write(spec)
        info = self._info(program)
        if info and (info["state"] in _RUNNING or _is_done(info)):
            return
        self._bring_up(spec, program, new)

    def task_state(self, spec):
        """Tell how a task is; why it failed is the last line of its log.

        :rtype: TaskState
        """
        return look_up(self, spec)

    def list_tasks(self):
        """List the tasks of this platform.

        :rtype: dict[str, TaskState]
        """
        return {
            name: TaskState(
                name=name, mark=mark, state=_task_state(info), message=_explain(info)
            )
            for name, (kind, mark, _memory, info) in self._programs().items()
            if kind == "task"
        }

    def remove_task(self, spec):
        """End a task and forget it."""
        self._remove(spec)

    # What they say and use

    def logs(self, spec, lines=100):
        """Read the end of a service's or task's log.

        :rtype: str
        """
        mark = str(service_of(spec).mark)
        answer = self._helper.call("log_tail", name=spec.name, mark=mark, lines=lines)
        return answer["text"]

    def usage(self):
        """Measure all tenants at once.

        :return: usage by name of service
        :rtype: dict[str, Usage]
        """
        measured = self._helper.call("usage")["usage"]
        return {name: Usage(*values) for name, values in measured.items()}

    def list_nodes(self):
        """List the machines that tenants run on: this one.

        :rtype: dict[str, NodeState]
        """
        return {NODE: NodeState(name=NODE, load=os.getloadavg()[1])}

    # Steps

    def _write(self, spec):
        """Write the files.

        :return: the process that they make, as group:process; whether it is the first
        """
        service, database = service_of(spec), service_of(spec).database
        task = None
        if isinstance(spec, TaskSpec):
            task = {
                "verb": spec.verb,
                "modules": spec.modules,
                "languages": spec.languages,
            }
        answer = self._helper.call(
            "program_write",
            name=spec.name,
            mark=str(service.mark),
            uid=service.uid,
            port=service.port,
            directory=service.directory.name,
            task=task,
            odoo={
                "database": database.name,
                "role": database.role,
                "password": database.password,
                "host": service.database_host,
                "database_port": service.database_port,
                "memory": service.limits.memory,
                "proxy_secret": service.proxy_secret,
                "public_keys": service.public_keys,
                "mail": _mail_of(service),
            },
        )
        return f"{answer['group']}:{answer['process']}", answer["new"]

    def _bring_up(self, spec, program, new):
        info = self._settled(program)
        if not info:
            if not new:
                self._end(spec)
            self._forget(spec)
            self._supervisor.call("reloadConfig")
            already = (Faults.ALREADY_ADDED,)
            self._supervisor.call("addProcessGroup", spec.name, ignore=already)
        if not info or info["state"] not in (*_RUNNING, States.BACKOFF):
            # Added services start by themselves; tasks and stopped ones are told to.
            already = (Faults.ALREADY_STARTED,)
            self._supervisor.call("startProcess", program, False, ignore=already)

    def _stop(self, spec):
        mark = str(service_of(spec).mark)
        self._helper.call("program_keep_stopped", name=spec.name, mark=mark)
        self._end(spec)

    def _end(self, spec):
        """End its processes; an orphan is none of supervisor's, and is ended too.

        The supervisor looks after its children once a second, the helper at once.
        """
        service, found = service_of(spec), self._programs().get(spec.name)
        if found:
            self._supervisor.call("stopProcessGroup", spec.name, False)
        self._helper.call(
            "end_processes",
            name=spec.name,
            mark=str(service.mark),
            uid=service.uid,
            told=found.info["pid"] if found else 0,
        )

    def _forget(self, spec):
        """Have the supervisor forget a program that has ended."""
        deadline = time.monotonic() + self._timeout
        while True:
            try:
                unknown = (Faults.BAD_NAME,)
                self._supervisor.call("removeProcessGroup", spec.name, ignore=unknown)
                return
            except RetryableInfraError:  # not noticed yet; each call has it look
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.02)

    def _remove(self, spec):
        self._stop(spec)
        self._forget(spec)
        service = service_of(spec)
        self._helper.call(
            "program_remove",
            name=spec.name,
            mark=str(service.mark),
            directory=service.directory.name,
        )

    # What supervisor knows

    def _programs(self):
        found = {}
        for info in self._supervisor.call("getAllProcessInfo"):
            words = (*info["name"].split("."), "", "", "", "")
            kind, platform, instance, _digest, memory = words[:5]
            if platform == self._platform:
                # Older releases did not tell the memory.
                known = Mark(platform, instance), int(memory or 0) or None
                found[info["group"]] = _Program(kind, *known, info)
        return found

    def _info(self, program):
        unknown = (Faults.BAD_NAME,)
        return self._supervisor.call("getProcessInfo", program, ignore=unknown)

    def _settled(self, program):
        """Look a process up, once it is no longer about to stop."""
        deadline = time.monotonic() + self._timeout
        while (info := self._info(program)) and info["state"] == States.STOPPING:
            if time.monotonic() > deadline:
                raise RetryableInfraError(f"{program} does not stop.")
            time.sleep(0.05)
        return info


def _is_done(info):
    return info["state"] == States.EXITED and info["exitstatus"] == 0


def _task_state(info):
    if info["state"] in _RUNNING:
        return "running"
    if info["state"] == States.STOPPED:
        return "absent"
    return "done" if _is_done(info) else "failed"


def _mail_of(service):
    """Return how a tenant sends mail, as the helper takes it."""
    return service.mail and asdict(service.mail)


def _explain(info):
    """Say in words why a process does not run."""
    if info["state"] in _RUNNING or _is_done(info):
        return ""
    if info["state"] in _CRASHING:
        return "It keeps crashing right after its start; its log says why."
    if info["state"] == States.EXITED:
        return f"It ended with exit code {info['exitstatus']}."
    return "It is stopped."
