"""How services and tasks are, read from Swarm's own listings, in words."""

import time
from collections import defaultdict
from datetime import UTC, datetime

from .specs import Mark, NodeState, ServiceState, TaskState
from .swarm_spec import SECOND, label

_STARTING = {"new", "pending", "assigned", "accepted", "preparing", "ready", "starting"}
_LIVE = _STARTING | {"running"}
_FAILED = {"failed", "rejected", "orphaned"}
# A manager that has just started calls a node "unknown" until it is heard of.
_LOST = {"down", "disconnected"}
_KILLED = 137
# A task that Swarm has no address for stays new, and nothing says why. Clocks may
# differ by some seconds.
_NEW_SECONDS = 20
_NO_ADDRESS = (
    "The network of it has no address left: take it away from there, or give the "
    "cluster another cell."
)


def by_service(tasks):
    """Sort Swarm's tasks: those of each service, the newest first.

    :rtype: dict[str, list]
    """
    found = defaultdict(list)
    for task in sorted(tasks, key=lambda task: task["CreatedAt"], reverse=True):
        found[task["ServiceID"]].append(task)
    return found


def is_live(task):
    """Whether a container of it runs, or may still start."""
    return task["Status"]["State"] in _LIVE


def container_of(task):
    """Return the id of its container; nothing where it has none yet."""
    return (task["Status"].get("ContainerStatus") or {}).get("ContainerID", "")


def image_of(task):
    return task["Spec"]["ContainerSpec"]["Image"]


def name_of(task):
    """Return the name of its service."""
    return task["Spec"]["ContainerSpec"]["Labels"][label("name")]


def mark_of(service):
    return Mark.parse((service["Spec"].get("Labels") or {}).get(label("mark")))


def replicas(service):
    return service["Spec"]["Mode"]["Replicated"]["Replicas"]


def service_state(service, tasks):
    """Tell how a service is.

    :param list tasks: Swarm's tasks of it, the newest first
    :rtype: ServiceState
    """
    up = next((task for task in tasks if is_up(task)), None)
    message = "" if up else _why_not(service, tasks)
    running = bool(up) or (not message and bool(replicas(service)))
    resources = service["Spec"]["TaskTemplate"].get("Resources") or {}
    limits = resources.get("Limits") or {}
    return ServiceState(
        name=service["Spec"]["Name"],
        mark=mark_of(service),
        running=running,
        since=_seconds((up or tasks[0])["CreatedAt"]) if running and tasks else None,
        message=message,
        cpu=limits.get("NanoCPUs", 0) / SECOND,
        memory=limits.get("MemoryBytes", 0),
    )


def is_up(task):
    """Whether it serves; one on a lost node is said to run, but not wanted any more."""
    return task["Status"]["State"] == task["DesiredState"] == "running"


def task_state(service, tasks):
    """Tell how a one-shot task is.

    :rtype: TaskState
    """
    newest = tasks[0] if tasks else None
    found = newest["Status"]["State"] if newest else "new"
    if found == "complete":
        state, message = "done", ""
    elif found in _LIVE:
        state, message = "running", _waits(newest) if newest else ""
    else:
        state, message = "failed", why(newest)
    return TaskState(
        name=service["Spec"]["Name"],
        mark=mark_of(service),
        state=state,
        message=message,
    )


def why(task):
    """Say why a task ended.

    :rtype: str
    """
    status = task["Status"]
    code = (status.get("ContainerStatus") or {}).get("ExitCode")
    text = status.get("Err") or ""
    if "bind source path does not exist" in text:
        return "There is no directory of it on the node, or its storage is not mounted."
    if "ip addresses may be exhausted" in text:
        return _NO_ADDRESS
    if "No such image" in text:
        return "Its image is missing on the node."
    if "unhealthy" in text:
        return "It did not answer /web/health."
    if code == _KILLED:
        return "It was killed: most likely it wanted more memory than its plan has."
    if code:
        return f"It ended with exit code {code}."
    return f"It ended: {text or status['State']}."


def last_failure(tasks):
    """Say why the newest of the tasks that failed did; empty where none did.

    :param list tasks: Swarm's tasks of one service
    """
    ended = [task for task in tasks if not is_live(task)]
    failed = [task for task in ended if task["Status"]["State"] != "shutdown"]
    failed.sort(key=lambda task: task["CreatedAt"])
    return why(failed[-1]) if failed else ""


def node_states(nodes):
    """Tell how the nodes are, by their names.

    :param list nodes: Swarm's nodes
    :rtype: dict[str, NodeState]
    """
    # A machine that joined anew stays listed as the lost one that it was, too.
    states = sorted(map(_node_state, nodes), key=lambda state: state.state != "lost")
    return {state.name: state for state in states}


def _node_state(node):
    described = node.get("Description") or {}
    found = described.get("Resources") or {}
    if (node.get("Status") or {}).get("State") in _LOST:
        state = "lost"
    else:
        active = node["Spec"].get("Availability", "active") == "active"
        state = "ready" if active else "drained"
    cores = found.get("NanoCPUs")
    return NodeState(
        name=described.get("Hostname") or node["ID"],
        state=state,
        cores=cores and cores / SECOND,
        memory=found.get("MemoryBytes"),
    )


def _why_not(service, tasks):
    if not replicas(service):
        return "It is stopped."
    ended = [task for task in tasks if task["Status"]["State"] in _FAILED]
    if len(ended) > 1:
        return f"It keeps crashing: {why(ended[0])}"
    if ended:
        return why(ended[0])
    return _waits(tasks[0]) if tasks else ""


def _waits(task):
    """Say why a task is given to no node; empty where it is."""
    if task["Status"]["State"] == "new":
        is_old = time.time() - _seconds(task["CreatedAt"]) > _NEW_SECONDS
        return _NO_ADDRESS if is_old else ""
    text = task["Status"].get("Err") or ""
    if task["Status"]["State"] != "pending" or not text:
        return ""
    return f"No node takes it: {text}."


def _seconds(text):
    moment = datetime.strptime(text[:19], "%Y-%m-%dT%H:%M:%S")
    return int(moment.replace(tzinfo=UTC).timestamp())
