"""Snapshots of a storage: made once, listed by age, and the right ones kept."""

from datetime import UTC, datetime, timedelta

import pytest
from drivers.cephfs import by_moment, expired

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture(params=["fake", pytest.param("cephfs", marks=pytest.mark.slow)])
def storage(request, world, platform):
    if request.param == "fake":
        storage = world.cephfs(platform)
    else:
        storage = request.getfixturevalue("ceph").directory()
    storage.expire_snapshots(hourly=0, daily=0)
    yield storage
    storage.expire_snapshots(hourly=0, daily=0)


def test_a_snapshot_is_made_once_for_a_moment(storage):
    there = NOON.astimezone(tz=None)
    assert storage.make_snapshot(NOON) == storage.make_snapshot(there)
    assert storage.list_snapshots() == {"saasodoo-20260301T120000Z": NOON}


def test_old_snapshots_go_and_go_once(storage):
    names = [storage.make_snapshot(NOON + timedelta(hours=n)) for n in (3, 0, 2, 1)]
    names.sort()
    assert list(storage.list_snapshots()) == names
    assert storage.expire_snapshots(hourly=2, daily=1) == names[:2]
    assert storage.expire_snapshots(hourly=2, daily=1) == []
    assert list(storage.list_snapshots()) == names[2:]


def test_the_newest_of_each_hour_and_day_is_kept(storage):
    halves = [NOON + timedelta(minutes=30 * half) for half in range(96)]
    snapshots = by_moment(
        f"saasodoo-{moment:%Y%m%dT%H%M%SZ}" for moment in [*halves, NOON]
    )
    gone = expired(snapshots, hourly=3, daily=2)
    kept = [snapshots[name] for name in snapshots if name not in gone]
    assert [f"{moment:%d. %H:%M}" for moment in kept] == [
        "02. 23:30",
        "03. 09:30",
        "03. 10:30",
        "03. 11:30",
    ]
