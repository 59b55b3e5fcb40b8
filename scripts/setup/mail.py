"""The relay by which tenants' mail leaves: its configuration, and what waits in it."""

from pathlib import Path

from . import certificates, exim, files, swarm
from .accounts import MAIL
from .choices import DIRECT
from .runner import Failure

# Nothing that a stranger's domain points at may be a server of ours.
PRIVATE = (
    "0.0.0.0/8 ; 10.0.0.0/8 ; 100.64.0.0/10 ; 127.0.0.0/8 ; 169.254.0.0/16 ; "
    "172.16.0.0/12 ; 192.168.0.0/16 ; ::/96 ; ::ffff:0:0/96 ; fc00::/7 ; fe80::/10"
)
HELD = """\
held:
  driver = redirect
  allow_defer
  data = :defer: held until there is a smarthost"""
STRAIGHT = f"""\
direct:
  driver = dnslookup
  transport = out
  ignore_target_hosts = <; {PRIVATE}"""
SMARTHOST = """\
smarthost:
  driver = manualroute
  transport = out
  route_list = * {host}::{port}
  self = send"""
# A password is told to nobody whose certificate is not right, but on this machine.
WITH_LOGIN = """\
hosts_require_auth = *
  hosts_require_tls = ! 127.0.0.0/8 : *
  tls_verify_hosts = ! 127.0.0.0/8 : *"""
CLIENT = r"""
smarthost_plain:
  driver = plaintext
  public_name = PLAIN
  client_send = ^LOGIN_THERE^PASSWORD_THERE

smarthost_login:
  driver = plaintext
  public_name = LOGIN
  client_send = : LOGIN_THERE : PASSWORD_THERE"""
SECRET = {"mode": 0o640, "group": MAIL}


def prepare(settings):
    """Write the relay's configuration.

    :return: whether it must be restarted
    """
    bridge = swarm.gateway(settings) if settings.on_swarm else None
    changes = [certificates.sign_mail(settings, bridge[0])] if bridge else []
    login, password = _login(settings)
    text = f"login: {login}\npassword: {password}\n"
    changes.append(files.write(settings.etc / "smarthost", text, **SECRET))
    changes.append(files.write(settings.etc / "relay.conf", render(settings), **SECRET))
    return any(changes)


def render(settings):
    """Return the configuration as text."""
    bridge = swarm.gateway(settings) if settings.on_swarm else None
    router, transport = _way_out(settings)
    tls = certificates.folder(settings)
    values = {
        "exim": exim.version(settings),
        "mail_addresses": f"<; 127.0.0.1 ; {bridge[0]}" if bridge else "127.0.0.1",
        "mail_held": "false" if settings.smtp_smarthost else "true",
        "mail_router": router,
        "mail_transport": transport,
        "mail_client": CLIENT if settings.smtp_login_file else "",
        # On loopback nobody listens in; from another machine no login goes in clear.
        "mail_tls_hosts": "*" if bridge else "",
        "mail_auth_hosts": "${if def:tls_in_cipher {*}{127.0.0.1}}",
        "mail_certificate": f"{tls}/mail.pem" if bridge else "",
        "mail_key": f"{tls}/mail.key" if bridge else "",
    }
    return files.render("exim/relay.conf", settings.placeholders() | values)


def describe(settings):
    """Return what the master must know of the relay."""
    bridge = swarm.gateway(settings) if settings.on_swarm else None
    return {
        "mail_host": bridge[0] if bridge else "127.0.0.1",
        "mail_port": settings.ports["mail"],
        "mail_tls": bool(bridge),
    }


def waiting(settings):
    """Return how many mails wait in the queue."""
    return sum(1 for _ in (settings.run / "mail/spool/input").rglob("*-H"))


def _way_out(settings):
    """Return Exim's router and options of its transport."""
    if not settings.smtp_smarthost:
        return HELD, ""
    if settings.smtp_smarthost == DIRECT:
        return STRAIGHT, ""
    host, _, port = settings.smtp_smarthost.rpartition(":")
    options = [WITH_LOGIN] if settings.smtp_login_file else []
    options += ["protocol = smtps"] if port == "465" else []
    return SMARTHOST.format(host=host, port=port), "\n  ".join(options)


def _login(settings):
    if not settings.smtp_login_file:
        return "", ""
    try:
        line = Path(settings.smtp_login_file).read_text().strip()
    except OSError as error:
        raise Failure(
            f"SMTP_LOGIN_FILE={settings.smtp_login_file}: {error.strerror}",
            settings.make() + " SMTP_LOGIN_FILE=… (empty: without a login)",
        ) from error
    login, colon, password = line.partition(":")
    if not (login and colon and password) or "\n" in line:
        raise Failure(
            f"{settings.smtp_login_file} is not one line login:password",
            "write it so, then " + settings.make(),
        )
    return login, password
