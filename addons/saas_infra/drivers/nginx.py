"""Routes to tenants: one file each, included by nginx."""

import fcntl
import os
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path

from supervisor.states import ProcessStates as States

from .errors import InfraError, NotOurs, PermanentInfraError, RetryableInfraError
from .nginx_route import read, render
from .specs import RouteState
from .supervisor_rpc import Supervisor

KEPT = ".before"  # what a route was until nginx has taken what it is to be


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

    def certified_until(self):
        """Return None: it speaks plain HTTP, behind what ends TLS."""

    def ensure_route(self, spec):
        """Write the route and reload; a file that nginx refuses is taken back.

        :param RouteSpec spec: the route
        :raise NotOurs: where the name or a host belongs to another instance
        :raise PermanentInfraError: with nginx's words
        """
        self.ensure_routes([spec])

    def ensure_routes(self, specs):
        """Write many routes and reload once; where one is refused, none is written.

        :param list specs: RouteSpec each
        :raise InfraError: as :meth:`ensure_route`
        """
        notice = self._routes.parent / "notice"
        wanted = [(spec, render(spec, notice)) for spec in specs]
        with self._alone():
            changed = [
                (path, before, text)
                for (path, before), text in ((self._own(s), text) for s, text in wanted)
                if before != text
            ]
            # A crash may have come before the reload; and nginx reads all or none.
            self._try_out(changed)
            self._reload()

    def is_emptied(self):
        """Tell whether there is no route at all, not even a stranger's."""
        return not self._files()

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
                found[path.stem] = RouteState(name=path.stem, **header._asdict())
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

    def _try_out(self, changed):
        """Write files that stay only if nginx takes all of them.

        :param list changed: path, content before or None, and content each
        """
        kept = []
        for path, before, wanted in changed:
            kept.append(path.with_suffix(KEPT))
            self._write(kept[-1], before or "")
            self._write(path, wanted)
        try:
            self._validate()
        except InfraError:
            for path in kept:
                self._take_back(path)
            # The reload before this one comes late: it may have read what is no more.
            self._reload()
            raise
        for path in kept:
            path.unlink()

    def _write(self, path, content):
        aside = path.with_suffix(".new")
        with _disk_errors(path), open(aside, "w") as file:
            os.fchmod(file.fileno(), 0o640)
            file.write(content)
        aside.rename(path)

    def _take_back(self, kept):
        path = kept.with_suffix(".conf")
        if kept.stat().st_size:
            kept.rename(path)
        else:
            path.unlink(missing_ok=True)
            kept.unlink()

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
                cure="What served before goes on. Mend the file that it names.",
            )

    def _reload(self):
        self._supervisor.call("signalProcess", "nginx", "HUP")

    @contextmanager
    def _alone(self):
        """Keep other writers out; take back what one that died had not tried out."""
        with _disk_errors(self._routes):
            handle = os.open(self._routes, os.O_RDONLY | os.O_DIRECTORY)
        try:
            self._lock(handle)
            for kept in sorted(self._routes.glob(f"*{KEPT}")):
                self._take_back(kept)
            yield
        finally:
            os.close(handle)

    def _lock(self, handle):
        deadline = time.monotonic() + self._timeout
        while True:
            try:
                return fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                if time.monotonic() > deadline:
                    raise RetryableInfraError(
                        f"Others change the routes in {self._routes} for too long."
                    ) from error
                time.sleep(0.02)


@contextmanager
def _disk_errors(path):
    try:
        yield
    except OSError as error:
        raise PermanentInfraError(
            f"{path} cannot be written: {error.strerror}.", cure="Run `make doctor`."
        ) from error
