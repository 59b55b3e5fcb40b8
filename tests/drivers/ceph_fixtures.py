"""Fixtures of the suites that run on CephFS."""

import pytest
from real_ceph import RealCeph


@pytest.fixture(scope="session")
def ceph(machine):
    with RealCeph.started(machine) as ceph:
        yield ceph
