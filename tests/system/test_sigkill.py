"""The jobs service is killed in the middle of each playbook, on real drivers."""

import ast

import pytest
from outages import Outages
from people import CHECKOUT
from scenes import COMMANDS, OTHERS, TEMPLATES, Scenes, kill_and_look, kill_templates

pytestmark = pytest.mark.slow


@pytest.fixture
def scenes(platform):
    """Scenes whose instances are removed in the end, whatever became of them."""
    scenes = Scenes(platform, Outages(platform))
    yield scenes
    scenes.remove()


def test_each_playbook_is_killed():
    path = CHECKOUT / "addons/saas_master/operations/playbooks.py"
    [playbooks] = [
        node.value
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.Assign) and node.targets[0].id == "PLAYBOOKS"
    ]
    kinds = {key.value for key in playbooks.keys}
    assert {*COMMANDS, *OTHERS, *TEMPLATES} == kinds


@pytest.mark.parametrize("kind", [*COMMANDS, *OTHERS])
def test_a_playbook_survives_a_kill(scenes, visitor, kind):
    shown = kill_and_look(scenes, kind)
    if shown["status"] == "running":
        assert visitor.get(f"{shown['url']}/web/login").status_code == 200


def test_templates_survive_a_kill(scenes):
    kill_templates(scenes)
