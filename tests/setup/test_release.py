"""What is copied out of the checkout, whatever mask that was made under."""

import pytest

from scripts.setup import release


@pytest.mark.parametrize(
    ("mode", "copied"),
    [(0o700, 0o755), (0o755, 0o755), (0o600, 0o644), (0o640, 0o644)],
)
def test_a_program_stays_one_also_where_only_its_owner_may_run_it(
    tmp_path, mode, copied
):
    source, target = tmp_path / "root-helper", tmp_path / "code/bin/root-helper"
    source.write_text("#!/bin/sh\n")
    source.chmod(mode)

    release._copy(source, target)

    assert target.stat().st_mode & 0o777 == copied
