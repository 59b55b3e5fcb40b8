from ..errors import NotFound, PermanentInfraError
from ..specs import DatabaseState, RoleState
from .world import FakeDriver


class FakePostgresqlDriver(FakeDriver):
    kind = "postgresql"

    def ping(self):
        with self._call("ping") as state:
            count = len(state["databases"])
        return {"version": 15, "max_connections": 100, "databases": count, "bytes": 0}

    def ensure_role(self, spec):
        with self._call("ensure_role", spec.role) as state:
            self._own(state["roles"], spec.role, spec.mark)
            state["roles"][spec.role] = {
                "mark": str(spec.mark),
                "connection_limit": spec.connection_limit,
            }

    def remove_role(self, spec):
        with self._call("remove_role", spec.role) as state:
            if self._own(state["roles"], spec.role, spec.mark):
                if spec.role in (d["role"] for d in state["databases"].values()):
                    raise PermanentInfraError(f"The role {spec.role} owns a database.")
                del state["roles"][spec.role]

    def ensure_database(self, spec, template=None, template_role=None):
        with self._call("ensure_database", spec.name) as state:
            databases = state["databases"]
            found = self._own(databases, spec.name, spec.mark)
            if template and template not in databases:
                raise PermanentInfraError(f"There is no database {template}.")
            if not self._own(state["roles"], spec.role, spec.mark):
                raise PermanentInfraError(f"There is no role {spec.role}.")
            databases[spec.name] = found or {
                "mark": str(spec.mark),
                "role": spec.role,
                "template": template,
                "finished": False,
                "open": True,
                "identity": None,
            }
            self._halfway(state, "ensure_database")
            databases[spec.name]["finished"] = True

    def set_identity(self, spec, identity):
        with self._call("set_identity", spec.name) as state:
            self._get(state, spec)["identity"] = identity.instance_uuid

    def close_template(self, spec):
        with self._call("close_template", spec.name) as state:
            self._get(state, spec)["open"] = False

    def rename_database(self, spec, new_name):
        with self._call("rename_database", spec.name) as state:
            databases = state["databases"]
            if not self._own(databases, new_name, spec.mark):
                self._get(state, spec)
                databases[new_name] = databases.pop(spec.name)

    def remove_database(self, spec, name=None):
        name = name or spec.name
        with self._call("remove_database", name) as state:
            if self._own(state["databases"], name, spec.mark):
                del state["databases"][name]

    def list_databases(self):
        with self._call("list_databases") as state:
            return {
                name: DatabaseState(
                    name=name,
                    mark=mark,
                    size=found.get("size", 8_000_000),
                    connections=0,
                )
                for name, mark, found in self._ours(state["databases"])
            }

    def list_roles(self):
        with self._call("list_roles") as state:
            return {
                name: RoleState(
                    name=name,
                    mark=mark,
                    connection_limit=found.get("connection_limit", -1),
                )
                for name, mark, found in self._ours(state["roles"])
            }

    def _get(self, state, spec):
        found = self._own(state["databases"], spec.name, spec.mark)
        if not found:
            raise NotFound(f"There is no database {spec.name}.")
        return found
