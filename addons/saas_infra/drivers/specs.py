"""What is wanted outside (…Spec) and what was found there (…State)."""

import re
from dataclasses import dataclass, field

# Of one tenant, with their threads.
MOST_PROCESSES = 512
_MARK = re.compile(r"saasodoo:([0-9a-f-]{36}):([0-9a-f-]{36})")


@dataclass(frozen=True)
class Mark:
    """Whose an outside object is; as text it is a COMMENT, a label or a file."""

    platform: str
    instance: str

    def __str__(self):
        return f"saasodoo:{self.platform}:{self.instance}"

    @classmethod
    def parse(cls, text):
        """Read a mark.

        :param str|None text: what the object carries
        :return: the mark, or None where the text is none
        :rtype: Mark|None
        """
        match = _MARK.fullmatch((text or "").strip())
        return cls(*match.groups()) if match else None


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What one tenant may use: cores, bytes of memory, bytes of storage."""

    cpu: float
    memory: int
    storage: int


@dataclass(frozen=True, kw_only=True)
class DatabaseSpec:
    mark: Mark
    name: str
    role: str
    password: str = field(repr=False)
    connection_limit: int = 10  # one process with its db_maxconn, and two to spare


@dataclass(frozen=True, kw_only=True)
class Identity:
    """Who a clone is before Odoo opens it.

    ``name`` is the administrator's; ``country_code`` and ``tz`` may be empty.
    """

    instance_uuid: str
    base_url: str
    login: str
    email: str
    name: str
    company: str
    lang: str = "en_US"
    country_code: str = ""
    tz: str = ""


@dataclass(frozen=True, kw_only=True)
class DirectorySpec:
    """A tenant's directory; ``uid`` is its group id too, ``quota`` is in bytes."""

    mark: Mark
    name: str
    uid: int
    quota: int


@dataclass(frozen=True, kw_only=True)
class MailLoginSpec:
    """A tenant's login at the mail relay.

    :param str address: what the tenant calls itself, for ever
    :param str sender: what recipients see instead, made of its present name
    :param int daily_limit: recipients a day; 0 is none
    :param bool enabled: whether it may send at all now
    """

    mark: Mark
    name: str
    password: str = field(repr=False)
    address: str
    sender: str
    daily_limit: int
    enabled: bool = True


@dataclass(frozen=True, kw_only=True)
class MailSpec:
    """How a tenant sends mail; with ``tls`` it asks for STARTTLS first."""

    host: str
    port: int
    login: str
    password: str = field(repr=False)
    address: str
    tls: bool = False


@dataclass(frozen=True, kw_only=True)
class ServiceSpec:
    """A tenant's Odoo; what follows ``mail`` is what Swarm needs besides.

    :param MailSpec|None mail: None: it cannot send any
    :param str database_ca: PEM; whom the database server's certificate must be of
    :param str image: the tenant's image, by digest or id
    :param tuple networks: overlay networks (cells) that it joins
    :param str storage_root: where its storage is mounted on every node
    :param tuple constraints: which nodes may run it, as Swarm writes it
    """

    mark: Mark
    name: str
    uid: int
    port: int
    database: DatabaseSpec
    database_host: str
    database_port: int
    directory: DirectorySpec
    limits: Limits
    hostname: str
    base_url: str
    proxy_secret: str = field(repr=False)
    public_keys: tuple[str, ...] = ()
    mail: MailSpec | None = None
    database_ca: str = ""
    image: str = ""
    networks: tuple[str, ...] = ()
    storage_root: str = ""
    constraints: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class TaskSpec:
    """One-shot work with the tenant's own user, code and directory."""

    service: ServiceSpec
    verb: str = "init"
    modules: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()

    @property
    def name(self):
        return f"{self.service.name}_{self.verb}"


def service_of(spec):
    """Return the service that a task works for, or the service itself."""
    return spec.service if isinstance(spec, TaskSpec) else spec


@dataclass(frozen=True, kw_only=True)
class RouteSpec:
    """How people reach a tenant.

    :param str state: running, starting, stopped or suspended
    :param str websocket: where web sockets go, if not to ``upstream``; for Traefik
    :param tuple redirects: former hosts, sent on to the first of ``hosts``
    :param int public_port: the port that the proxy listens on
    """

    mark: Mark
    name: str
    hosts: tuple[str, ...]
    upstream: str
    secret: str = field(repr=False)
    state: str = "running"
    redirects: tuple[str, ...] = ()
    websocket: str = ""
    public_port: int


@dataclass(frozen=True, kw_only=True)
class DatabaseState:
    name: str
    mark: Mark
    size: int
    connections: int


@dataclass(frozen=True, kw_only=True)
class RoleState:
    """``connection_limit`` is -1 where there is none."""

    name: str
    mark: Mark
    connection_limit: int


@dataclass(frozen=True, kw_only=True)
class DirectoryState:
    """``used`` is in bytes, None where it was not measured; so is ``quota``."""

    name: str
    mark: Mark
    used: int | None = None
    quota: int | None = None


@dataclass(frozen=True, kw_only=True)
class ServiceState:
    """How a service is, and what it is limited to.

    ``since`` is in seconds since 1970; ``message`` says why it does not run. ``cpu`` is
    in cores, ``memory`` in bytes, each None where its runtime does not tell.
    """

    name: str
    mark: Mark
    running: bool
    pid: int = 0
    since: int | None = None
    message: str = ""
    cpu: float | None = None
    memory: int | None = None


@dataclass(frozen=True, kw_only=True)
class TaskState:
    """``state`` is running, done, failed or absent."""

    name: str
    mark: Mark
    state: str
    message: str = ""


@dataclass(frozen=True, kw_only=True)
class RouteState:
    """``websocket`` is None where its proxy does not tell."""

    name: str
    mark: Mark
    hosts: tuple[str, ...]
    state: str
    redirects: tuple[str, ...] = ()
    websocket: str | None = None


@dataclass(frozen=True, kw_only=True)
class MailLoginState:
    name: str
    mark: Mark
    sender: str
    daily_limit: int
    enabled: bool


@dataclass(frozen=True, kw_only=True)
class NodeState:
    """A machine that tenants run on; what is not known of it is None.

    ``state`` is ready, drained (it takes no tenants) or lost; ``cores`` and ``memory``
    (in bytes) are all that it has; ``load`` is how many processes ran or waited to,
    over five minutes.
    """

    name: str
    load: float | None = None
    state: str = "ready"
    cores: float | None = None
    memory: int | None = None


@dataclass(frozen=True)
class Usage:
    """What a tenant uses; all but memory is since it started.

    :param int memory: bytes; what could be dropped at once does not count
    :param float cpu_seconds: processor time
    :param float throttled_seconds: how long it waited for its share of a processor
    :param int killed: how many of its processes ended for want of memory
    :param int refused: how often it had as many processes as it may and wanted more
    """

    memory: int
    cpu_seconds: float
    throttled_seconds: float = 0.0
    killed: int = 0
    refused: int = 0
