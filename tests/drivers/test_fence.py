"""Which epoch of the platform holds a storage: a master that is older must see it."""

from uuid import uuid4

import pytest
from drivers.errors import NotOurs, PermanentInfraError


def test_an_epoch_holds_the_storage_until_a_later_one_comes(directory):
    for number in (7, 8):
        for nonce in "ab":  # Two of one number: whoever came last.
            epoch = f"{number}-{nonce * 16}"
            directory.set_fence(epoch)
            directory.set_fence(epoch)
            assert directory.read_fence() == epoch
    with pytest.raises(NotOurs, match="later epoch 8-b"):
        directory.set_fence(f"7-{'c' * 16}")
    assert directory.read_fence() == f"8-{'b' * 16}"


def test_a_fence_is_read_without_root_and_written_by_the_helper_alone(machine):
    driver = machine.directory()
    fence = machine.run / "storage/.saasodoo-fence"
    driver.set_fence(f"9-{'d' * 16}")
    assert fence.read_text() == f"saasodoo-fence:{machine.platform}:9-{'d' * 16}\n"
    assert (fence.stat().st_uid, fence.stat().st_mode & 0o777) == (0, 0o644)
    fence.write_text(f"saasodoo-fence:{uuid4()}:1-{'d' * 16}\n")
    with pytest.raises(NotOurs, match="held by another platform"):
        driver.read_fence()
    fence.unlink()
    assert driver.read_fence() == ""


@pytest.mark.parametrize("epoch", ["", "9", "-1-" + "a" * 16, "9-../../etc", "x-y"])
def test_what_is_no_epoch_is_refused(machine, epoch):
    driver = machine.directory()
    with pytest.raises(PermanentInfraError, match="Not a fence's epoch"):
        driver._call("storage_fence", uuid=driver._storage_uuid, epoch=epoch)
