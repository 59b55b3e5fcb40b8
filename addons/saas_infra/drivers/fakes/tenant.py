from secrets import token_hex

from ..errors import NotFound, RetryableInfraError
from ..specs import Mark
from .world import FakeDriver

COMMANDS = ("banner", "ping", "setup", "state", "users")
COMPANY = ("company", "country", "currency", "login", "name", "email", "lang", "tz")


class FakeTenantClient(FakeDriver):
    """A tenant answers when its service runs; people sign in through its route.

    Commands are kept in the world's ``tenants``, by instance.

    :param str instance: UUID of the instance
    :param str host: its public host; empty where it is asked directly
    """

    kind = "tenant"

    def __init__(self, world, platform, *, instance, host=""):
        super().__init__(world, platform)
        self.instance = instance
        self._host = host
        self._mark = str(Mark(platform, instance))

    def wait_healthy(self, deadline):
        with self._call("wait_healthy", self.instance) as state:
            self._check_runs(state)
        return 0.0

    def wait_login(self, deadline):
        with self._call("wait_login", self.instance) as state:
            self._check_runs(state)
            routes = state["routes"].values()
            if self._host and not any(
                self._host in route["hosts"] and route["state"] == "running"
                for route in routes
            ):
                raise RetryableInfraError(f"There is no route to {self._host}.")
        return 0.0

    def command(self, name, /, **values):
        with self._call("command", name) as state:
            self._check_runs(state)
            if name not in COMMANDS:
                raise NotFound(f"This release does not know the command {name}.")
            commands = state["tenants"].setdefault(self.instance, [])
            commands.append({"name": name, "values": values})
        return self._answer(name, commands)

    def login_token(self, user, *, actor="", life=60):
        with self._call("login_token", user):
            return f"token-of-{user}-{token_hex(8)}"

    def _answer(self, name, commands):
        """Answer from what it was told so far."""
        told = {"setup": {}, "banner": {}}
        for command in commands:
            if command["name"] == "setup":
                told["setup"] |= command["values"]
            elif command["name"] == "banner":
                told["banner"] = command["values"]
        setup, banner = told["setup"], {"text": "", "level": "info"} | told["banner"]
        setup = {"login": setup.get("email", "")} | setup
        state = {"odoo": "19.0", "modules": 1, "users": 1, "uptime": 0}
        return {
            "banner": banner,
            "ping": {"odoo": "19.0", "commands": sorted(COMMANDS)},
            "setup": {key: setup.get(key, "") for key in COMPANY},
            "state": state | {"banner": banner},
            "users": {"internal": 1},
        }[name]

    def _check_runs(self, state):
        services = state["services"].values()
        if not any(s["mark"] == self._mark and s["running"] for s in services):
            raise RetryableInfraError("The tenant does not answer.")
