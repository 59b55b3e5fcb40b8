"""The command line of Docker, for one engine."""

import json
import subprocess
from contextlib import suppress

from .commands import last_words, own_environment, try_run
from .runner import Failure


class Docker:
    """Runs docker's commands at one engine.

    :param str host: where the engine listens, as ``unix:///path``
    """

    def __init__(self, host):
        self.host = host
        self._command = ["docker", "-H", host]

    def try_run(self, *words, **variables):
        """Run a command; how it ends is for the caller to judge.

        :param variables: its environment, beside root's
        """
        environment = self._environment(**variables)
        return try_run([*self._command, *words], environment=environment)

    def run(self, *words, stdin=None, **variables):
        """Run a command to its end.

        :param str stdin: what it reads
        :return: what it said
        :raise Failure: when it fails
        """
        result = try_run(
            [*self._command, *words],
            environment=self._environment(**variables),
            stdin=stdin,
        )
        if result.returncode:
            what = " ".join(map(str, words[:2]))
            raise Failure(
                f"docker {what} failed: {last_words(result.stdout)}",
                f"look at the engine: docker -H {self.host} info",
            )
        return result.stdout.strip()

    def lines(self, *words):
        """Run a command that lists; return its lines."""
        return self.run(*words).splitlines()

    def inspect(self, kind, names):
        """Return what the engine knows of some objects.

        :param str kind: service, network, image, …
        :rtype: list[dict]
        """
        return json.loads(self.run(kind, "inspect", *names)) if names else []

    def update_service(self, found, spec):
        """Give a service another specification, whole.

        :param dict found: the service as `inspect` returned it
        :raise Failure: when it fails
        """
        path = self.host.removeprefix("unix://")
        address = f"/services/{found['ID']}/update?version={found['Version']['Index']}"
        result = try_run(
            ["curl", "-sS", "--fail-with-body", "--unix-socket", path, "-d", "@-",
             "-H", "Content-Type: application/json", f"http://engine{address}"],
            stdin=json.dumps(spec),
        )  # fmt: skip
        if result.returncode:
            words = last_words(result.stdout)
            raise Failure(f"{found['Spec']['Name']} cannot be updated: {words}")

    def send(self, *words, write):
        """Run a command that reads an archive.

        :param write: writes the archive to a binary stream
        :return: what it said
        :raise Failure: when it fails
        """
        with subprocess.Popen(
            [*map(str, (*self._command, *words))],
            env=self._environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        ) as process:
            # It may have ended already; its last words say why.
            with suppress(BrokenPipeError):
                write(process.stdin)
            output = process.communicate()[0].decode(errors="replace")
        if process.returncode:
            raise Failure(f"docker {words[0]} failed: {last_words(output)}")
        return output

    @staticmethod
    def _environment(**variables):
        # The classic builder needs no plug-in, and is in every engine.
        return own_environment(DOCKER_BUILDKIT="0", **variables)
