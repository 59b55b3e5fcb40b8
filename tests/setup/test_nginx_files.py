import pytest

from scripts.setup import nginx, processes
from scripts.setup.choices import load
from scripts.setup.doctor import servers


@pytest.fixture
def settings(tmp_path):
    for folder in ("etc", "nginx/notice"):
        (tmp_path / folder).mkdir(parents=True)
    return load({"RUN_DIR": str(tmp_path), "PORT_BASE": "25000"})


@pytest.mark.parametrize("has_ipv6", [True, False])
@pytest.mark.parametrize("name", ["servers", "listen", "tenants"])
def test_nginx_listens_on_ipv6_where_the_machine_has_it(
    settings, monkeypatch, name, has_ipv6
):
    monkeypatch.setattr(processes, "has_ipv6", lambda: has_ipv6)

    nginx.prepare(settings)

    lines = (settings.etc / f"nginx-{name}.conf").read_text().splitlines()
    listens = [line.strip() for line in lines if line.strip().startswith("listen ")]
    old = [line for line in listens if "127.0.0.1:" in line]
    new = [line.replace("127.0.0.1", "[::1]") for line in old]
    assert old
    assert sorted(listens) == sorted(old + new if has_ipv6 else old)


def test_doctor_says_where_nobody_listens_and_who_sits_in_our_place(
    settings, monkeypatch
):
    ports = settings.ports
    places = {("127.0.0.1", port): 1 for port in ports.values()}
    places[("::1", ports["master"])] = places[("::1", ports["tenants"])] = 1
    stranger = [("::1", ports["tenants"], "python (process 7 of a tenant)")]
    monkeypatch.setattr(processes, "has_ipv6", lambda: True)
    monkeypatch.setattr(processes, "listeners", lambda: places)
    monkeypatch.setattr(servers.checks, "strangers", lambda *_: stranger)

    troubles = {f.name: f.trouble for f in servers.check_ports(settings) if f.trouble}

    assert troubles == {
        "port 25070 (internal)": "nothing listens on ::1",
        "port 25080 (tenants)": "python (process 7 of a tenant) has it at ::1, "
        "which is not ours",
    }
