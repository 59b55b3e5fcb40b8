"""Who may be listened to: a tenant on its own port, and nobody else there.

Any user may listen on any port above 1023. One that did so before its neighbour would
be sent the neighbour's visitors, with their passwords. The kernel knows whose socket
accepts a connection, so it is asked to let none of the others do so.
"""

import subprocess

from .errors import Permanent

# The first answer of whoever accepts a connection has SYN and ACK, and its user is who
# listens (nft(8), `meta skuid`). Tables of other platforms have other users.
_TABLE = """\
table inet {name} {{
    set listeners {{
        type uid . inet_service
        elements = {{ {pairs} }}
    }}
    chain output {{
        type filter hook output priority filter
        tcp flags & (syn | ack) != syn | ack accept
        meta skuid {uids} jump tenants
        tcp sport {ports} jump tenants
    }}
    chain tenants {{
        oifname "lo" meta skuid . tcp sport @listeners accept
        drop
    }}
}}
"""


def apply(settings, programs):
    """Have the kernel hold all tenants to their ports; without tenants it forgets it.

    :param programs: name and header of each, see programs.headers
    :raise Permanent: where the kernel refuses
    """
    pairs = _pairs(programs)
    table = _TABLE.format(
        name=_name(settings),
        pairs=", ".join(sorted(pairs)),
        uids=_span(settings.uids),
        ports=_span(settings.ports),
    )
    _nft("-f", "-", stdin=_removal(settings) + (table if pairs else ""))


def remove(settings):
    """Have the kernel forget it."""
    _nft("-f", "-", stdin=_removal(settings))


def are_applied(settings, programs):
    """Tell whether the kernel holds all tenants to their ports."""
    pairs = _pairs(programs)
    if not pairs:
        return True
    try:
        shown = _nft("-n", "list", "table", "inet", _name(settings))
    except Permanent:
        return False
    return "drop" in shown and all(pair in shown for pair in pairs)


def _pairs(programs):
    """Return user and port of each program, in nft's words."""
    known = (header for _, header in programs if header["uid"])
    return {f"{header['uid']} . {header['port']}" for header in known}


def _span(numbers):
    return f"{numbers[0]}-{numbers[-1]}"


def _removal(settings):
    """Return what removes the table; one that is missing cannot be deleted."""
    name = _name(settings)
    return f"add table inet {name}\ndelete table inet {name}\n"


def _name(settings):
    return f"saasodoo-{settings.platform}"


def _nft(*words, stdin=""):
    try:
        done = subprocess.run(
            ["/usr/sbin/nft", *words], input=stdin, capture_output=True, text=True
        )
    except FileNotFoundError as error:
        raise Permanent("nft is missing.", "Run `make up`.") from error
    if done.returncode:
        said = (done.stderr.strip().splitlines() or ["it said nothing"])[0]
        raise Permanent(
            f"The kernel does not hold tenants to their ports: {said}",
            "nft (nftables) must be allowed on this machine: see `nft list tables`.",
        )
    return done.stdout
