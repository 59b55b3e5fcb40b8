"""Tenants as services of a Docker Swarm, their one-shot tasks as its jobs.

A service carries the mark and the digest of what it was made from as labels: one
listing tells whose it is and whether it runs with what is wanted.
"""

import time

import tenacity

from .errors import NotFound, NotOurs, PermanentInfraError, RetryableInfraError
from .specs import service_of
from .swarm_conf import secret_files
from .swarm_engine import Engine, OutOfSequence
from .swarm_images import prune_images
from .swarm_logs import read_lines
from .swarm_secrets import Secrets
from .swarm_spec import STOP_GRACE, build, kind_of, label, scaled_to_nothing
from .swarm_state import (
    by_service,
    is_live,
    last_failure,
    mark_of,
    node_states,
    replicas,
    service_state,
    task_state,
)
from .swarm_usage import Collector
from .tasks import look_up

_ENDED = ("completed", "paused", "rollback_completed", "rollback_paused")


class SwarmDriver:
    """Tenants' services and one-shot tasks on a swarm.

    :param str address: of a manager's engine: ``unix:///path``, ``tcp://host:port``
        or ``ssh://user@host:port``
    :param str platform: UUID of this platform
    :param str conf_template: text of config/swarm/tenant.conf
    :param Certificates|None certificates: needed for TCP
    :param SshLogin|None ssh: needed for SSH
    :param float timeout: seconds for a call of the engine
    :param float settle: seconds for an update, until it is done or taken back
    """

    def __init__(
        self,
        *,
        address,
        platform,
        conf_template,
        certificates=None,
        ssh=None,
        timeout=30.0,
        settle=240.0,
    ):
        self._engine = Engine(address, certificates, ssh, timeout)
        self._secrets = Secrets(self._engine)
        self._collector = Collector(self._engine, platform)
        self._platform = platform
        self._conf_template = conf_template
        self._settle_time = settle

    def check(self):
        """Ask the manager whether the swarm can be used.

        :raise InfraError: where it cannot
        """
        self._engine.call("nodes")

    # Services

    def ensure_service(self, spec):
        """Have the service run with just this; one that does is left alone.

        A running service is served by its old task until the new one is healthy.

        :param ServiceSpec spec: the service; its directory exists
        :raise NotOurs: where the name belongs to another instance
        :raise PermanentInfraError: where the new settings do not work: Swarm went back
        """
        found = self._find(spec)
        secrets, body = self._wish(spec)
        if not found:
            self._engine.call("create_service", **body)
        else:
            self._change(spec, found, body)
        self._secrets.prune(spec, keep=secrets)

    def stop_service(self, spec):
        """Scale the service to nothing and wait for its end; it keeps its image.

        A service that is not there is stopped; one that is stays in the listing.
        """
        found = self._find(spec)
        if found and replicas(found):
            self._update(spec, scaled_to_nothing)
        self._wait_for_end(spec)

    def remove_service(self, spec):
        """Remove it with its secrets, once its containers have ended."""
        self._remove(spec)

    def list_services(self):
        """List the services of this platform, in two calls.

        :rtype: dict[str, ServiceState]
        """
        return self._list("service", service_state)

    def list_secrets(self):
        """List whose Docker secrets there are, tasks' too: they go after all else.

        :return: mark by name of service or task
        :rtype: dict[str, Mark]
        """
        return self._secrets.list_all(self._platform)

    # Tasks

    def run_task(self, spec):
        """Start a task that is absent or failed; leave one that runs or is done.

        :param TaskSpec spec: the task; the directory exists
        """
        found = self._find(spec)
        _, body = self._wish(spec)
        if found:
            state = self._list("task", task_state).get(spec.name)
            if state and state.state != "failed" and _digest(found) == _digest(body):
                return
            self._engine.call("remove_service", found["ID"])
            self._wait_for_end(spec)
        self._engine.call("create_service", **body)

    def task_state(self, spec):
        """Tell how a task is; why it failed is the last line of its log.

        :rtype: TaskState
        """
        return look_up(self, spec)

    def list_tasks(self):
        """List the tasks of this platform.

        :rtype: dict[str, TaskState]
        """
        return self._list("task", task_state)

    def remove_task(self, spec):
        """End a task and forget it."""
        self._remove(spec)

    # Where they are, what they say and use

    def list_nodes(self):
        """List the machines of the swarm.

        :rtype: dict[str, NodeState]
        """
        return node_states(self._engine.call("nodes"))

    def logs(self, spec, lines=100):
        """Read the end of a service's or task's log.

        :rtype: str
        """
        found = self._find(spec)
        if not found:
            return ""
        stamped = read_lines(self._engine, found["ID"], lines)
        return "\n".join(line.partition(" ")[2] for line in stamped[-lines:])

    def usage(self):
        """Measure all tenants at once, in three calls.

        :return: usage by name of service, some seconds old; who is new is left out
        :rtype: dict[str, Usage]
        """
        tasks = self._engine.call("tasks", filters=self._chosen("service"))
        return self._collector.measure(tasks)

    def prune_images(self, keep):
        """Remove our images that nothing refers to, on the engine that is talked to.

        :param set keep: ids and digests of those that must stay
        :return: the ids of those that went
        :rtype: list[str]
        """
        return prune_images(self._engine, keep)

    # Steps

    def _wish(self, spec):
        """Return its secrets, made where missing, and what Swarm is to be told."""
        files = secret_files(self._conf_template, spec)
        secrets = {
            path: self._secrets.ensure(spec, content) for path, content in files.items()
        }
        return secrets.values(), build(spec, secrets)

    def _change(self, spec, found, body):
        served, changed = replicas(found), _digest(found) != _digest(body)
        if changed or not served:
            self._update(spec, lambda current: body)
        if served:
            self._settle(spec, changed, _digest(body))

    def _settle(self, spec, changed, wanted):
        """Wait until Swarm has exchanged the task, or has gone back to the old one."""
        deadline = time.monotonic() + self._settle_time
        while True:
            found = self._find(spec) or {}
            state = (found.get("UpdateStatus") or {}).get("State")
            if state in _ENDED or not (state or changed):
                break
            if time.monotonic() > deadline:
                raise RetryableInfraError(f"The update of {spec.name} does not end.")
            time.sleep(0.2)
        if not found or _digest(found) != wanted:
            raise PermanentInfraError(
                f"{spec.name} did not start with its new settings and was left with "
                f"the old ones. {last_failure(self._tasks(spec))}".strip(),
                "Its log says more.",
            )

    def _update(self, spec, change):
        """Change a service as it is now; again where somebody was faster.

        :param change: makes arguments of update_service from the current spec
        """
        for attempt in tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(OutOfSequence),
            stop=tenacity.stop_after_attempt(8),
            wait=tenacity.wait_random(0, 0.3),
            reraise=True,
        ):
            with attempt:
                if found := self._find(spec):
                    self._engine.call(
                        "update_service",
                        found["ID"],
                        found["Version"]["Index"],
                        **change(found["Spec"]),
                    )

    def _remove(self, spec):
        if found := self._find(spec):
            self._engine.call("remove_service", found["ID"])
        self._wait_for_end(spec)
        self._secrets.prune(spec)

    def _wait_for_end(self, spec):
        """Wait until none of its containers runs: its directory may go then."""
        deadline = time.monotonic() + STOP_GRACE + 30
        while any(is_live(task) for task in self._tasks(spec)):
            if time.monotonic() > deadline:
                raise RetryableInfraError(
                    f"{spec.name} does not end.",
                    "Look whether its node is lost (`docker node ls`).",
                )
            time.sleep(0.1)

    # What Swarm knows

    def _find(self, spec):
        """Look a service up.

        :return: it, None where there is none
        :raise NotOurs: where it carries another mark, or is of another kind
        """
        try:
            found = self._engine.call("inspect_service", spec.name)
        except NotFound:
            return None
        if found["Spec"]["Name"] != spec.name:  # it is looked up by id, too
            return None
        kind = (found["Spec"].get("Labels") or {}).get(label("kind"))
        if mark_of(found) != service_of(spec).mark or kind != kind_of(spec):
            raise NotOurs(
                f"The service {spec.name} exists and is not this instance's.",
                "Ask who made it; it is left as it is.",
            )
        return found

    def _tasks(self, spec):
        mark = service_of(spec).mark
        chosen = [f"{label('mark')}={mark}", f"{label('name')}={spec.name}"]
        return self._engine.call("tasks", filters={"label": chosen})

    def _list(self, kind, state):
        services = self._engine.call("services", filters=self._chosen(kind))
        tasks = by_service(self._engine.call("tasks", filters=self._chosen(kind)))
        return {
            service["Spec"]["Name"]: state(service, tasks[service["ID"]])
            for service in services
            if mark_of(service)
        }

    def _chosen(self, kind):
        platform = f"{label('platform')}={self._platform}"
        return {"label": [platform, f"{label('kind')}={kind}"]}


def _digest(service):
    """Return the digest on a service, or on what one is to be made from."""
    spec = service.get("Spec", service)
    return (spec.get("Labels") or spec.get("labels") or {}).get(label("digest"))
