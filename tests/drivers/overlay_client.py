"""Runs inside a tenant: asks a neighbour without pause until its own input ends."""

import http.client
import json
import sys
import threading
import time

# The proxy, too, asks again where it got no answer.
PAUSES = (0.1, 0.15, 0.25)
# Seconds; a slow tenant takes longer to start, and so does whoever waits for it.
PATIENCE = 10


def ask(host):
    """Ask for a page.

    :return: its status, or what went wrong at last
    :rtype: int|str
    """
    problem, begun = "", time.monotonic()
    for pause in (*PAUSES, 0):
        connection = http.client.HTTPConnection(host, 8069, timeout=PATIENCE)
        try:
            connection.request("GET", "/")
            status = connection.getresponse().status
            late = time.monotonic() - begun > PATIENCE
            return "too late" if late else status
        except (OSError, http.client.HTTPException) as error:
            problem = repr(error)
        finally:
            connection.close()
        time.sleep(pause)
    return problem


if __name__ == "__main__":
    ended = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), ended.set())).start()
    answers = []
    while not ended.is_set():
        answers.append(ask(sys.argv[1]))
    print(json.dumps(answers))
