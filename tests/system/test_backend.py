"""Staff at the buttons of the backend, as their web client presses them."""

import pytest
from killing import end_of
from people import ask, field_of, wait_until

from scripts.setup import administrator

# The web client always tells which companies are looked at.
CONTEXT = {"lang": "en_US", "tz": "Europe/Berlin", "allowed_company_ids": [1]}


class Backend:
    """Somebody who has logged in to the master.

    :param requests.Session browser: theirs
    """

    def __init__(self, platform, browser):
        self._url, self._browser = platform.settings.master_url, browser
        page = browser.get(f"{self._url}/web/login").text
        login = {
            "login": "admin",
            "password": administrator.first_password(platform.settings),
            "csrf_token": field_of(page, "csrf_token"),
        }
        entered = browser.post(f"{self._url}/web/login", data=login)
        assert entered.status_code == 303, entered.text[:500]

    def call(self, model, method, *arguments):
        return ask(
            self._browser,
            f"{self._url}/web/dataset/call_kw/{model}/{method}",
            model=model,
            method=method,
            args=arguments,
            kwargs={"context": CONTEXT},
        )

    def find(self, model, *domain):
        """Return the id of the only record."""
        [found] = self.call(model, "search", [*domain])
        return found


@pytest.fixture
def backend(platform, visitor):
    return Backend(platform, visitor)


def test_a_connection_is_tried_by_a_button(backend):
    for model in ("saas.database.server", "saas.cluster", "saas.proxy"):
        place = backend.find(model)
        dialog = backend.call(model, "action_test_connection", [place])

        def answered(inquiry=dialog["res_id"]):
            shown = backend.call("saas.api", "inquiry_show", inquiry)
            return shown["state"] != "waiting" and shown

        assert wait_until(answered)["state"] == "done", model


def test_an_instance_is_restarted_by_a_button(platform, backend, instance):
    record = backend.find("saas.instance", ("uuid", "=", instance["uuid"]))
    values = {"kind": "restart", "instance_ids": [[6, 0, [record]]]}
    [dialog] = backend.call("saas.instance.confirm", "create", [values])
    backend.call("saas.instance.confirm", "action_confirm", [dialog])
    shown = platform.saasctl("instance", "show", instance["uuid"])
    assert shown["operation"]["kind"] == "restart"
    assert end_of(platform, shown["operation"]["id"])["state"] == "done"
