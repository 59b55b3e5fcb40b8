"""Images of tenants on one engine: those that nothing refers to any more are removed.

Docker itself keeps what a container uses, a stopped one too; it knows nothing of
services that are scaled to nothing, nor of instances that wait for their return.
"""

import time
from contextlib import suppress

from .errors import NotFound, RetryableInfraError
from .swarm_spec import label
from .swarm_state import image_of

OURS = f"{label('image')}=tenant"
# Of a version that set-up has not written down yet.
YOUNG = 24 * 3600


def prune_images(engine, keep):
    """Remove our images that nothing refers to.

    :param Engine engine: only this one, not those of the other nodes
    :param set keep: ids and digests of images that must stay
    :return: the ids of those that went
    :rtype: list[str]
    """
    # Of other platforms as well: an image may be theirs, too.
    services = engine.call("services")
    kept = {*keep} | {image_of(_template(service)) for service in services}
    born_before = time.time() - YOUNG
    return [
        image["Id"]
        for image in engine.call("images", filters={"label": [OURS]})
        if image["Created"] < born_before
        and not kept.intersection(_names(image))
        and _remove(engine, image)
    ]


def _template(service):
    return {"Spec": service["Spec"]["TaskTemplate"]}


def _names(image):
    """Return all that an image can be referred to by."""
    names = [*(image["RepoTags"] or []), *(image["RepoDigests"] or [])]
    digests = [name.partition("@")[2] for name in names if "@" in name]
    return [image["Id"], *names, *digests]


def _remove(engine, image):
    """Remove an image with all its names; tell whether it went."""
    tags = [name for name in image["RepoTags"] or [] if name != "<none>:<none>"]
    try:
        for name in [*tags, image["Id"]]:
            with suppress(NotFound):  # it went with its last name
                engine.call("remove_image", name)
    except RetryableInfraError:  # a container uses it
        return False
    return True
