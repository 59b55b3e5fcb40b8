"""How a task is, in the same words whatever runs it."""

from dataclasses import replace

from .specs import TaskState


def look_up(runtime, spec):
    """Tell how a task is; why it failed is the last line of its log.

    :param runtime: a driver with ``list_tasks`` and ``logs``
    :param TaskSpec spec: the task
    :rtype: TaskState
    """
    absent = TaskState(name=spec.name, mark=spec.service.mark, state="absent")
    state = runtime.list_tasks().get(spec.name, absent)
    if state.state != "failed":
        return state
    last = runtime.logs(spec, 1).strip()
    return replace(state, message=f"{state.message} {last}".strip())
