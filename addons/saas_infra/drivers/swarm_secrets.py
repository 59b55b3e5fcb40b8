"""Docker secrets: made once for a content, removed when nothing uses them."""

from contextlib import suppress

from .errors import NotFound, NotOurs
from .specs import Mark, service_of
from .swarm_spec import label, labels, secret_name


class Secrets:
    """Secrets of services and tasks, each with one file.

    :param Engine engine: the swarm's
    """

    def __init__(self, engine):
        self._engine = engine

    def ensure(self, spec, content):
        """Have a secret of that content.

        :return: the secret as Swarm knows it, without its content
        :raise NotOurs: where its name belongs to another instance
        """
        name = secret_name(spec, content)
        found = self._named(name)
        if not found:
            self._engine.call(
                "create_secret", name=name, data=content.encode(), labels=labels(spec)
            )
            found = self._named(name)
        mark = (found["Spec"].get("Labels") or {}).get(label("mark"))
        if mark != str(service_of(spec).mark):
            raise NotOurs(f"The secret {name} exists and is not this instance's.")
        return found

    def prune(self, spec, keep=()):
        """Remove the secrets of a service or task.

        :param keep: the secrets in use, as :meth:`ensure` returned them
        """
        kept = {secret["ID"] for secret in keep}
        mark = service_of(spec).mark
        chosen = [f"{label('mark')}={mark}", f"{label('name')}={spec.name}"]
        for secret in self._engine.call("secrets", filters={"label": chosen}):
            if secret["ID"] not in kept:
                with suppress(NotFound):  # another was faster
                    self._engine.call("remove_secret", secret["ID"])

    def list_all(self, platform):
        """List whose secrets there are.

        :param str platform: its UUID
        :return: mark by name of service or task
        """
        chosen = [f"{label('platform')}={platform}"]
        found = self._engine.call("secrets", filters={"label": chosen})
        marked = [secret["Spec"]["Labels"] for secret in found]
        return {each[label("name")]: Mark.parse(each[label("mark")]) for each in marked}

    def _named(self, name):
        found = self._engine.call("secrets", filters={"names": [name]})
        return next((each for each in found if each["Spec"]["Name"] == name), None)
