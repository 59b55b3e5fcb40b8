"""A stack of Docker Swarm: deployed from its file, rolled back, stopped, looked at."""

import copy
import hashlib
from dataclasses import dataclass

from . import files, swarm_services
from .docker_cli import Docker
from .runner import Failure, wait_for
from .settings import CHECKOUT, Settings

SETTLE_SECONDS = 180
DEFAULTS = {"StopGracePeriod": 10 * 10**9, "Monitor": 5 * 10**9}
ENDED = ("paused", "rollback_started", "rollback_paused", "rollback_completed")


@dataclass(frozen=True)
class Stack:
    """One of the platform's stacks.

    :param str kind: what its file in swarm/ is called after
    :param tuple services: their names in that file
    """

    settings: Settings
    kind: str
    services: tuple

    @property
    def file(self):
        """The file that it is deployed from."""
        return CHECKOUT / f"swarm/{self.kind}.yml"

    @property
    def names(self):
        """Its services, as the engine calls them."""
        stack = swarm_services.stack_name(self.settings, self.kind)
        return [f"{stack}_{service}" for service in self.services]

    def deploy(self, variables, content):
        """Have it run with the present images and configuration.

        :param dict variables: of its file, beside what all stacks have
        :param dict content: of secrets and configurations, by the names of their files
        :return: what was done, in words
        :raise Failure: where a service does not come up, or Swarm went back
        """
        docker = self._docker()
        variables = self._common(docker) | variables | self._write_files(content)
        words = "\n".join(f"{n}={v}" for n, v in sorted(variables.items()))
        state = hashlib.sha256(self.file.read_bytes() + words.encode()).hexdigest()
        current = self._noted.exists() and self._noted.read_text() == state
        if current and all(self._replicas(docker).values()):
            self._wait(docker, self.names)
            return "unchanged"
        self._noted.unlink(missing_ok=True)
        docker.run(
            "stack", "deploy", "-c", self.file, "--resolve-image", "never",
            variables["STACK"], **variables,
        )  # fmt: skip
        self._wait(docker, self.names)
        self._prune(docker)
        files.write(self._noted, state, mode=0o600)
        return "deployed"

    def roll_back(self):
        """Bring its services back to what they were before the last deployment.

        Swarm's own way back would bring a service that was stopped in between, or for
        the deployment, back as a stopped one.

        :return: what was done, in words
        """
        docker = self._docker()
        found = docker.inspect("service", self._there(docker))
        earlier = {each["Spec"]["Name"]: _earlier(each) for each in found}
        names = [name for name, spec in earlier.items() if spec]
        for each in found:
            if spec := earlier[each["Spec"]["Name"]]:
                docker.update_service(each, spec)
        # The next deployment is one, whatever it was the last time.
        self._noted.unlink(missing_ok=True)
        self._wait(docker, names)
        return "rolled back " + ", ".join(names) if names else "nothing to go back to"

    def stop(self):
        """Scale its services to nothing.

        :return: whether any of them ran
        """
        docker = self._docker()
        running = [name for name, count in self._replicas(docker).items() if count]
        swarm_services.scale(docker, running, 0)
        swarm_services.wait_for_end(docker, self.names)
        return bool(running)

    def start(self):
        """Start what was stopped, as it was deployed last.

        :return: whether anything was
        """
        docker = self._docker()
        replicas = self._replicas(docker)
        stopped = [name for name, count in replicas.items() if count == 0]
        swarm_services.scale(docker, stopped, 1)
        return bool(stopped)

    def troubles(self):
        """Say how each service is; empty where it is well.

        :rtype: dict[str, str]
        """
        docker = self._docker()
        found = {}
        for each, count in self._replicas(docker).items():
            is_well = count and _runs(docker, each)
            found[each] = "" if is_well else _complaint(docker, each, count)
        return found

    @property
    def _noted(self):
        return self.settings.etc / f"stack-{self.kind}"

    @property
    def _folder(self):
        return self.settings.run / "stack"

    def _docker(self):
        return Docker(self.settings.docker_host)

    def _common(self, docker):
        """Return the variables that the files of all stacks may name."""
        return {
            "PLATFORM": self.settings.platform,
            "STACK": swarm_services.stack_name(self.settings, self.kind),
            "NODE": docker.run("info", "-f", "{{.Swarm.NodeID}}"),
            "RUN": str(self.settings.run),
            "FILES": str(self._folder),
            **{
                f"PORT_{which.upper()}": str(port)
                for which, port in self.settings.ports.items()
            },
        }

    def _write_files(self, content):
        """Write what becomes secrets and configurations.

        :return: a variable for each, with as much of its digest as a name needs
        """
        found = {}
        for file, text in content.items():
            files.write(self._folder / file, text, mode=0o600)
            digest = hashlib.sha256(text).hexdigest()[:12]
            found[f"HASH_{_variable(file)}"] = digest
        return found

    def _there(self, docker):
        known = {*swarm_services.list_names(self.settings, docker)}
        return [name for name in self.names if name in known]

    def _replicas(self, docker):
        """Return how many of each are wanted, None where there is no such service."""
        found = docker.inspect("service", self._there(docker))
        wanted = {s["Spec"]["Name"]: swarm_services.replicas(s) for s in found}
        return {name: wanted.get(name) for name in self.names}

    def _wait(self, docker, names):
        """Wait until each service runs as it was told to.

        :raise Failure: where it does not, with its own words
        """
        for each in names:
            wait_for(
                lambda each=each: _settled(docker, each),
                SETTLE_SECONDS,
                f"the service {each}",
                f"docker -H {docker.host} service ps --no-trunc {each}",
            )

    def _prune(self, docker):
        """Remove secrets and configurations that no service has, nor had before."""
        used = set()
        for service in docker.inspect("service", self.names):
            for spec in (service["Spec"], service.get("PreviousSpec") or {}):
                container = spec.get("TaskTemplate", {}).get("ContainerSpec", {})
                used |= {each["SecretID"] for each in container.get("Secrets") or []}
                used |= {each["ConfigID"] for each in container.get("Configs") or []}
        stack = swarm_services.stack_name(self.settings, self.kind)
        label = f"label=com.docker.stack.namespace={stack}"
        chosen = ("--filter", label, "-q")
        for kind in ("secret", "config"):
            if old := {*docker.lines(kind, "ls", *chosen)} - used:
                docker.try_run(kind, "rm", *old)


def _earlier(service):
    """Return what a service was before, as many as there are now; None if the same."""
    if not service.get("PreviousSpec"):
        return None
    spec = copy.deepcopy(service["PreviousSpec"])
    spec["Mode"] = service["Spec"]["Mode"]
    return (
        None if _without_defaults(spec) == _without_defaults(service["Spec"]) else spec
    )


def _without_defaults(spec):
    """Return what was told of a service: the engine adds to its present one."""
    if not isinstance(spec, dict):
        return spec
    told = {name: _without_defaults(value) for name, value in spec.items()}
    return {n: v for n, v in told.items() if v and DEFAULTS.get(n) != v}


def _variable(file):
    return "".join(c if c.isalnum() else "_" for c in file).upper()


def _settled(docker, each):
    [found] = docker.inspect("service", [each])
    state = (found.get("UpdateStatus") or {}).get("State", "")
    if state in ENDED:
        raise Failure(
            f"{each} did not come up and went back: {_last_error(docker, each)}",
            f"docker -H {docker.host} service logs {each}",
        )
    return state != "updating" and _runs(docker, each)


def _runs(docker, each):
    """Tell whether its one task runs, which it does once it is healthy."""
    listed = docker.run(
        "service", "ls", "--filter", f"name={each}", "--format", "{{.Replicas}}"
    )
    return listed.startswith("1/1")


def _complaint(docker, each, count):
    if count is None:
        return "it is missing"
    return _last_error(docker, each) or "it does not run"


def _last_error(docker, each):
    words = ("--no-trunc", "--format", "{{.Error}}")
    errors = filter(None, docker.lines("service", "ps", *words, each))
    return next(errors, "").strip('"')
