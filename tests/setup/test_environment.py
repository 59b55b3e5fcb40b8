"""What people are told when Python's packages cannot be had."""

import subprocess

import pytest

from scripts.setup import environment
from scripts.setup.choices import load
from scripts.setup.runner import Failure

NO_NETWORK = """\
  × Failed to fetch: `https://pypi.example/simple/lxml/`
  ├─▶ error sending request for url
  ╰─▶ dns error: failed to lookup address information
"""
FULL = """\
  × Failed to download `lxml==5.2`
  ╰─▶ failed to write to file: No space left on device (os error 28)
"""
PIPS = """\
WARNING: Retrying (Retry(total=0)) after connection broken
ERROR: No matching distribution found for uv
"""


@pytest.fixture
def settings(tmp_path):
    return load({"RUN_DIR": str(tmp_path), "CACHE_DIR": str(tmp_path)})


@pytest.fixture
def say(monkeypatch):
    """Have installers fail.

    :return: a function that takes what they say
    """

    def answer(text):
        def fail(words, **_options):
            return subprocess.CompletedProcess(words, 1, text)

        monkeypatch.setattr(environment, "try_run", fail)
        monkeypatch.setattr(environment, "run", lambda *_words: "")

    return answer


@pytest.mark.parametrize(
    ("said", "complaint", "cure"),
    [
        (NO_NETWORK, "Failed to fetch: .* dns error", "check the network and pip's"),
        (FULL, "Failed to download", "make room"),
        (PIPS, "No matching distribution", "check the network and pip's"),
    ],
)
def test_packages_that_cannot_be_had_are_told_with_their_cure(
    settings, say, tmp_path, said, complaint, cure
):
    say(said)
    if said != PIPS:
        (settings.cache / "uv/bin").mkdir(parents=True)
        (settings.cache / "uv/bin/uv").touch()

    with pytest.raises(Failure, match=f"cannot be installed: .*{complaint}") as told:
        environment.find_or_build(settings, tmp_path)

    assert told.value.cure.startswith(cure)
    assert len(str(told.value).splitlines()) == 1
    # The next run begins anew.
    assert not list(settings.cache.glob("venv-*/.complete"))
