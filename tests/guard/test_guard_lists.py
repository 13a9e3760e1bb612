"""What the guard reads back of its own: empty, torn, lost, of an earlier version, and no room for it."""

from __future__ import annotations

import itertools

import pytest

from few import few
from guard.lab_target import NO_WATCH, Target, wait_until
from guard.test_guard_cut_short import Killer, killer
from guard.test_guard_verbs import DEVIATIONS, MODS, RUN, apply, hold

__all__ = ["killer"]

CUR, RUN_DIR = "/var/lib/modbisect/cur", "/run/modbisect"
DAMAGE = {
    "empty": ': >"$1"',
    "torn": 'size=$(stat -c %s "$1"); head -c $((size / 2)) "$1" >/root/torn; cat /root/torn >"$1"; rm /root/torn',
    "garbage": 'head -c 300 /dev/urandom >"$1"',
    "lost": 'rm -f "$1"',
}
LISTS = (
    *(
        f"{CUR}/{name}"
        for name in ("state", "spec", "places", "manifest", "loaded", "touched", "times", "sums", "served")
    ),
    *(f"{RUN_DIR}/{name}" for name in ("lease", "alive", "deputy", "now")),
)
"""The fault bench spoils every file there is, at any moment."""

pytestmark = pytest.mark.lab


@pytest.mark.parametrize(
    ("path", "how"),
    few(zip(LISTS, itertools.cycle(("torn", "garbage", "lost")), strict=False), 4),
    ids=lambda word: word.rpartition("/")[2],
)
def test_a_damaged_list_is_put_back_by_the_watch(target: Target, path: str, how: str) -> None:
    """Nobody helps."""
    before = target.kept()
    hold(target)
    assert apply(target, *DEVIATIONS)[0] == 0
    target.sh(f'[ ! -e "$1" ] || {{ {DAMAGE[how]}; }}', path)
    if path != f"{RUN_DIR}/lease":
        target.sh(f"[ ! -e {CUR} ] || echo none 0 >{RUN_DIR}/lease")
    wait_until(lambda: not target.traces(), 60, lambda: f"{target.traces()} {target.guard('status')}")
    assert target.kept() == before


@pytest.mark.parametrize(
    ("names", "how"),
    few(
        [
            *(("retry", how) for how in ("empty", "lost")),
            *(("state", how) for how in ("torn", "garbage")),
            *(("reason lease served", how) for how in ("empty", "torn", "lost")),
        ],
        3,
    ),
)
def test_it_never_gives_up_behind_a_failed_restore(target: Target, names: str, how: str) -> None:
    before = target.kept()
    hold(target)
    assert apply(target, *DEVIATIONS)[0] == 0
    target.sh("echo '# mine' >/etc/apache2/conf-enabled/mine.conf")
    target.guard("restore", RUN)
    wait_until(lambda: target.state() == "FAILED", 60, target.state)
    for name in names.split():
        folder = RUN_DIR if name in ("retry", "lease") else CUR
        target.sh(f'[ ! -e "$1" ] || {{ {DAMAGE[how]}; }}', f"{folder}/{name}")
    target.sh("rm /etc/apache2/conf-enabled/mine.conf")
    wait_until(lambda: not target.traces(), 60, target.traces)
    assert target.kept() == before


@pytest.mark.parametrize("name", ["made", "times"])
def test_what_is_still_to_be_removed_is_known_by_two_of_three(target: Target, killer: Killer, name: str) -> None:
    """The end of a run was cut short, and a list of what it has to take away is damaged then."""
    before = target.kept()
    hold(target)
    assert apply(target, *DEVIATIONS)[0] == 0
    assert target.guard("restore", RUN)[0] == 0
    target.sh(f"{NO_WATCH}; systemctl stop modbisect-guard.service; :")
    killer.take("/usr/bin/rm", "modbisect-restore.service", 1)
    target.guard("disarm", RUN)
    killer.release()
    target.sh(f"echo garbage >/var/lib/modbisect/ended/{name}")
    target.guard("tick")
    wait_until(lambda: not target.traces(), 30, target.traces)
    assert target.kept() == before


@pytest.mark.parametrize("name", ["loaded", "manifest"])
def test_a_list_that_is_damaged_in_the_midst_of_a_restore_is_mended_at_once(target: Target, name: str) -> None:
    """While the server restarts, behind the look at the lists; and the restore does not wait for its next try."""
    before = target.kept()
    hold(target)
    assert apply(target, *DEVIATIONS)[0] == 0
    folder = "/run/systemd/system/apache2.service.d"
    once = f"[ -e /run/struck ] || : >{CUR}/{name}; : >/run/struck"
    target.sh(
        f"mkdir -p {folder}; printf '[Service]\\nExecStartPre=/bin/sh -c \"%s\"\\n' '{once}' >{folder}/strike.conf; "
        "systemctl daemon-reload"
    )
    try:
        status, said = target.guard("restore", RUN)
    finally:
        target.sh(f"rm -r {folder} /run/struck; systemctl daemon-reload")
    assert status == 0, said
    assert target.guard("disarm", RUN)[0] == 0
    assert target.kept() == before


FILL = {
    "no blocks": f"head -c 1M /dev/zero >{RUN_DIR}/full",
    "no inodes": f"cd {RUN_DIR} && seq 100 | while read -r name; do : >full.$name || exit 0; done",
}


@pytest.mark.parametrize("fill", FILL.values(), ids=FILL.keys())
def test_a_run_folder_that_takes_nothing_more_stops_no_restore(target: Target, fill: str) -> None:
    """For as long as it lasts, behind a first try that failed and has to be noted."""
    before = target.kept()
    target.sh(f"mkdir -p -m 700 {RUN_DIR}; mount -t tmpfs -o mode=700,size=300k,nr_inodes=60 small {RUN_DIR}")
    try:
        hold(target)
        assert apply(target, *DEVIATIONS)[0] == 0
        target.sh("echo '# mine' >/etc/apache2/conf-enabled/mine.conf")  # so that the first try fails
        target.sh(f"({fill}) 2>/dev/null; printf '%-50s\\n' 'none 0' 1<>{RUN_DIR}/lease")
        wait_until(lambda: target.state() == "FAILED", 60, target.state)
        assert target.call("ls", f"{MODS}/asis.load")[0] == 0
        target.sh("rm /etc/apache2/conf-enabled/mine.conf")
        wait_until(lambda: target.state() == "NONE", 90, target.state)
        assert target.kept() == before
    finally:
        target.sh(f"umount -l {RUN_DIR}")


def test_a_copy_that_is_damaged_removes_nothing(target: Target) -> None:
    """A link is made anew as it was; a file that is lost is said, and what is in its place stays."""
    before = target.kept()
    hold(target)
    assert apply(target, *DEVIATIONS)[0] == 0
    target.sh(f"rm -r {CUR}/snap/etc; echo none 0 >{RUN_DIR}/lease")
    wait_until(lambda: not target.traces(), 60, target.traces)
    assert target.kept() == before


def test_a_damaged_copy_is_never_put_into_place(target: Target) -> None:
    """Not by a trial either, which would look like somebody else's edit from then on."""
    before = target.kept()
    hold(target)
    assert apply(target, *DEVIATIONS)[0] == 0
    target.sh(f"rm {CUR}/snap{MODS}/asis.load; echo half >{CUR}/snap{MODS}/asis.load")
    assert apply(target)[0] == 0
    assert target.sh(f"readlink {MODS}/asis.load") == "../mods-available/asis.load\n"
    assert target.guard("restore", RUN)[0] == 0
    assert target.guard("disarm", RUN)[0] == 0
    assert target.kept() == before


def test_whose_run_it_is_may_be_forgotten(target: Target) -> None:
    """The list and its copy, both: that name is only told, and holds up nothing."""
    before = target.kept()
    hold(target)
    assert apply(target, *DEVIATIONS)[0] == 0
    target.sh('for one; do echo garbage >"$one"; done', f"{CUR}/who", f"{CUR}/copies/who")
    status, said = target.guard("restore", RUN)
    assert status == 0, said
    assert target.guard("disarm", RUN)[0] == 0
    assert target.kept() == before
