from ..errors import NotOurs, PermanentInfraError
from ..specs import DirectoryState
from .world import FakeDriver


class FakeDirectoryDriver(FakeDriver):
    """Its storage is mounted unless a test says ``mounted = false`` in the world.

    It is marked unless a test names its root in the world's ``blank``.

    :param str root: tells storages of one world apart
    """

    kind = "directory"

    def __init__(self, world, platform, root=""):
        super().__init__(world, platform)
        self._root = root

    def check(self):
        with self._call("check") as state:
            self._check(state)

    def room(self):
        with self._call("room") as state:
            self._check(state)
        return {"total": 1 << 40, "free": 1 << 39}

    def ensure_sentinel(self):
        with self._call("ensure_sentinel") as state:
            state["mounted"] = True
            if self._root in state["blank"]:
                state["blank"].remove(self._root)

    def read_fence(self):
        with self._call("read_fence") as state:
            self._check(state)
            return state["fence"]

    def set_fence(self, epoch):
        with self._call("set_fence", epoch) as state:
            self._check(state)
            found = state["fence"]
            if found and int(found.split("-")[0]) > int(epoch.split("-")[0]):
                raise NotOurs(f"The later epoch {found} holds the storage.")
            state["fence"] = epoch

    def ensure_directory(self, spec):
        with self._call("ensure_directory", spec.name) as state:
            self._check(state)
            found = self._own(state["directories"], spec.name, spec.mark) or {}
            for name, other in state["directories"].items():
                if other["mark"] != str(spec.mark) and other.get("uid") == spec.uid:
                    raise NotOurs(f"User {spec.uid} belongs to {name}.")
            state["directories"][spec.name] = found | {
                "mark": str(spec.mark),
                "root": self._root,
                "uid": spec.uid,
                "quota": spec.quota,
                "filestores": found.get("filestores", []),
            }

    def copy_filestore(self, spec, source, source_database, database, source_root=None):
        with self._call("copy_filestore", spec.name) as state:
            self._check(state)
            if source_root is None:
                source_root = self._root
            for made, root in ((source, source_root), (spec, self._root)):
                found = self._own(state["directories"], made.name, made.mark)
                if not found or found["root"] != root:
                    raise NotOurs(f"The directory {made.name} is not this instance's.")
            filestores = state["directories"][spec.name]["filestores"]
            filestores[:] = sorted({*filestores, database})

    def set_quota(self, spec):
        self.ensure_directory(spec)

    def remove_directory(self, spec):
        with self._call("remove_directory", spec.name) as state:
            self._check(state)
            if self._own(state["directories"], spec.name, spec.mark):
                del state["directories"][spec.name]

    def list_directories(self, measure=False, only=None):
        with self._call("list_directories") as state:
            self._check(state)
            return {
                name: DirectoryState(
                    name=name,
                    mark=mark,
                    used=found.get("used", 4096) if measure else None,
                    quota=found.get("quota"),
                )
                for name, mark, found in self._ours(state["directories"])
                if found.get("root", self._root) == self._root
                and (only is None or name in only)
            }

    def _check(self, state):
        if not state["mounted"] or self._root in state["blank"]:
            raise PermanentInfraError("The storage is not mounted.", "Mount it.")
