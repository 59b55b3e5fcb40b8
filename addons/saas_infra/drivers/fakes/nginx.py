from datetime import datetime

from ..errors import NotOurs, PermanentInfraError
from ..specs import RouteState
from .world import FakeDriver

STATES = ("running", "starting", "stopped", "suspended")


class FakeNginxDriver(FakeDriver):
    kind = "nginx"

    def check(self):
        with self._call("check"):
            pass

    def certified_until(self):
        with self._call("certified_until") as state:
            text = state["certified_until"]
        return datetime.fromisoformat(text) if text else None

    def ensure_route(self, spec):
        with self._call("ensure_route", spec.name) as state:
            self._own(state["routes"], spec.name, spec.mark)
            if spec.state not in STATES or not spec.hosts:
                raise PermanentInfraError(f"The route {spec.name} cannot be written.")
            taken = {*spec.hosts, *spec.redirects}
            for name, found in state["routes"].items():
                if name != spec.name and taken & {*found["hosts"], *found["redirects"]}:
                    raise NotOurs(f"The address belongs to another route: {name}.")
            state["routes"][spec.name] = {
                "mark": str(spec.mark),
                "hosts": list(spec.hosts),
                "redirects": list(spec.redirects),
                "state": spec.state,
                "upstream": spec.upstream,
                "websocket": spec.websocket,
            }

    def ensure_routes(self, specs):
        for spec in specs:
            self.ensure_route(spec)

    def is_emptied(self):
        with self._call("is_emptied") as state:
            return not state["routes"]

    def remove_route(self, spec):
        with self._call("remove_route", spec.name) as state:
            if self._own(state["routes"], spec.name, spec.mark):
                del state["routes"][spec.name]

    def list_routes(self):
        with self._call("list_routes") as state:
            return {
                name: RouteState(
                    name=name,
                    mark=mark,
                    hosts=tuple(found["hosts"]),
                    state=found["state"],
                    redirects=tuple(found["redirects"]),
                    websocket=found.get("websocket"),
                )
                for name, mark, found in self._ours(state["routes"])
            }
