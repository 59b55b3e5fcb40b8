"""Routes to tenants: one file each, included by nginx."""

import fcntl
import os
import subprocess
from contextlib import contextmanager
from pathlib import Path

from supervisor.states import ProcessStates as States

from .errors import NotOurs, PermanentInfraError, RetryableInfraError
from .nginx_route import read, render
from .specs import RouteState
from .supervisor_rpc import Supervisor


class NginxDriver:
    """The embedded proxy.

    :param str routes_dir: where the files lie; pages are in ``../notice``
    :param str socket: the supervisor that runs nginx
    :param str nginx: the binary
    :param str conf: a configuration with the same servers, for ``nginx -t``
    :param str platform: UUID of this platform
    :param float timeout: seconds for one call
    """

    def __init__(
        self,
        *,
        routes_dir,
        socket,
        nginx="/usr/sbin/nginx",
        conf,
        platform,
        timeout=10.0,
    ):
        self._routes = Path(routes_dir)
        self._supervisor = Supervisor(socket, timeout)
        self._test = [str(nginx), "-e", "stderr", "-t", "-c", str(conf)]
        self._platform = platform
        self._timeout = timeout

    def check(self):
        """Make sure that nginx runs and takes its configuration.

        :raise InfraError: with nginx's words
        """
        info = self._supervisor.call("getProcessInfo", "nginx")
        if info["state"] != States.RUNNING:
            raise RetryableInfraError("nginx does not run.", cure="Run `make up`.")
        self._validate()

    def ensure_route(self, spec):
        """Write the route and reload; a file that nginx refuses is taken back.

        :param RouteSpec spec: the route
        :raise NotOurs: where the name or a host belongs to another instance
        :raise PermanentInfraError: with nginx's words
        """
        wanted = render(spec, self._routes.parent / "notice")
        with self._alone():
            path, before = self._own(spec)
            if before != wanted:
                self._write(path, wanted)
                try:
                    self._validate()
                except PermanentInfraError:
                    self._take_back(path, before)
                    raise
            # Also where the file was right: a crash may have come before the reload.
            self._reload()

    def remove_route(self, spec):
        """Remove the route and reload.

        :raise NotOurs: where the route carries another mark
        """
        with self._alone():
            path, _ = self._own(spec)
            path.unlink(missing_ok=True)
            self._reload()

    def list_routes(self):
        """List the routes of this platform.

        :rtype: dict[str, RouteState]
        """
        found = {}
        for path in self._files():
            try:
                header = read(path.read_text())
            except FileNotFoundError:  # It was removed meanwhile.
                continue
            if header and header.mark.platform == self._platform:
                found[path.stem] = RouteState(
                    name=path.stem,
                    mark=header.mark,
                    hosts=header.hosts,
                    state=header.state,
                )
        return found

    def _files(self):
        try:
            # A folder that is not there has no files either: ask for it first.
            self._routes.stat()
            return sorted(self._routes.glob("*.conf"))
        except OSError as error:
            raise PermanentInfraError(
                f"The routes in {self._routes} cannot be read: {error.strerror}.",
                cure="Run `make doctor`.",
            ) from error

    def _own(self, spec):
        path = self._routes / f"{spec.name}.conf"
        try:
            content = path.read_text()
        except FileNotFoundError:
            return path, None
        header = read(content)
        if not header or header.mark != spec.mark:
            raise NotOurs(f"The route {spec.name} exists and is not this instance's.")
        return path, content

    def _write(self, path, content):
        aside = path.with_suffix(".new")
        with _disk_errors(path), open(aside, "w") as file:
            os.fchmod(file.fileno(), 0o640)
            file.write(content)
        aside.rename(path)

    def _take_back(self, path, before):
        if before is None:
            path.unlink()
        else:
            self._write(path, before)

    def _validate(self):
        try:
            done = subprocess.run(
                self._test, capture_output=True, text=True, timeout=self._timeout
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise PermanentInfraError(
                f"nginx cannot check its configuration: {error}."
            ) from error
        lines = done.stderr.splitlines()
        clash = [line for line in lines if "conflicting server name" in line]
        if clash:
            raise NotOurs(f"The address belongs to another route: {clash[0]}")
        if done.returncode:
            raise PermanentInfraError(
                f"nginx refuses its configuration: {' '.join(lines)[:600]}",
                cure="The change was taken back; what served before goes on.",
            )

    def _reload(self):
        self._supervisor.call("signalProcess", "nginx", "HUP")

    @contextmanager
    def _alone(self):
        """Keep other writers out."""
        with _disk_errors(self._routes):
            handle = os.open(self._routes, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)


@contextmanager
def _disk_errors(path):
    try:
        yield
    except OSError as error:
        raise PermanentInfraError(
            f"{path} cannot be written: {error.strerror}.", cure="Run `make doctor`."
        ) from error
