"""The two supervisors: start them, bring their programs up to date, end them."""

import contextlib
import resource
import signal
import xmlrpc.client

from . import files, processes, rpc
from .commands import run
from .runner import Failure, wait_for

DATA, CONTROL = "data-plane", "control-plane"
POSTGRESQL, NGINX, MAIL, ENGINE = "postgresql", "nginx", "mail", "dockerd"
HELPER, KILLBILL = "helper", "killbill"
# Those of the data plane that have a file of their own, as not all platforms have them.
OPTIONAL = (ENGINE, NGINX, MAIL, HELPER, KILLBILL)
PROGRAMS = {DATA: (POSTGRESQL, NGINX, MAIL), CONTROL: ("web", "jobs")}
LIVING = {"STARTING", "RUNNING", "BACKOFF"}
OPEN_FILES = 8192


def planes(settings):
    """Return which planes have a supervisor: a swarm has the master's services."""
    return (DATA,) if settings.on_swarm else (DATA, CONTROL)


def programs(settings, plane):
    """Return the names of our own programs of one plane."""
    if plane == CONTROL:
        return PROGRAMS[plane]
    # Without its database it would not come up by itself any more.
    prepared = (settings.run / "killbill/prepared").exists()
    killbill = (KILLBILL,) if settings.with_killbill and prepared else ()
    if settings.database_only:
        return (POSTGRESQL, *killbill)
    engine = (ENGINE,) if settings.own_engine else ()
    helper = (HELPER,) if settings.on_swarm else ()
    return (*engine, *PROGRAMS[plane], *helper, *killbill)


def open_files():
    """Return how many files a supervisor may open: three for each program."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    return OPEN_FILES if hard == resource.RLIM_INFINITY else min(OPEN_FILES, hard)


def ensure(settings, plane):
    """Have a supervisor run with just our present configuration.

    :param str plane: DATA or CONTROL
    :return: the programs that were started anew
    :rtype: set[str]
    """
    values = settings.placeholders() | {"minfds": open_files()}
    text = files.render(f"supervisor/{plane}.conf", values)
    for name in programs(settings, plane):
        if name in OPTIONAL:
            text += "\n" + files.render(f"supervisor/{name}.conf", values)
    conf = settings.etc / f"{plane}.conf"
    changed = files.write(conf, text, mode=0o600)
    if not pid_of(settings, plane):
        _start(settings, plane, conf)
        return set(programs(settings, plane))
    fresh = _reload(settings, plane) if changed else set()
    for name, info in states(settings, plane).items():
        if name in programs(settings, plane) and info["statename"] not in LIVING:
            restart(settings, plane, name)
            fresh.add(name)
    return fresh


def wake(settings, plane):
    """Have a supervisor run, with the configuration that it was given last.

    :return: whether it had to be started
    """
    if pid_of(settings, plane):
        return False
    _start(settings, plane, settings.etc / f"{plane}.conf")
    return True


def pid_of(settings, plane):
    """Return the process id of a supervisor that answers, else None."""
    try:
        return rpc.connect(_socket(settings, plane), 10.0).getPID()
    except (OSError, xmlrpc.client.Error):
        return None


def states(settings, plane):
    """Return each of our programs' state, in supervisor's words."""
    try:
        listed = rpc.connect(_socket(settings, plane), 10.0).getAllProcessInfo()
    except (OSError, xmlrpc.client.Error):
        return {}
    return {info["name"]: info for info in listed}


def restart(settings, plane, name):
    """Start a program anew, also one that outlived its supervisor."""
    stop(settings, plane, name)
    start(settings, plane, name)


def stop(settings, plane, name):
    """Stop a program, also one that outlived its supervisor."""
    with contextlib.suppress(xmlrpc.client.Fault):
        rpc.connect(_socket(settings, plane)).stopProcess(name)
    _end(settings, name)


def start(settings, plane, name):
    """Start a program that is stopped.

    :raise Failure: where it ends at once, with the log that says why
    """
    try:
        rpc.connect(_socket(settings, plane)).startProcess(name)
    except xmlrpc.client.Fault as fault:
        raise Failure(
            f"{name} does not start ({fault.faultString})",
            f"read {settings.log}/{name}.log",
        ) from fault


def adopt(settings, plane):
    """Replace programs that outlived their supervisor by supervised ones.

    Signals for nginx go through the supervisor: it must be the parent. PostgreSQL is
    left alone: nobody signals it, and its waiter takes over when it ends; the engine
    too, whose containers hold its lock and are nobody's children.

    :return: the programs that were replaced
    :rtype: list[str]
    """
    supervised = {info["pid"] for info in states(settings, plane).values()}
    orphans = [
        name
        for name in programs(settings, plane)
        if name not in (POSTGRESQL, ENGINE) and _tops(settings, name) - supervised
    ]
    for name in orphans:
        restart(settings, plane, name)
    return orphans


def shut_down(settings, plane):
    """End a supervisor with all that it started, and what outlived an earlier one.

    :return: whether anything ran
    """
    pid = pid_of(settings, plane)
    if pid:
        _stop_tenants(settings, plane)
        processes.end({pid}, seconds=180.0)
    names = {lock.stem for lock in (settings.run / plane / "locks").glob("*.lock")}
    # PostgreSQL last: the others end sooner while they can still reach it.
    ended = [_end(settings, name) for name in sorted(names - {POSTGRESQL})]
    ended += [_end(settings, name) for name in names & {POSTGRESQL}]
    return bool(pid) or any(ended)


def _stop_tenants(settings, plane):
    """Ask all tenants at once; the supervisor alone would end them one by one."""
    supervisor = rpc.connect(_socket(settings, plane))
    for info in states(settings, plane).values():
        if info["group"] not in programs(settings, plane):
            with contextlib.suppress(xmlrpc.client.Fault):
                supervisor.stopProcess(f"{info['group']}:{info['name']}", False)


def _end(settings, name):
    """End what holds a program's lock; a fast shutdown in the case of PostgreSQL."""
    pids = processes.servers(settings.run, name)
    sign = signal.SIGINT if name == POSTGRESQL else signal.SIGTERM
    processes.end(pids, sign=sign)
    return bool(pids)


def _tops(settings, name):
    """Return a server's processes that none of its others started.

    A waiter has the lock open as well: it is supervised, the one it waits for is not.
    """
    pids = processes.servers(settings.run, name)
    return {pid for pid in pids if processes.parent_of(pid) not in pids}


def _start(settings, plane, conf):
    pid_file = settings.run / plane / "supervisord.pid"
    pid_file.unlink(missing_ok=True)
    run([settings.venv / "bin/supervisord", "-c", conf])
    wait_for(
        lambda: pid_of(settings, plane),
        15,
        f"the supervisor of the {plane}",
        f"read {settings.log}/{plane}.log",
    )


def _reload(settings, plane):
    """Apply a new configuration to our own programs; tenants' are left alone."""
    supervisor = rpc.connect(_socket(settings, plane))
    try:
        lists = supervisor.reloadConfig()[0]
    except xmlrpc.client.Fault as fault:
        raise Failure(f"supervisor refuses its configuration: {fault}") from fault
    added, changed, removed = (set(names) for names in lists)
    ours = {*programs(settings, plane)}
    for name in (changed | removed) & ours:
        with contextlib.suppress(xmlrpc.client.Fault):
            supervisor.stopProcessGroup(name)
        _end(settings, name)
        supervisor.removeProcessGroup(name)
    fresh = (added | changed) & ours
    for name in fresh:
        supervisor.addProcessGroup(name)
    return fresh


def _socket(settings, plane):
    return settings.run / plane / "supervisor.sock"
