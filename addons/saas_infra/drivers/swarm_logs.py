"""What the containers of a service wrote, on whatever node they run."""


def read_lines(engine, service, lines, since=0):
    """Read the end of the log of each container.

    A node that is lost is left out; the engine says so in a line of its own.

    :param Engine engine: the swarm's
    :param str service: id of the service
    :param int lines: how many of each container, at most
    :param int since: seconds since 1970; what is older is left out
    :return: each line with its time before it, by time
    :rtype: list[str]
    """
    content = engine.call(
        "service_logs",
        service,
        stdout=True,
        stderr=True,
        timestamps=True,
        tail=lines,
        since=since,
        is_tty=False,
    )
    return sorted(b"".join(content).decode(errors="replace").splitlines())
