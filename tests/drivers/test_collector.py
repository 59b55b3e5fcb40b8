"""What a collector reads, where groups are divided and where they are unified."""

import json

import pytest
from drivers import collector

CONTAINER, OTHER = "a" * 64, "b" * 64
DIVIDED = {
    "memory/{}/memory.usage_in_bytes": "5000\n",
    "memory/{}/memory.stat": "cache 9\ninactive_file 1\ntotal_inactive_file 1000\n",
    "memory/{}/memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 2\n",
    "cpuacct/{}/cpuacct.usage": "1500000000\n",
    "pids/{}/pids.events": "max 7\n",
    "cpu/{}/cpu.stat": "nr_periods 3\nnr_throttled 1\nthrottled_time 250000000\n",
}
UNIFIED = {
    "{}/memory.current": "5000\n",
    "{}/memory.stat": "anon 4\ninactive_file 1000\n",
    "{}/memory.events": "low 0\noom 3\noom_kill 2\n",
    "{}/pids.events": "max 7\n",
    "{}/cpu.stat": "usage_usec 1500000\nnr_throttled 1\nthrottled_usec 250000\n",
    "cgroup.controllers": "cpu memory\n",
}
WANTED = [4000, 1.5, 0.25, 2, 7]


def write(root, files, place):
    for name, text in files.items():
        path = root / name.format(place)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


@pytest.mark.parametrize(
    ("files", "place"),
    [
        (DIVIDED, "docker/{}"),
        (DIVIDED, "system.slice/docker-{}.scope"),
        (UNIFIED, "docker/{}"),
        (UNIFIED, "system.slice/docker-{}.scope"),
    ],
)
def test_it_measures_each_container_wherever_its_group_is(tmp_path, files, place):
    for container in (CONTAINER, OTHER):
        write(tmp_path, files, place.format(container))
    assert collector.measure(tmp_path) == {CONTAINER: WANTED, OTHER: WANTED}


def test_who_ends_while_it_looks_is_left_out(tmp_path):
    for container in (CONTAINER, OTHER):
        write(tmp_path, DIVIDED, container)
    (tmp_path / "cpu" / OTHER / "cpu.stat").unlink()
    assert list(collector.measure(tmp_path)) == [CONTAINER]


def test_a_line_is_never_longer_than_a_log_takes():
    measured = {
        f"{number:064x}": [10**12, 1e8 / 3, 1e8 / 3, 10**6, 10**9]
        for number in range(250)
    }
    lines = list(collector.tell(measured, 1))
    assert all(len(line) < 16 * 1024 for line in lines)
    told = {}
    for line in lines:
        told |= json.loads(line)["usage"]
    assert told == measured
