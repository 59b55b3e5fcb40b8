import os
import socket

import pytest

from scripts.setup import choices
from scripts.setup.choices import load, stored_text
from scripts.setup.runner import Failure


def test_defaults_make_a_platform_of_their_own(tmp_path):
    settings = load({"RUN_DIR": str(tmp_path)})

    assert settings.ports["master"] == 18069
    assert settings.ports["tenants"] == 18080
    assert settings.uid_last == 209999
    assert len(set(settings.ports.values()) & set(settings.tenant_ports)) == 0


def test_what_was_chosen_once_holds_for_later_runs(tmp_path):
    first = load({"RUN_DIR": str(tmp_path), "PORT_BASE": "21000"})
    (tmp_path / "platform.env").write_text(stored_text(first))

    again = load({"RUN_DIR": str(tmp_path)})

    assert again == first


@pytest.mark.parametrize("path", ["link", "link/../there", "over/there"])
def test_folders_are_known_by_the_place_that_links_lead_to(tmp_path, path):
    (tmp_path / "there").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "there")
    (tmp_path / "over").symlink_to(tmp_path)
    named = str(tmp_path / path)

    settings = load({"RUN_DIR": named, "CACHE_DIR": named})

    assert settings.run == settings.cache == tmp_path / "there"


def test_another_choice_for_an_existing_platform_is_refused(tmp_path):
    first = load({"RUN_DIR": str(tmp_path), "PORT_BASE": "21000"})
    (tmp_path / "platform.env").write_text(stored_text(first))

    with pytest.raises(Failure, match="made with PORT_BASE=21000, not 22000"):
        load({"RUN_DIR": str(tmp_path), "PORT_BASE": "22000"})


@pytest.fixture
def stored(tmp_path):
    """Settings as they are after an `up` with some choices."""

    def keep(**choices):
        settings = load({"RUN_DIR": str(tmp_path)} | choices)
        (tmp_path / "platform.env").write_text(stored_text(settings))
        return settings

    return keep


@pytest.mark.parametrize(
    ("name", "value", "other", "field"),
    [
        ("CACHE_DIR", "/srv/cache", "/srv/cache-2", "cache"),
        ("ODOO_SOURCE", "/srv/odoo", "/srv/odoo-2", "odoo_source"),
        ("NODE_CORES", "3", "5", "cores"),
        ("NODE_MEMORY_MB", "1024", "2048", "memory_mb"),
        ("LEAST_RETENTION_DAYS", "0", "14", "least_retention_days"),
    ],
)
def test_what_may_change_is_kept_until_it_is_given_anew(
    stored, name, value, other, field
):
    before = getattr(stored(), field)

    stored(**{name: value})
    assert str(getattr(stored(), field)) == value

    stored(**{name: other})
    assert str(getattr(stored(), field)) == other

    stored(**{name: ""})
    assert getattr(stored(), field) == before


def test_no_first_instance_is_kept_too(stored):
    assert stored().demo

    stored(DEMO="0")
    assert not stored().demo
    assert stored(DEMO="1").demo


def test_a_room_that_was_not_chosen_is_this_machines_of_today(stored, monkeypatch):
    stored()
    monkeypatch.setattr(os, "cpu_count", lambda: 77)

    assert stored().cores == 77


@pytest.mark.parametrize(
    ("there", "sold"), [(65536, 49152), (4096, 3072), (2048, 1024), (1024, 512)]
)
def test_memory_that_the_platform_needs_itself_is_not_sold(
    stored, monkeypatch, there, sold
):
    pages = {"SC_PAGE_SIZE": 4096, "SC_PHYS_PAGES": there * 256}
    monkeypatch.setattr(os, "sysconf", pages.get)

    assert stored().memory_mb == sold
    assert stored(NODE_MEMORY_MB="65536").memory_mb == 65536


def test_a_source_tree_is_found_from_any_folder(stored, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    assert stored(ODOO_SOURCE="odoo").odoo_source == str(tmp_path / "odoo")


@pytest.mark.parametrize("value", ["80", "x", "-1", "60000", "18000 "])
def test_a_port_that_cannot_be_is_refused(tmp_path, value):
    with pytest.raises(Failure, match="PORT_BASE"):
        load({"RUN_DIR": str(tmp_path), "PORT_BASE": value})


@pytest.mark.parametrize(
    ("domain", "words"),
    [
        ("Tenants.test", "lower-case"),
        ("two words.test", "lower-case"),
        ("under_score.test", "lower-case"),
        ("-a.test", "lower-case"),
        ("a..test", "lower-case"),
        (".test", "lower-case"),
        ("test.", "lower-case"),
        ("10.0.0.1", "lower-case"),
        (f"{'a' * 64}.test", "lower-case"),
        ("a." * 93 + "test", "at most 189"),
        ("localhost", "the master's own"),
    ],
)
def test_a_domain_that_tenants_cannot_answer_at_is_refused(tmp_path, domain, words):
    with pytest.raises(Failure, match=f"BASE_DOMAIN={domain} .*{words}.*Cure: make up"):
        load({"RUN_DIR": str(tmp_path), "BASE_DOMAIN": domain})


def test_the_name_of_the_machine_is_the_masters_own(tmp_path, monkeypatch):
    monkeypatch.setattr(socket, "gethostname", lambda: "saas.test")

    with pytest.raises(Failure, match="BASE_DOMAIN=saas.test is the master's own"):
        load({"RUN_DIR": str(tmp_path), "BASE_DOMAIN": "saas.test"})


@pytest.mark.parametrize(
    "domain", ["tenants.localhost", "saas.test", "a-1.b2.xn--p1ai", "a." * 92 + "tests"]
)
def test_a_domain_with_room_for_any_subdomain_is_taken(stored, domain):
    assert stored(BASE_DOMAIN=domain).base_domain == domain


def test_a_platform_from_before_its_domain_was_looked_at_can_be_stopped(tmp_path):
    (tmp_path / "platform.env").write_text("BASE_DOMAIN=Tenants.test\n")

    assert load({"RUN_DIR": str(tmp_path)}).base_domain == "Tenants.test"


def test_what_tenants_run_on_is_chosen_once(stored, tmp_path):
    assert stored(RUNTIME="swarm").on_swarm
    assert stored().on_swarm
    with pytest.raises(Failure, match="made with RUNTIME=swarm, not process"):
        stored(RUNTIME="process")


def test_a_platform_from_before_there_was_a_choice_keeps_its_processes(tmp_path):
    (tmp_path / "platform.env").write_text("PORT_BASE=21000\n")

    assert not load({"RUN_DIR": str(tmp_path)}).on_swarm
    with pytest.raises(Failure, match="made with RUNTIME=process, not swarm"):
        load({"RUN_DIR": str(tmp_path), "RUNTIME": "swarm"})


def test_an_unknown_runtime_is_refused(tmp_path):
    with pytest.raises(Failure, match="RUNTIME=k8s is not process or swarm"):
        load({"RUN_DIR": str(tmp_path), "RUNTIME": "k8s"})


def test_a_platform_that_has_a_kill_bill_keeps_it(stored):
    assert "killbill" not in stored().ports
    assert stored(BILLING="killbill").ports["killbill"] == stored().port_base + 48
    assert stored().with_killbill
    with pytest.raises(Failure, match="leave BILLING out"):
        stored(BILLING="none")


def test_a_billing_that_does_not_exist_is_refused(stored):
    with pytest.raises(Failure, match="BILLING=stripe is not none or killbill"):
        stored(BILLING="stripe")


@pytest.fixture
def engine(tmp_path, monkeypatch):
    """An engine where packages have it."""
    path = str(tmp_path / "docker.sock")
    monkeypatch.setattr(choices, "ENGINE", path)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as server:
        server.bind(path)
        server.listen()
        yield f"unix://{path}"


def test_the_engine_that_is_there_is_taken_and_kept(stored, engine, monkeypatch):
    assert stored(RUNTIME="swarm").docker_host == engine

    monkeypatch.setattr(choices, "ENGINE", "/nowhere")
    assert stored().docker_host == engine
    assert not stored().own_engine


def test_without_an_engine_one_of_its_own_is_meant_from_then_on(
    stored, monkeypatch, tmp_path
):
    monkeypatch.setattr(choices, "ENGINE", "/nowhere")
    own = f"unix://{tmp_path}/docker/docker.sock"

    assert stored(RUNTIME="swarm").docker_host == own
    assert stored().own_engine
    with pytest.raises(Failure, match="made with DOCKER_HOST=.*, not unix:///other"):
        stored(DOCKER_HOST="unix:///other")


def test_an_engine_of_another_machine_is_refused(stored):
    with pytest.raises(Failure, match="DOCKER_HOST=tcp://10.0.0.1 is no unix:///path"):
        stored(RUNTIME="swarm", DOCKER_HOST="tcp://10.0.0.1")


def test_without_a_swarm_the_shells_engine_does_not_matter(stored):
    assert stored(DOCKER_HOST="tcp://10.0.0.1").docker_host == ""
