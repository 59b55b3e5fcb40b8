"""One route as a file of nginx, and back."""

import json
from string import Template

from .route_values import NOTICES, Header, check
from .specs import Mark

_SERVER = Template(
    """\
server {
    include nginx-listen.conf;
    server_name $hosts;
    client_max_body_size 512m;
    error_page 503 /saas-notice/$notice.html;
$locations
    location ^~ /saas-notice/ {
        internal;
        alias $pages/;
        add_header Retry-After $retry always;
        add_header Cache-Control no-store always;
    }
}
"""
)
_TO_TENANT = Template(
    """
    location ~* ^(/[a-z][a-z][a-z0-9_@-]*)?/(queue_job|web/database)(/|$$) {
        return 404;
    }
    location /websocket {
        proxy_pass http://$upstream;
        proxy_http_version 1.1;
        proxy_set_header Upgrade $$http_upgrade;
        proxy_set_header Connection $$connection_upgrade;
$headers
    }
    location / {
        proxy_pass http://$upstream;
        proxy_http_version 1.1;
        proxy_set_header Connection "";
$headers
    }
"""
)
# A tenant that does not answer is starting or restarting: its own 503 stays its own.
_HEADERS = Template(
    """\
        proxy_set_header Host $$http_host;
        proxy_set_header X-Forwarded-Host $$http_host;
        proxy_set_header X-Forwarded-For $$remote_addr;
        proxy_set_header X-Forwarded-Proto $$scheme;
        proxy_set_header X-Real-IP $$remote_addr;
        proxy_set_header X-SaaSOdoo-Secret "$secret";
        proxy_hide_header X-SaaSOdoo-Secret;
        proxy_read_timeout 720s;
        error_page 502 504 =503 /saas-notice/starting.html;"""
)
_TO_NOTICE = """
    location / {
        return 503;
    }
"""
_REDIRECT = Template(
    """\
server {
    include nginx-listen.conf;
    server_name $hosts;
    return 308 $$scheme://$target:$port$$request_uri;
}
"""
)


def render(spec, pages):
    """Write a route down.

    :param RouteSpec spec: the route
    :param Path pages: folder of the notice pages
    :return: content of the file; its first two lines say whose it is
    :rtype: str
    """
    check(spec)
    header = json.dumps(
        {"hosts": spec.hosts, "state": spec.state, "redirects": spec.redirects}
    )
    notice = "starting" if spec.state == "running" else spec.state
    locations = _TO_NOTICE
    if spec.state == "running":
        headers = _HEADERS.substitute(secret=spec.secret)
        locations = _TO_TENANT.substitute(upstream=spec.upstream, headers=headers)
    content = f"# {spec.mark}\n# {header}\n" + _SERVER.substitute(
        hosts=" ".join(spec.hosts),
        notice=notice,
        retry=NOTICES[notice],
        pages=pages,
        locations=locations,
    )
    if spec.redirects:
        content += _REDIRECT.substitute(
            hosts=" ".join(spec.redirects), target=spec.hosts[0], port=spec.public_port
        )
    return content


def read(content):
    """Read the header of a route's file.

    :return: the header, None where the file is no route of ours
    :rtype: Header|None
    """
    lines = content.splitlines()[:2]
    mark = Mark.parse(lines[0].removeprefix("# ")) if lines else None
    if not mark or len(lines) < 2:
        return None
    values = json.loads(lines[1].removeprefix("# "))
    return Header(
        mark=mark,
        hosts=tuple(values["hosts"]),
        state=values["state"],
        redirects=tuple(values.get("redirects", ())),  # not told by older releases
    )
