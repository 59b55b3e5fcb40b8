"""The jobs service is killed in the middle of each playbook, on a real swarm."""

import pytest
from people import wait_until
from scenes import COMMANDS, OTHERS, Scenes, kill_and_look, kill_templates
from swarm_outages import SwarmOutages

pytestmark = pytest.mark.slow

# What is left of an instance at the engine, by its status: containers, services, and
# secrets: its configuration, and the authority of its database.
LEFT = {
    "running": (1, 1, 2),
    "stopped": (0, 1, 2),
    "paused": (0, 1, 2),
    "terminated": (0, 0, 0),
}


@pytest.fixture(scope="module")
def platform(swarm):
    return swarm


@pytest.fixture
def scenes(platform):
    """Scenes whose instances are removed in the end, whatever became of them."""
    scenes = Scenes(platform, SwarmOutages(platform))
    yield scenes
    scenes.remove()


def count_left(platform, instance):
    """Return how many containers, services and secrets carry an instance's mark."""
    chosen = ("-q", "--filter", f"label=saasodoo.mark={platform.mark_of(instance)}")
    listed = (
        platform.docker(*command, *chosen).split()
        for command in (("ps",), ("service", "ls"), ("secret", "ls"))
    )
    return tuple(map(len, listed))


@pytest.mark.parametrize("kind", [*COMMANDS, *OTHERS])
def test_a_playbook_survives_a_kill_with_nothing_twice(platform, scenes, browser, kind):
    shown = kill_and_look(scenes, kind)
    # A task that was exchanged ends by and by.
    wait_until(lambda: count_left(platform, shown) == LEFT[shown["status"]], seconds=90)
    if shown["status"] == "running":
        assert browser.get(f"{shown['url']}/web/login").status_code == 200


def test_templates_survive_a_kill(scenes):
    kill_templates(scenes)
