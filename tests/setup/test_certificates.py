"""The platform's own CA, what it signs, and a certificate that is given instead."""

import dataclasses
import ssl
import subprocess

import pytest

from scripts.setup import certificates
from scripts.setup.choices import load
from scripts.setup.runner import Failure

GATEWAY = "172.17.0.1"


@pytest.fixture
def settings(tmp_path):
    (tmp_path / "tls").mkdir()
    return load({"RUN_DIR": str(tmp_path)})


@pytest.fixture
def prepared(settings):
    certificates.prepare(settings, GATEWAY)
    return settings


def verify(settings, name, *words):
    """Have OpenSSL check one of our certificates by our CA; return what it says."""
    folder = certificates.folder(settings)
    command = ["openssl", "verify", "-x509_strict", "-purpose", "sslserver"]
    place = ["-CAfile", folder / "ca.pem", *words, folder / f"{name}.pem"]
    done = subprocess.run([*command, *place], capture_output=True, text=True)
    return done.stdout + done.stderr


def test_the_wildcard_is_for_tenants_addresses_alone(prepared):
    def says(host):
        return verify(prepared, "wildcard", "-verify_hostname", host)

    assert "OK" in says("acme.tenants.localhost")
    assert "hostname mismatch" in says("acme.localhost")
    assert "hostname mismatch" in says("a.b.tenants.localhost")


def test_postgresql_is_known_by_its_address(prepared):
    assert "OK" in verify(prepared, "database", "-verify_ip", GATEWAY)
    assert "IP address mismatch" in verify(
        prepared, "database", "-verify_ip", "172.17.0.2"
    )


def test_the_ca_can_vouch_for_no_other_name(prepared):
    certificates._sign(prepared, "stolen", "DNS:bank.test")

    assert "permitted subtree violation" in verify(prepared, "stolen")


def test_the_second_time_nothing_is_signed(prepared):
    before = (certificates.folder(prepared) / "wildcard.pem").read_text()

    assert not certificates.prepare(prepared, GATEWAY)
    assert (certificates.folder(prepared) / "wildcard.pem").read_text() == before


def test_another_address_of_postgresqls_is_signed_by_the_same_ca(prepared):
    authority = certificates.authority(prepared).read_text()

    assert certificates.prepare(prepared, "172.18.0.1")
    assert "OK" in verify(prepared, "database", "-verify_ip", "172.18.0.1")
    assert certificates.authority(prepared).read_text() == authority


def test_what_ends_soon_is_signed_anew(settings, monkeypatch):
    monkeypatch.setattr(certificates, "DAYS", certificates.RENEWED_DAYS - 1)
    certificates.prepare(settings, GATEWAY)
    path, _ = certificates.wildcard(settings)
    assert certificates.days_left(path) == 28

    monkeypatch.undo()
    assert certificates.prepare(settings, GATEWAY)
    assert certificates.days_left(path) == certificates.DAYS - 1


def test_keys_are_their_owners_alone(prepared):
    folder = certificates.folder(prepared)
    modes = {path.name: path.stat().st_mode & 0o777 for path in folder.glob("*.key")}

    assert modes == dict.fromkeys(("ca.key", "wildcard.key", "database.key"), 0o400)
    assert (folder / "database.key").owner() == "postgres"


@pytest.fixture
def give(settings, tmp_path):
    """Give a platform a certificate of somebody else's CA.

    :return: a function that takes its name and days, and returns settings
    """
    other = load({"RUN_DIR": str(tmp_path / "other"), "BASE_DOMAIN": "saas.test"})
    (other.run / "tls").mkdir(parents=True)
    mine = dataclasses.replace(settings, base_domain="saas.test")

    def make(name="*.saas.test", days=90):
        certificates._make_authority(other)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(certificates, "DAYS", days)
            certificates._sign(other, "given", f"DNS:{name}")
        place = certificates.folder(other)
        return dataclasses.replace(
            mine,
            tls_cert=str(place / "given.pem"),
            tls_key=str(place / "given.key"),
        )

    return make


def test_a_certificate_that_is_given_is_taken(give):
    given = give()

    assert certificates.wildcard(given) == (given.tls_cert, given.tls_key)
    assert certificates.describe(given) == ""


@pytest.mark.parametrize("name", ["saas.test", "www.saas.test", "*.other.saas.test"])
def test_a_certificate_for_other_names_is_refused(give, name):
    with pytest.raises(Failure, match=r"given.pem is not for \*\.saas\.test"):
        certificates.wildcard(give(name))


def test_a_certificate_that_is_over_is_refused(give):
    with pytest.raises(Failure, match="given.pem is over"):
        certificates.wildcard(give(days=0))


def test_the_key_of_another_certificate_is_refused(give, prepared):
    other_key = str(certificates.folder(prepared) / "wildcard.key")

    with pytest.raises(Failure, match="is not the key of"):
        certificates.wildcard(dataclasses.replace(give(), tls_key=other_key))


@pytest.mark.parametrize("field", ["tls_cert", "tls_key"])
def test_half_of_a_certificate_is_refused(give, field):
    with pytest.raises(Failure, match="go together"):
        certificates.wildcard(dataclasses.replace(give(), **{field: ""}))


def test_what_is_no_certificate_is_refused(give, tmp_path):
    (tmp_path / "text").write_text("text")

    with pytest.raises(Failure, match="text is no certificate in PEM"):
        certificates.wildcard(
            dataclasses.replace(give(), tls_cert=str(tmp_path / "text"))
        )


def test_python_trusts_what_the_ca_signed(prepared):
    """Python asks more of a CA than OpenSSL's command line does."""
    context = ssl.create_default_context(cafile=certificates.authority(prepared))
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(*certificates.wildcard(prepared))
    (sent, received) = (ssl.MemoryBIO(), ssl.MemoryBIO())
    name = "acme.tenants.localhost"
    client_side = context.wrap_bio(received, sent, server_hostname=name)
    server_side = server.wrap_bio(sent, received, server_side=True)
    for _ in range(3):
        for side in (client_side, server_side):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
    assert client_side.getpeercert()["subjectAltName"][0] == ("DNS", f"*{name[4:]}")
