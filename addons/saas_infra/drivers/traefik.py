"""Routes to tenants: keys in Redis, which Traefik reads as they change."""

import json
import time
from contextlib import contextmanager

import requests
from redis import Redis, exceptions
from redis.backoff import NoBackoff
from redis.retry import Retry

from .certificate import certified_until
from .errors import NotOurs, PermanentInfraError, RetryableInfraError
from .specs import RouteState
from .traefik_route import ROOT, header, read, render

ROUTES = "saasodoo/routes"  # by name: whose it is, and the keys that it wrote
HOSTS = "saasodoo/hosts"  # by host: the name of its route
# What Traefik listens to. Redis itself tells nothing (notify-keyspace-events): one
# message a change, not one a key, since Traefik reads everything again for each.
CHANGED = "__keyspace@0__:traefik/http"
# Stays when the last route goes: where it finds no key at all, Traefik keeps what it
# had, and a removed tenant would stay open.
STAYS = f"{ROOT}/middlewares/saasodoo/headers/contentTypeNosniff"
# Seconds until Traefik listens again after a restart of Redis, or of its own.
LISTENING = 5.0

_COMMON = """
local name, mark, wanted = ARGV[1], ARGV[2], cjson.decode(ARGV[3])
local text = redis.call('HGET', KEYS[1], name)
local before = text and cjson.decode(text) or {hosts = {}, redirects = {}, keys = {}}
if text and before.mark ~= mark then return {'name', name} end
if not text then
    for key in pairs(wanted.values) do
        if redis.call('EXISTS', key) == 1 then return {'name', name} end
    end
end
local function each_host(route, visit)
    for _, list in ipairs({route.hosts, route.redirects}) do
        for _, host in ipairs(list) do
            local found = visit(host)
            if found then return found end
        end
    end
end
local function forget()
    each_host(before, function(host) redis.call('HDEL', KEYS[2], host) end)
    for _, key in ipairs(before.keys) do redis.call('DEL', key) end
end
redis.call('SET', ARGV[4], 'true')
"""
_ENSURE = f"""{_COMMON}
local taken = each_host(wanted, function(host)
    local owner = redis.call('HGET', KEYS[2], host)
    if owner and owner ~= name then return owner end
end)
if taken then return {{'host', taken}} end
forget()
local keys = {{}}
for key, value in pairs(wanted.values) do
    redis.call('SET', key, value)
    table.insert(keys, key)
end
each_host(wanted, function(host) redis.call('HSET', KEYS[2], host, name) end)
wanted.keys, wanted.values = keys, nil
redis.call('HSET', KEYS[1], name, cjson.encode(wanted))
return {{}}
"""
_REMOVE = f"""{_COMMON}
forget()
redis.call('HDEL', KEYS[1], name)
return {{}}
"""


class TraefikDriver:
    """The proxy of many machines.

    :param str host: where Redis listens: a host, or the path of its socket
    :param int port: its port
    :param str password: of ``user``
    :param str platform: UUID of this platform
    :param str ping: URL at which Traefik says that it is well
    :param str user: who may write routes
    :param str scheme: http or https, as browsers reach Traefik
    :param Front|None front: what visitors are shown, where that is https
    :param float timeout: seconds for one call
    """

    def __init__(
        self,
        *,
        host,
        port,
        password,
        platform,
        ping,
        user="saasodoo",
        scheme="http",
        front=None,
        timeout=10.0,
    ):
        place = {"host": host, "port": port}
        if host.startswith("/"):
            place = {"unix_socket_path": host}
        self._login = place | {
            "username": user,
            "password": password,
            "socket_timeout": timeout,
            "socket_connect_timeout": timeout,
        }
        self._platform = platform
        self._ping = ping
        self._scheme = scheme
        self._front = front
        self._timeout = timeout

    def check(self):
        """Make sure that Redis takes the login and that Traefik runs.

        :raise InfraError: with what is wrong
        """
        with self._redis() as client:
            client.hlen(ROUTES)
        try:
            requests.get(self._ping, timeout=self._timeout).raise_for_status()
        except requests.RequestException as error:
            raise RetryableInfraError(
                f"Traefik does not answer at {self._ping}.",
                cure="Start Traefik, or read its log.",
            ) from error

    def certified_until(self):
        """Return when the certificate ends that visitors are shown; None without one.

        :rtype: datetime|None
        :raise InfraError: where it has ended, or is not what visitors trust
        """
        return self._front and certified_until(self._front, self._timeout)

    def ensure_route(self, spec):
        """Write the route at once: nobody ever reads the half of it.

        :param RouteSpec spec: the route
        :raise NotOurs: where the name or a host belongs to another instance
        :raise PermanentInfraError: where a value does not fit
        """
        self.ensure_routes([spec])

    def ensure_routes(self, specs):
        """Write many routes in one step: Traefik finds all of them, or none yet.

        :param list specs: RouteSpec each; where one is refused the others are written
        :raise InfraError: as :meth:`ensure_route`, of the first that was refused
        """
        self._run(_ENSURE, specs)

    def is_emptied(self):
        """Tell whether there is no route at all, not even a stranger's."""
        with self._redis() as client:
            return not client.exists(ROUTES)

    def remove_route(self, spec):
        """Remove the route.

        :raise NotOurs: where the route carries another mark
        """
        self._run(_REMOVE, [spec])

    def list_routes(self):
        """List the routes of this platform, in one round trip.

        :rtype: dict[str, RouteState]
        """
        with self._redis() as client:
            found = client.hgetall(ROUTES)
        return {
            name: RouteState(name=name, **route._asdict())
            for name, route in ((name, read(text)) for name, text in found.items())
            if route and route.mark.platform == self._platform
        }

    def _run(self, script, specs):
        """Run a script for each route, all in one transaction, and tell Traefik once.

        :param str script: Lua
        :param list specs: RouteSpec each
        """
        with self._redis() as client, client.pipeline(transaction=True) as pipe:
            for spec in specs:
                pipe.eval(script, 2, ROUTES, HOSTS, *self._arguments(spec), STAYS)
            pipe.publish(CHANGED, "set")
            *refusals, listeners = pipe.execute()
            if not listeners:
                self._tell(client)
        for spec, refusal in zip(specs, refusals, strict=True):
            if refusal and refusal[0] == "host":
                raise NotOurs(f"The address belongs to another route: {refusal[1]}.")
            if refusal:
                raise NotOurs(
                    f"The route {spec.name} exists and is not this instance's."
                )

    def _tell(self, client):
        """Tell Traefik of a change until it hears: it asks for none that it missed."""
        deadline = time.monotonic() + LISTENING
        while not client.publish(CHANGED, "set"):
            if time.monotonic() > deadline:
                raise RetryableInfraError(
                    "The route is written, but no Traefik listens to Redis.",
                    cure="Start Traefik, or read its log: it reads all as it starts.",
                )
            time.sleep(0.1)

    def _arguments(self, spec):
        wanted = header(spec) | {"values": render(spec, self._scheme)}
        return spec.name, str(spec.mark), json.dumps(wanted)

    @contextmanager
    def _redis(self):
        """Connect for one call: what is wrong comes as an error of ours."""
        retry = Retry(NoBackoff(), 0)
        client = Redis(decode_responses=True, retry=retry, **self._login)
        try:
            with client:
                yield client
        except (exceptions.AuthenticationError, exceptions.NoPermissionError) as error:
            raise PermanentInfraError(
                f"Redis refuses the login {self._login['username']}: {error}",
                cure="Correct the password of the proxy.",
            ) from error
        except (exceptions.ConnectionError, exceptions.TimeoutError) as error:
            raise RetryableInfraError(
                f"Redis does not answer: {error}",
                cure="Start Redis; Traefik serves the routes that it has.",
            ) from error
        except exceptions.RedisError as error:
            raise PermanentInfraError(
                f"Redis refuses the route: {error}", cure="Read the log of Redis."
            ) from error
