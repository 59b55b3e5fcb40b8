from ..errors import PermanentInfraError
from ..specs import MailLoginState
from .world import FakeDriver


class FakeEximDriver(FakeDriver):
    kind = "exim"

    def check(self):
        with self._call("check"):
            pass

    def ensure_login(self, spec):
        with self._call("ensure_login", spec.name) as state:
            self._own(state["logins"], spec.name, spec.mark)
            if "\n" in spec.sender + spec.address or spec.daily_limit < 0:
                raise PermanentInfraError(f"The login {spec.name} cannot be written.")
            state["logins"][spec.name] = {
                "mark": str(spec.mark),
                "sender": spec.sender,
                "daily_limit": spec.daily_limit,
                "enabled": spec.enabled,
            }

    def remove_login(self, spec):
        with self._call("remove_login", spec.name) as state:
            if self._own(state["logins"], spec.name, spec.mark):
                del state["logins"][spec.name]

    def list_logins(self):
        with self._call("list_logins") as state:
            return {
                name: MailLoginState(
                    name=name,
                    mark=mark,
                    sender=found["sender"],
                    daily_limit=found["daily_limit"],
                    enabled=found["enabled"],
                )
                for name, mark, found in self._ours(state["logins"])
            }
