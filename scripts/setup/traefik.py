"""Traefik, of which Debian has no package."""

from .go_program import GoProgram

VERSION = "3.6.12"
PROGRAM = GoProgram(
    name="Traefik",
    version=VERSION,
    module="github.com/traefik/traefik/v3",
    package="./cmd/traefik",
    variable="github.com/traefik/traefik/v3/pkg/version.Version",
    go=(1, 25),
    # Stands in for the dashboard, which is not served.
    files={"webui/static/index.html": "<!doctype html><title>Traefik</title>\n"},
)
