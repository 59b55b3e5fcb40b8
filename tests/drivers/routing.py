"""Ask a proxy as a browser would, and wait for what it should show."""

import http.client
import time

from real_machine import CHECKOUT, wait_until

# Seconds: nginx lets old workers accept beside the new ones for 0.1 s of each reload,
# and the kernel may wake the same one of them each time.
SETTLED = 0.3
# Seconds from one question to the next: who asks faster than config/traefik lets
# visitors of one tenant is refused before long, and for as long as it goes on.
PACE = 0.02


def ask(spec, path="/", host=None, method="GET", headers=(), body=None, at="127.0.0.1"):
    """Ask the proxy as a browser would."""
    connection = http.client.HTTPConnection(at, spec.public_port, timeout=10)
    host = f"{host or spec.hosts[0]}:{spec.public_port}"
    connection.request(method, path, body=body, headers={"Host": host, **dict(headers)})
    answer = connection.getresponse()
    answer.content = answer.read().decode()
    connection.close()
    return answer


def wait_for(spec, wanted, **request):
    """Wait for an answer that has become the only one.

    :param wanted: a status or a content
    """

    def answers():
        end = time.monotonic() + SETTLED
        while time.monotonic() < end:
            found = ask(spec, **request)
            if wanted not in (found.status, found.content):
                return None
            time.sleep(PACE)
        return found

    return wait_until(answers, f"answer {str(wanted)[:20]}")


def page(name):
    return (CHECKOUT / f"config/nginx/notice/{name}.html").read_text()
