"""Start saasctl, or say in one line what it lacks."""

import sys

try:
    from .main import main
except ModuleNotFoundError as missing:
    print(
        f"saasctl: the Python package {missing.name} is missing: make up",
        file=sys.stderr,
    )
    sys.exit(1)

for stream in (sys.stdout, sys.stderr):
    # A customer's name must not end a command on a terminal without its letters.
    stream.reconfigure(errors="replace")
sys.exit(main(sys.argv[1:]))
