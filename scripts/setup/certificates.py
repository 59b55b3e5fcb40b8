"""The platform's own certificate authority, and the certificates that it signs.

It vouches for tenants' addresses, unless a certificate for them is given, and for
PostgreSQL. It can vouch for no other names: people are asked to trust it.
"""

import secrets

from . import files
from .accounts import MAIL
from .commands import run, try_run
from .runner import Failure

CA_DAYS, DAYS, RENEWED_DAYS = 3650, 390, 30
DAY = 86400
# As an address of a tenant's is: matched by a wildcard of one level.
LABEL = "some-tenant"


def prepare(settings, gateway):
    """Have an authority, a wildcard certificate, and one of PostgreSQL.

    :param str gateway: the address at which tenants ask PostgreSQL
    :return: whether that of PostgreSQL changed
    :raise Failure: where the certificate that was given does not fit
    """
    _make_authority(settings)
    names = f"DNS:*.{settings.base_domain},DNS:{settings.base_domain}"
    _sign(settings, "wildcard", names)
    wildcard(settings)
    return _sign(settings, "database", f"IP:{gateway}", owner="postgres")


def sign_mail(settings, gateway):
    """Have a certificate of the mail relay, once there is an authority.

    :param str gateway: the address at which tenants reach it
    :return: whether it is a new one
    """
    return _sign(settings, "mail", f"IP:{gateway}", owner=MAIL)


def folder(settings):
    """Return where the authority and its certificates lie."""
    return settings.run / "tls"


def authority(settings):
    """Return the path of the authority's own certificate."""
    return folder(settings) / "ca.pem"


def wildcard(settings):
    """Return certificate and key for tenants' addresses: the given ones, or our own.

    :raise Failure: where the given ones do not fit
    """
    if not settings.tls_cert and not settings.tls_key:
        return folder(settings) / "wildcard.pem", folder(settings) / "wildcard.key"
    if not settings.tls_cert or not settings.tls_key:
        raise Failure("TLS_CERT and TLS_KEY go together", "give both, or neither")
    check(settings)
    return settings.tls_cert, settings.tls_key


def check(settings):
    """Check a certificate that was given.

    :raise Failure: with what is wrong
    """
    certificate, key = settings.tls_cert, settings.tls_key
    name = f"{LABEL}.{settings.base_domain}"
    public = _openssl_says("x509", "-in", certificate, "-noout", "-pubkey")
    if not public:
        trouble = f"TLS_CERT={certificate} is no certificate in PEM"
    elif public != _openssl_says("pkey", "-in", key, "-passin", "pass:", "-pubout"):
        trouble = f"TLS_KEY={key} is not the key of {certificate}"
    elif not covers(certificate, name):
        trouble = f"{certificate} is not for *.{settings.base_domain}"
    elif days_left(certificate) <= 0:
        trouble = f"{certificate} is over"
    else:
        return
    raise Failure(trouble, "give another, or TLS_CERT= TLS_KEY= for one of our own")


def describe(settings):
    """Tell how browsers come to trust tenants' addresses, unless they do already."""
    if settings.tls_cert:
        return ""
    path = authority(settings)
    return (
        f"Trust    {path}\n"
        "  who    has browsers that shall open tenants' addresses adds it to their\n"
        f"         authorities; curl takes --cacert. It can vouch for "
        f"{settings.base_domain} alone"
    )


def covers(certificate, name):
    """Tell whether a certificate is for a name."""
    said = _openssl_says("x509", "-in", certificate, "-noout", "-checkhost", name)
    return "does match" in said


def days_left(certificate):
    """Return for how many whole days a certificate holds yet, at most 400; 0: none."""
    low, high = 0, 400
    while low < high:
        middle = (low + high + 1) // 2
        holds = _holds(certificate, middle)
        low, high = (middle, high) if holds else (low, middle - 1)
    return low


def _holds(certificate, days):
    words = ["openssl", "x509", "-in", certificate, "-noout", "-checkend", days * DAY]
    return try_run(words).returncode == 0


def _openssl_says(*words):
    result = try_run(["openssl", *words])
    return "" if result.returncode else result.stdout


def _make_authority(settings):
    place = folder(settings)
    if authority(settings).exists():
        return
    fresh_key, fresh = place / ".ca.key.draft", place / ".ca.pem.draft"
    run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
         "ec_paramgen_curve:prime256v1", "-noenc", "-keyout", fresh_key, "-out", fresh,
         "-days", CA_DAYS, "-subj", f"/CN=SaaSOdoo {settings.short}",
         "-addext", "basicConstraints=critical,CA:TRUE,pathlen:0",
         "-addext", "keyUsage=critical,keyCertSign,cRLSign",
         "-addext", f"nameConstraints=critical,permitted;DNS:{settings.base_domain}"]
    )  # fmt: skip
    fresh_key.chmod(0o400)
    fresh_key.rename(place / "ca.key")
    fresh.rename(authority(settings))


def _sign(settings, name, names, owner="root"):
    """Have a certificate that is for some names, and holds for a while yet.

    :return: whether it is a new one
    """
    place, noted = folder(settings), folder(settings) / f"{name}.names"
    certificate, key = place / f"{name}.pem", place / f"{name}.key"
    known = noted.exists() and noted.read_text() == names
    if known and certificate.exists() and _holds(certificate, RENEWED_DAYS):
        return False
    request, extensions = place / f".{name}.csr", place / f".{name}.ext"
    fresh, fresh_key = place / f".{name}.pem.draft", place / f".{name}.key.draft"
    run(
        ["openssl", "req", "-new", "-newkey", "ec", "-pkeyopt",
         "ec_paramgen_curve:prime256v1", "-noenc", "-keyout", fresh_key,
         "-out", request, "-subj", f"/CN=SaaSOdoo {name}"]
    )  # fmt: skip
    extensions.write_text(
        f"subjectAltName={names}\nbasicConstraints=critical,CA:FALSE\n"
        "keyUsage=critical,digitalSignature\nextendedKeyUsage=serverAuth\n"
    )
    run(
        ["openssl", "x509", "-req", "-in", request, "-CA", authority(settings),
         "-CAkey", place / "ca.key", "-set_serial", f"0x{secrets.token_hex(16)}",
         "-days", DAYS, "-extfile", extensions, "-out", fresh]
    )  # fmt: skip
    files.write(key, fresh_key.read_bytes(), mode=0o400, owner=owner)
    files.write(certificate, fresh.read_bytes(), mode=0o444)
    files.write(noted, names)  # last, so that a killed run signs again
    for path in (request, extensions, fresh, fresh_key):
        path.unlink()
    return True
