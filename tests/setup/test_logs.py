from datetime import UTC, datetime

import pytest

from scripts.setup.choices import load
from scripts.testing import logs
from scripts.testing.results import Results

LINES = """\
2026-01-02 10:00:00,000 11 INFO master odoo.http: "GET /"
2026-01-02 10:00:00,000 11 WARNING master odoo.known: something usual
2026-01-02 10:00:00,000 11 ERROR master odoo.sql_db: bad query
Traceback (most recent call last):
"""


@pytest.fixture
def settings(tmp_path, monkeypatch):
    expected = tmp_path / "expected.txt"
    expected.write_text("# It says so at each start.\nodoo\\.known: something usual$\n")
    monkeypatch.setattr(logs, "EXPECTED", expected)
    (tmp_path / "log/tenants").mkdir(parents=True)
    return load({"RUN_DIR": str(tmp_path)})


def test_a_loud_line_that_nobody_expects_is_found(settings):
    (settings.log / "tenants/odoo_1.log").write_text(LINES)

    found = logs.unexpected(settings, {})

    assert found == [f"odoo_1.log: {LINES.splitlines()[2]}"]


def test_what_was_there_before_is_not_read_again(settings):
    (settings.log / "web.log").write_text(LINES)

    assert logs.unexpected(settings, logs.positions(settings)) == []


def test_what_a_tenant_said_is_found_once_and_when_it_is_gone_too(settings):
    log, kept = settings.log / "tenants/odoo_1.log", settings.log / "kept/odoo_1.7.log"
    log.write_text(LINES)
    kept.parent.mkdir()
    kept.hardlink_to(log)

    assert len(logs.unexpected(settings, {})) == 1
    log.unlink()
    assert logs.unexpected(settings, {}) == [f"{kept.name}: {LINES.splitlines()[2]}"]


def test_a_pattern_without_a_reason_is_refused(settings):
    logs.EXPECTED.write_text("# why\na\n\nb\n")

    with pytest.raises(ValueError, match="no reason above 'b'"):
        logs.read_expected()


@pytest.mark.parametrize(
    ("counts", "passed", "failed"),
    [
        ('tests="3" failures="0" errors="0" skipped="0"', 3, 0),
        ('tests="3" failures="1" errors="1" skipped="0"', 1, 2),
        ('tests="3" failures="0" errors="0" skipped="1"', 2, 1),
        ('tests="0" failures="0" errors="0" skipped="0"', 0, 1),
    ],
)
def test_skipped_tests_and_empty_suites_fail(tmp_path, counts, passed, failed):
    path = tmp_path / "report.xml"
    path.write_text(f"<testsuites><testsuite {counts}/></testsuites>")
    results = Results()

    results.add_suite("suite", path, 0)

    assert (results.passed, results.failed) == (passed, failed)


def test_a_suite_that_died_before_its_report_fails(tmp_path, capsys):
    results = Results()

    results.add_suite("suite", tmp_path / "none.xml", 2)

    assert results.print_all() == 1
    assert capsys.readouterr().out.endswith("0 passed, 1 failed\n")


NOON = datetime(2026, 1, 2, 10, tzinfo=UTC).timestamp()  # of LINES


@pytest.mark.parametrize(
    "since, pattern, found",
    [
        (NOON - 5, "", 0),
        (NOON - 5, "bad query", 0),
        (NOON - 5, "other", 1),
        (NOON + 5, "", 1),
    ],
)
def test_what_a_test_broke_on_purpose_is_excused_then_and_there(
    settings, since, pattern, found
):
    (settings.log / "web.log").write_text(LINES)

    logs.excuse(settings, since, pattern)

    assert len(logs.unexpected(settings, {})) == found


def test_an_excuse_ends(settings):
    now = datetime.now(UTC)
    logs.excuse(settings, now.timestamp() - 60, later=-30)
    line = f"{now:%Y-%m-%d %H:%M:%S},000 11 ERROR master odoo.sql_db: bad query"
    (settings.log / "web.log").write_text(f"{line}\n")

    assert logs.unexpected(settings, {}) == [f"web.log: {line}"]
