"""Room for the restore: set aside on every filesystem that is restored into, or the host is not taken at all."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from guard.lab_target import Target, wait_until
from guard.test_guard_verbs import CONF, DEVIATIONS, MODS, PHP, RUN, SPEC, apply, hold
from modbisect.host.guard import Code

NO_ROOM = Code.NO_ROOM
FOLDERS = (MODS, CONF, PHP)
MOUNT = """
d=$1; cp -a "$d" /root/aside && mount -t tmpfs -o "$2" small "$d" && cp -a /root/aside/. "$d/" && rm -rf /root/aside
"""
FILL = """
cd "$1" && { head -c 100M /dev/zero >.full; i=0; while true >.full$i; do i=$((i + 1)); done; } 2>/dev/null
df -i . | tail -1
"""
UNMOUNT = """
for _ in $(seq 600); do umount "$1" 2>/dev/null && exit; sleep 0.1; done; umount "$1"
"""
"""A restore's next try may be at work in there."""

pytestmark = pytest.mark.lab


@pytest.fixture
def small(target: Target) -> Iterator[Target]:
    """Each folder of the write set lies on a filesystem of its own, with little room."""
    found = target.files(*FOLDERS)
    for folder in FOLDERS:
        target.sh(MOUNT, folder, "size=2m,nr_inodes=1000,mode=755")
    yield target
    for folder in FOLDERS:
        target.sh(UNMOUNT, folder)
    assert target.files(*FOLDERS) == found


def test_a_restore_needs_no_room_that_anybody_could_take(small: Target) -> None:
    before = small.kept()
    hold(small)
    assert apply(small, *DEVIATIONS)[0] == 0
    for folder in FOLDERS:
        assert " 0 " in small.sh(FILL, folder), "inodes are left"
    status, said = small.guard("restore", RUN)
    assert status == 78, said
    assert "edited by somebody else" in said, "what filled the disk is no edit of ours"
    for folder in FOLDERS:
        small.sh('cd "$1" && rm -f .full*', folder)
    wait_until(lambda: not small.traces(), 60, small.traces)
    assert small.kept() == before


def test_with_the_disk_full_all_of_ours_is_put_back(small: Target) -> None:
    hold(small)
    found = {line.split("\t")[0] for line in small.files(*FOLDERS) if "\t" in line}
    assert apply(small, *DEVIATIONS)[0] == 0
    for folder in FOLDERS:
        small.sh(FILL, folder)
    small.guard("restore", RUN)
    left = {line.split("\t")[0] for line in small.files(*FOLDERS) if "\t" in line}
    assert {path for path in left ^ found if "/.full" not in path and "/.modbisect" not in path} == set()
    for folder in FOLDERS:
        small.sh('cd "$1" && rm -f .full*', folder)


@pytest.mark.parametrize(
    "bounds", ["size=200k,nr_inodes=1000,mode=755", "size=2m,nr_inodes=45,mode=755"], ids=["blocks", "inodes"]
)
def test_a_host_without_that_room_is_not_taken(target: Target, bounds: str) -> None:
    before = target.kept()
    target.sh(MOUNT, PHP, bounds)
    inside = target.files(PHP)
    status, said = target.guard("hold", RUN, "60", stdin=SPEC)
    assert (status, f"where {PHP} lies, a restore needs" in said) == (NO_ROOM, True), said
    assert (target.files(PHP), target.traces()) == (inside, "")
    target.sh('umount "$1"', PHP)
    assert target.kept() == before


def test_a_planted_folder_where_the_room_would_be_is_refused(target: Target) -> None:
    times = target.sh(f"stat -c %y {CONF}").strip()
    target.sh(f"ln -s /home/ops {CONF}/.modbisect")
    status, said = target.guard("hold", RUN, "60", stdin=SPEC)
    assert (status, target.state()) == (77, "NONE"), said
    target.sh('rm "$1/.modbisect"; touch -d "$2" "$1"', CONF, times)
