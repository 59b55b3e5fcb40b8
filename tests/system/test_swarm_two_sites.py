"""Two clusters and two database servers in one master, each in its region."""

from pathlib import Path

import pytest
from second_site import REGION, SecondSite, databases_of

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def site(swarm):
    with SecondSite.started(swarm) as started:
        yield started


@pytest.fixture(scope="module")
def there(swarm, site):
    """A running instance of the second region."""
    return swarm.create(region=REGION)


def test_an_instance_of_a_region_is_there_with_all_that_it_has(swarm, site, there):
    page = f"{there['url']}/web/login"
    with site.visitor() as visitor:
        answer = visitor.get(page)
    assert (answer.status_code, 'name="login"' in answer.text) == (200, True)

    service = f"odoo_{there['uuid'][:8]}"
    assert service in site.services()
    assert service not in swarm.docker("service", "ls", "--format", "{{.Name}}")
    assert there["database"] in databases_of(site.settings)
    assert there["database"] not in databases_of(swarm.settings)
    assert any(Path(site.root).rglob(f"*{there['uuid'][:8]}*"))


def test_the_first_region_keeps_its_own(swarm, site, browser):
    shown = swarm.saasctl("instance", "show", "demo")
    assert browser.get(f"{shown['url']}/web/login").status_code == 200
    assert shown["database"] in databases_of(swarm.settings)
    assert shown["database"] not in databases_of(site.settings)
