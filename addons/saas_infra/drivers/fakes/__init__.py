"""One fake a driver, kept to the same suites as the real ones.

All of them live in one file that survives the death of the process that wrote it.
"""

from .cephfs import FakeCephfsDriver
from .directory import FakeDirectoryDriver
from .exim import FakeEximDriver
from .nginx import FakeNginxDriver
from .postgresql import FakePostgresqlDriver
from .process import FakeProcessDriver
from .tenant import FakeTenantClient
from .world import World


class FakeWorld(World):
    """The world, with the drivers that live in it."""

    def postgresql(self, platform):
        return FakePostgresqlDriver(self.path, platform)

    def process(self, platform):
        return FakeProcessDriver(self.path, platform)

    def directory(self, platform, root=""):
        return FakeDirectoryDriver(self.path, platform, root)

    def cephfs(self, platform, root=""):
        return FakeCephfsDriver(self.path, platform, root)

    def nginx(self, platform):
        return FakeNginxDriver(self.path, platform)

    def exim(self, platform):
        return FakeEximDriver(self.path, platform)

    def tenant(self, platform, instance, host=""):
        return FakeTenantClient(self.path, platform, instance=instance, host=host)
