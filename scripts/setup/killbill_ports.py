"""Close the ports that Kill Bill opens by itself, at all addresses of the machine.

They are an RMI registry, which Kill Bill itself asks as it starts, and a random one.
The kernel knows whose socket begins a connection and whose accepts it; platforms share
Kill Bill's user, so that they share the table as well.
"""

import pwd

from .accounts import KILLBILL
from .commands import try_run
from .runner import Failure

NFT = "/usr/sbin/nft"
TABLE = "inet saasodoo-killbill"
OWN = "0x6b62"  # the mark of what it asks itself
RULES = """\
add table {table}
add set {table} connectors {{ type inet_service; }}
add element {table} connectors {{ {port} }}
add chain {table} output {{ type filter hook output priority filter; }}
flush chain {table} output
add rule {table} output meta skuid != {user} accept
add rule {table} output oifname "lo" tcp flags & (syn | ack) == syn ct mark set {own}
add rule {table} output tcp flags & (syn | ack) != syn | ack accept
add rule {table} output oifname "lo" tcp sport @connectors accept
add rule {table} output oifname "lo" ct mark {own} accept
add rule {table} output drop
"""


def close(settings):
    """Have the kernel let Kill Bill answer at its connector alone.

    :raise Failure: where the kernel refuses
    """
    user, port = pwd.getpwnam(KILLBILL).pw_uid, settings.ports["killbill"]
    rules = RULES.format(table=TABLE, own=OWN, user=user, port=port)
    done = _nft("-f", "-", stdin=rules)
    if done.returncode:
        raise Failure(
            f"the kernel does not close Kill Bill's ports: {done.stdout.strip()[:200]}",
            "nft (nftables) must be allowed on this machine: see `nft list tables`",
        )


def are_closed(settings):
    """Tell whether the kernel does so."""
    shown = _nft("list", "table", *TABLE.split()).stdout
    return "drop" in shown and str(settings.ports["killbill"]) in shown


def forget(settings):
    """Have the kernel forget this platform's connector, and all with the last one."""
    connectors = (*TABLE.split(), "connectors")
    _nft("delete", "element", *connectors, "{", str(settings.ports["killbill"]), "}")
    left = _nft("list", "set", *connectors)
    if not left.returncode and "elements" not in left.stdout:
        _nft("delete", "table", *TABLE.split())


def _nft(*words, stdin=None):
    return try_run([NFT, *words], stdin=stdin)
