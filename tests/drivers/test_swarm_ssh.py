"""A manager of a swarm behind a real SSH server."""

import pytest
from drivers.errors import PermanentInfraError, RetryableInfraError
from real_sshd import RealSshd

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def sshd(swarm):
    with RealSshd.started(engine=swarm.address) as server:
        yield server


def test_services_are_managed_through_ssh(swarm, sshd, machine, tenants):
    before = sshd.logins()
    driver = swarm.driver(address=sshd.address, ssh=sshd.login())
    spec = swarm.on_swarm(tenants.make())
    machine.directory().ensure_directory(spec.directory)
    driver.ensure_service(spec)
    assert spec.name in driver.list_services()
    driver.remove_service(spec)
    assert spec.name not in driver.list_services()
    assert sshd.logins() == before + 1


def test_a_key_that_is_not_let_in_is_told_in_words(swarm, sshd):
    driver = swarm.driver(address=sshd.address, ssh=sshd.login(key="stranger"))
    with pytest.raises(PermanentInfraError, match="not let this platform in") as caught:
        driver.check()
    public = " ".join((sshd.run / "stranger.pub").read_text().split()[:2])
    assert caught.value.cure.endswith(f"authorized_keys of root there: {public}")


def test_a_machine_that_shows_another_host_key_is_not_logged_in_to(swarm, sshd):
    before = sshd.logins()
    driver = swarm.driver(address=sshd.address, ssh=sshd.login(host="stranger"))
    with pytest.raises(PermanentInfraError, match="shows the host key SHA256") as seen:
        driver.check()
    assert "ssh-keygen -lf" in seen.value.cure
    assert sshd.logins() == before


def test_a_server_that_is_down_is_retryable(swarm, sshd):
    address = sshd.address.rpartition(":")[0] + ":23223"
    driver = swarm.driver(address=address, ssh=sshd.login(), timeout=5.0)
    with pytest.raises(RetryableInfraError, match="does not answer"):
        driver.check()


@pytest.mark.parametrize("wrong", ["key", "host_key"])
def test_a_key_that_cannot_be_read_is_named(swarm, sshd, wrong):
    login = sshd.login()._replace(**{wrong: "no key"})
    with pytest.raises(PermanentInfraError, match="cannot be read"):
        swarm.driver(address=sshd.address, ssh=login).check()


def test_an_address_of_ssh_needs_keys_of_our_own(swarm):
    with pytest.raises(PermanentInfraError, match="how to log in"):
        swarm.driver(address="ssh://root@127.0.0.1:23222")
