"""Debian's packages are installed without a service that starts, now or later."""

import subprocess

import pytest

from scripts.setup import packages
from scripts.setup.runner import Failure


class Machine:
    """What dpkg, apt and systemctl would do; knows what it was asked."""

    def __init__(self, *installed):
        self.installed, self.asked = {*installed}, []
        self.brings, self.complaint, self.policy = set(), "", None

    def __call__(self, words, **_options):
        self.asked.append(" ".join(words))
        if words[0] == "dpkg-query":
            found = words[-1] in self.installed
            return subprocess.CompletedProcess(words, 0, "installed" if found else "")
        if "install" in words:
            self.policy = packages.POLICY.read_text()
            if self.complaint:
                return subprocess.CompletedProcess(words, 100, self.complaint)
            self.installed |= {"nginx-light", *self.brings}
        return subprocess.CompletedProcess(words, 0, "")

    def disabled(self):
        return [words for words in self.asked if words.startswith("systemctl")]


@pytest.fixture
def machine(tmp_path, monkeypatch):
    machine = Machine("curl")
    monkeypatch.setattr(packages, "try_run", machine)
    monkeypatch.setattr(packages, "POLICY", tmp_path / "policy-rc.d")
    monkeypatch.setattr(packages, "LOCK", tmp_path / "lock")
    monkeypatch.setattr(packages.shutil, "which", lambda name: f"/usr/bin/{name}")
    return machine


def test_what_came_with_us_does_not_start_at_the_next_boot(machine):
    machine.brings = {"nginx"}

    assert packages.install_missing(["curl", "nginx-light"]) == "installed nginx-light"
    assert machine.disabled() == ["systemctl disable --quiet nginx.service"]
    assert "exit 101" in machine.policy
    assert not packages.POLICY.exists()


def test_a_service_that_was_there_before_stays_as_it_is(machine):
    machine.installed.add("nginx")

    packages.install_missing(["nginx-light"])

    assert machine.disabled() == []


def test_what_a_killed_run_left_is_removed_by_the_next_one(machine):
    packages.POLICY.write_text(packages.FORBID)

    assert packages.install_missing(["curl"]) == "nothing missing"
    assert not packages.POLICY.exists()


def test_somebody_elses_policy_stays(machine):
    packages.POLICY.write_text("#!/bin/sh\nexit 0\n")

    packages.install_missing(["curl", "nginx-light"])

    assert machine.policy == packages.POLICY.read_text() == "#!/bin/sh\nexit 0\n"


@pytest.mark.parametrize(
    ("complaint", "cure"),
    [
        ("E: Could not get lock /var/lib/dpkg/lock-frontend. It is held", "wait for"),
        ("E: Unable to locate package nginx-light", "check the network"),
        ("E: You don't have enough free space in /var/cache/apt/", "make room"),
        (
            "E: Sub-process /usr/bin/dpkg returned an error code (1)\n"
            "dpkg: failed to write (No space left on device)",
            "make room",
        ),
    ],
)
def test_apt_is_given_time_and_what_it_lacks_is_told(machine, complaint, cure):
    machine.complaint = complaint

    with pytest.raises(Failure, match=f"{complaint[3:20]}.*Cure: {cure}"):
        packages.install_missing(["nginx-light"])

    [install] = [words for words in machine.asked if " install " in words]
    assert "DPkg::Lock::Timeout=300" in install
    fetching = [words for words in machine.asked if words.startswith("apt-get")]
    assert all("Acquire::http::Timeout=20" in words for words in fetching)
