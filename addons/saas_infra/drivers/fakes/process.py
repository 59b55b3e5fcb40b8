from ..errors import NotOurs, PermanentInfraError
from ..specs import NodeState, ServiceState, TaskState, Usage, service_of
from .world import FakeDriver


class FakeProcessDriver(FakeDriver):
    kind = "process"

    def ensure_service(self, spec):
        with self._call("ensure_service", spec.name) as state:
            services = state["services"]
            self._own(services, spec.name, spec.mark)
            self._check_free(services, spec)
            if not self._own(state["directories"], spec.directory.name, spec.mark):
                raise PermanentInfraError(f"There is no directory of {spec.name}.")
            state["secrets"][spec.name] = {"mark": str(spec.mark)}
            services[spec.name] = {
                "mark": str(spec.mark),
                "uid": spec.uid,
                "port": spec.port,
                "cpu": spec.limits.cpu,
                "memory": spec.limits.memory,
                "running": False,
            }
            self._halfway(state, "ensure_service")
            services[spec.name]["running"] = True

    def stop_service(self, spec):
        with self._call("stop_service", spec.name) as state:
            found = self._own(state["services"], spec.name, spec.mark)
            if found:
                found["running"] = False

    def remove_service(self, spec):
        self._remove("remove_service", "services", spec)

    def prune_images(self, keep):
        with self._call("prune_images") as state:
            gone = [image for image in state["images"] if image not in keep]
            state["images"] = [image for image in state["images"] if image in keep]
            return gone

    def list_services(self):
        with self._call("list_services") as state:
            return {
                name: ServiceState(
                    name=name,
                    mark=mark,
                    running=found["running"],
                    pid=1000 if found["running"] else 0,
                    since=1 if found["running"] else None,
                    message=_explain(found),
                    cpu=found.get("cpu"),
                    memory=found.get("memory"),
                )
                for name, mark, found in self._ours(state["services"])
            }

    def list_secrets(self):
        with self._call("list_secrets") as state:
            return {name: mark for name, mark, _ in self._ours(state["secrets"])}

    def run_task(self, spec):
        """A task is done as soon as it started; one with module `broken` fails."""
        with self._call("run_task", spec.name) as state:
            self._own(state["tasks"], spec.name, spec.service.mark)
            state["secrets"][spec.name] = {"mark": str(spec.service.mark)}
            state["tasks"][spec.name] = {
                "mark": str(spec.service.mark),
                "state": "failed" if "broken" in spec.modules else "done",
            }

    def task_state(self, spec):
        absent = TaskState(name=spec.name, mark=spec.service.mark, state="absent")
        return self.list_tasks().get(spec.name, absent)

    def list_tasks(self):
        with self._call("list_tasks") as state:
            return {
                name: TaskState(
                    name=name,
                    mark=mark,
                    state=found["state"],
                    message="It broke." if found["state"] == "failed" else "",
                )
                for name, mark, found in self._ours(state["tasks"])
            }

    def remove_task(self, spec):
        self._remove("remove_task", "tasks", spec)

    def logs(self, spec, lines=100):
        part = "services" if service_of(spec) is spec else "tasks"
        with self._call("logs", spec.name) as state:
            found = self._own(state[part], spec.name, service_of(spec).mark)
            return f"{spec.name} says hello" if found else ""

    def usage(self):
        with self._call("usage") as state:
            return {
                name: Usage(100 * 1024**2, 1.0, **found.get("short", {}))
                for name, _, found in self._ours(state["services"])
                if found["running"]
            }

    def list_nodes(self):
        with self._call("list_nodes") as state:
            return {
                name: NodeState(name=name, load=load)
                for name, load in state["nodes"].items()
            }

    def _remove(self, method, part, spec):
        with self._call(method, spec.name) as state:
            for objects in (state[part], state["secrets"]):
                if self._own(objects, spec.name, service_of(spec).mark):
                    del objects[spec.name]

    def _check_free(self, services, spec):
        for name, found in services.items():
            if name != spec.name and spec.port == found["port"]:
                raise NotOurs(f"Port {spec.port} belongs to {name}.")
            if name != spec.name and spec.uid == found["uid"]:
                raise NotOurs(f"User {spec.uid} belongs to {name}.")


def _explain(found):
    """Say why a service does not run; a test may have it crash."""
    return "" if found["running"] else found.get("why", "It is stopped.")
