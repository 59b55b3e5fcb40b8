"""Specs of tenants that are unique in a run."""

from dataclasses import replace
from uuid import uuid4

from drivers.specs import (
    DatabaseSpec,
    DirectorySpec,
    Limits,
    MailLoginSpec,
    Mark,
    RouteSpec,
    ServiceSpec,
)

GIB = 1024**3


class Tenants:
    """Makes specs; ``platform`` is the one that the drivers of a test belong to."""

    def __init__(self, platform, first_uid, first_port, public_port):
        self.platform = platform
        self._next = 0
        self._first_uid, self._first_port = first_uid, first_port
        self.public_port = public_port

    def make(self, platform=None):
        """Make the specs of one more tenant.

        :rtype: ServiceSpec
        """
        self._next += 1
        instance = str(uuid4())
        mark = Mark(platform or self.platform, instance)
        uid = self._first_uid + self._next
        name = f"odoo_cust{self._next}_{instance[:8]}"
        database = DatabaseSpec(mark=mark, name=name, role=name, password=uuid4().hex)
        directory = DirectorySpec(
            mark=mark, name=f"odoo_data_{name}_{instance}", uid=uid, quota=GIB
        )
        return ServiceSpec(
            mark=mark,
            name=f"odoo_{instance[:8]}",
            uid=uid,
            port=self._first_port + self._next,
            database=database,
            database_host="127.0.0.1",
            database_port=5432,
            directory=directory,
            limits=Limits(cpu=1, memory=2 * GIB, storage=GIB),
            hostname=f"t{self._next}.tenants.localhost",
            base_url=f"http://t{self._next}.tenants.localhost",
            proxy_secret=uuid4().hex,
        )

    def mail_login(self, service, **values):
        """Make a tenant's login at the mail relay."""
        return MailLoginSpec(
            mark=service.mark,
            name=service.name,
            password=uuid4().hex,
            address=f"{service.name}@tenants.localhost",
            sender=f"notifications@{service.hostname}",
            **{"daily_limit": 100, **values},
        )

    def route(self, service, **values):
        """Make the route to a tenant."""
        return RouteSpec(
            mark=service.mark,
            name=service.name,
            hosts=(service.hostname,),
            upstream=f"127.0.0.1:{service.port}",
            secret=service.proxy_secret,
            public_port=self.public_port,
            **values,
        )


def stranger(spec):
    """Give a spec the mark of another instance of the same platform."""
    return replace(spec, mark=Mark(spec.mark.platform, str(uuid4())))
