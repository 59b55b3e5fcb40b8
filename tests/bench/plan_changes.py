"""Changes of plan while people work: their time, and whom they cost a request."""

from contextlib import ExitStack

from clients import ask_as_owner, at_work
from measure import summarise
from people import follow, owner_links
from targets import CHANGE

PLANS = ("professional", "starter")


def change_plans(platform, names, count):
    """Change the plans of some instances up and down, again and again.

    In each, the owner works and a stranger looks at the login page, without pause.

    :param list names: the instances, on the smaller plan
    :param int count: how often each is changed, up and down
    :return: the figures
    """
    seconds, clients = [], []
    with ExitStack() as stack:
        for name, link in zip(names, owner_links(platform, *names), strict=True):
            owner, stranger = (
                stack.enter_context(platform.visitor()) for _ in range(2)
            )
            url = follow(owner, link)
            for plan in PLANS * count:
                with at_work(*_asks(url, owner, stranger)) as working:
                    seconds.append(_change(platform, name, plan))
                clients += working
    return {
        CHANGE: {
            **summarise(seconds),
            "requests": sum(client.count for client in clients),
            "failed": sum(len(client.failures) for client in clients),
            "slowest, s": round(max(client.slowest for client in clients), 3),
        }
    }


def _asks(url, owner, stranger):
    return lambda: ask_as_owner(owner, url), lambda: stranger.get(f"{url}/web/login")


def _change(platform, name, plan):
    words = ("instance", "change-plan", name, "--plan", plan, "--wait")
    return platform.saasctl(*words)["seconds"]
