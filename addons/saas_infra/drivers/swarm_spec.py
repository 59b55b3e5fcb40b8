"""What Swarm is told of a tenant's service or one-shot task."""

import hashlib
import json
import re

from .errors import PermanentInfraError
from .specs import MOST_PROCESSES, TaskSpec, service_of
from .swarm_conf import CONF, DATABASE_CA, DIRECTORY, HTTP_PORT

PREFIX = "saasodoo"
SECOND = 10**9
STOP_GRACE = 60
_MEBIBYTE = 1024**2
_NAME = re.compile(r"[a-z][a-z0-9_]{0,50}")
_WORDS = re.compile(r"[A-Za-z0-9_@]+")
# A tenant that starts is asked without pause, so that a start is seen at once; one that
# is up waits before it asks itself. Bash does so in two milliseconds of a core, Python
# in a hundred, which 30 idle tenants together would feel, and each that starts.
_HEALTH = f"""\
ask() {{ (
    exec 3<>/dev/tcp/127.0.0.1/{HTTP_PORT} || exit
    printf 'GET /web/health HTTP/1.0\\r\\nHost: localhost\\r\\n\\r\\n' >&3
    read -r -t 10 _ status _ <&3 && [ "$status" = 200 ]
) 2>/dev/null; }}
if [ -e /tmp/.healthy ]; then sleep 15; ask; exit; fi
until ask; do sleep 0.05; done
touch /tmp/.healthy
"""
# What a tenant is sure to get: it idles far below its limits.
_RESERVED_CPU, _RESERVED_MEMORY = 0.05, 0.25


def kind_of(spec):
    return "task" if isinstance(spec, TaskSpec) else "service"


def label(key):
    return f"{PREFIX}.{key}"


def labels(spec):
    """Return what every object of a service or task carries."""
    mark = service_of(spec).mark
    return {
        label("platform"): mark.platform,
        label("mark"): str(mark),
        label("kind"): kind_of(spec),
        label("name"): spec.name,
    }


def secret_name(spec, content):
    """Name the secret after its content: secrets never change."""
    return f"{spec.name}_{hashlib.sha256(content.encode()).hexdigest()[:12]}"


def build(spec, secrets):
    """Build what the SDK's create_service and update_service take.

    :param dict secrets: ID and name of each secret, by the path of its file
    """
    _check(spec)
    service = service_of(spec)
    template = {
        "ContainerSpec": _container(spec, secrets),
        "Resources": _resources(service.limits),
        "Placement": {"Constraints": list(service.constraints)},
        "Networks": [{"Target": name} for name in service.networks],
        "LogDriver": {
            "Name": "json-file",
            "Options": {"max-size": "10m", "max-file": "3"},
        },
    }
    body = {"name": spec.name, "task_template": template}
    body |= _task() if kind_of(spec) == "task" else _service()
    template["RestartPolicy"] = body.pop("restart_policy")
    digest = _digest(body, secrets)
    body["labels"] = labels(spec) | {label("digest"): digest}
    # On the task too: then whatever changes, Swarm makes a new task and reports on it.
    template["ContainerSpec"]["Labels"] = body["labels"]
    return body


def scaled_to_nothing(spec):
    """Build what update_service takes to stop a service that is as ``spec`` says."""
    return {
        "name": spec["Name"],
        "labels": spec["Labels"],
        "task_template": spec["TaskTemplate"],
        "mode": {"Replicated": {"Replicas": 0}},
        "update_config": spec.get("UpdateConfig"),
        "rollback_config": spec.get("RollbackConfig"),
        "endpoint_spec": spec.get("EndpointSpec"),
    }


def _service():
    update = {
        "Parallelism": 1,
        "Order": "start-first",
        "FailureAction": "rollback",
        "Monitor": 5 * SECOND,
    }
    return {
        "mode": {"Replicated": {"Replicas": 1}},
        "restart_policy": {"Condition": "any", "Delay": 5 * SECOND},
        "update_config": update,
        "rollback_config": update | {"FailureAction": "pause"},
        "endpoint_spec": {"Mode": "dnsrr"},
    }


def _task():
    return {
        "mode": {"ReplicatedJob": {"MaxConcurrent": 1, "TotalCompletions": 1}},
        "restart_policy": {"Condition": "none"},
        "endpoint_spec": {"Mode": "dnsrr"},
    }


def _container(spec, secrets):
    service = service_of(spec)
    user = str(service.uid)
    content = {
        "Image": service.image,
        "Args": _arguments(spec),
        "Hostname": spec.name.replace("_", "-"),
        "User": f"{user}:{user}",
        "Env": [
            f"HOME={DIRECTORY}",
            f"USER={service.name}",
            f"LOGNAME={service.name}",
            "LANG=C.UTF-8",
            "PGREQUIREAUTH=scram-sha-256",
        ],
        "ReadOnly": True,
        "CapabilityDrop": ["ALL"],
        # Known from API 1.44 on; older engines are started with --no-new-privileges.
        "Privileges": {"NoNewPrivileges": True},
        "StopGracePeriod": STOP_GRACE * SECOND,
        "Mounts": [
            {
                "Type": "bind",
                "Source": f"{service.storage_root}/odoo_instances/"
                f"{service.directory.name}",
                "Target": DIRECTORY,
            },
            _tmpfs("/tmp", 256),
            _tmpfs("/run", 16),
        ],
        "Secrets": [_secret(*each, user) for each in secrets.items()],
    }
    if DATABASE_CA in secrets:
        content["Env"].append(f"PGSSLROOTCERT={DATABASE_CA}")
    if kind_of(spec) == "service":
        content["HealthCheck"] = {
            "Test": ["CMD", "bash", "-c", _HEALTH],
            "Interval": SECOND // 2,
            "Timeout": 40 * SECOND,
            "StartPeriod": 60 * SECOND,
            "Retries": 3,
        }
    return content


def _secret(path, secret, user):
    return {
        "SecretID": secret["ID"],
        "SecretName": secret["Spec"]["Name"],
        "File": {"Name": path, "UID": user, "GID": user, "Mode": 0o400},
    }


def _tmpfs(target, size):
    options = {"SizeBytes": size * _MEBIBYTE, "Mode": 0o1777}
    return {"Type": "tmpfs", "Target": target, "TmpfsOptions": options}


def _resources(limits):
    return {
        "Limits": {
            "NanoCPUs": round(limits.cpu * SECOND),  # listed as it was told
            "MemoryBytes": limits.memory,
            "Pids": MOST_PROCESSES,
        },
        "Reservations": {
            "NanoCPUs": int(limits.cpu * SECOND * _RESERVED_CPU),
            "MemoryBytes": int(limits.memory * _RESERVED_MEMORY),
        },
    }


def _arguments(spec):
    if kind_of(spec) == "service":
        return ["-c", CONF]
    return [
        spec.verb,
        "-c",
        CONF,
        "--modules",
        ",".join(spec.modules),
        "--languages",
        ",".join(spec.languages),
    ]


def _digest(body, secrets):
    """Tell two wishes apart; a secret's name stands for its content."""
    content = json.dumps(body, sort_keys=True)
    for secret in secrets.values():
        content = content.replace(secret["ID"], "")
    return hashlib.sha256(content.encode()).hexdigest()[:12]


def _check(spec):
    service = service_of(spec)
    words = (*spec.modules, *spec.languages, spec.verb) if spec is not service else ()
    for text, pattern in (
        (spec.name, _NAME),
        (service.directory.name, re.compile(r"[a-z0-9_-]+")),
        *((word, _WORDS) for word in words),
    ):
        if not pattern.fullmatch(text):
            raise PermanentInfraError(f"{text!r} is not a name that Swarm may get.")
    if service.uid < 10000:
        raise PermanentInfraError(f"User {service.uid} is none of a tenant's.")
    if not (service.image and service.storage_root.startswith("/")):
        raise PermanentInfraError(
            f"{spec.name} lacks an image or a storage.",
            "Choose a version with an image, and a storage that nodes mount.",
        )
