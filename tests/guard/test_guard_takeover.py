"""When a run may be taken over: never while anybody keeps it or would restore it; and who holds the host is said."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from guard.controller_side import held, logged_in
from guard.lab_target import NO_WATCH, Target, wait_until
from guard.test_guard_verbs import DEVIATIONS, HELD, OTHER, RUN, SPEC, apply, hold
from modbisect.errors import Refused
from modbisect.host.guard import Guard
from modbisect.host.survey import survey

NO_TICK = f"{NO_WATCH}; systemctl stop modbisect-guard.service"
WATCH_DEAD = f"{NO_TICK}; echo 0 >/run/modbisect/alive"
LEASE_OVER = "sed -i 's/ .*/ 0/' /run/modbisect/lease"
TICKING = """systemd-run -q --collect --unit=as-if-ticking --property=RuntimeMaxSec=120 sh -c 'cd /run/modbisect
  while cut -d . -f 1 /proc/uptime >mark && mv mark alive; do sleep 0.2; done'"""
STILL = "systemctl stop as-if-ticking.service"
WHO = "somebody@controller process 1"

pytestmark = pytest.mark.lab


@pytest.fixture
def switched(target: Target) -> Iterator[Target]:
    """A host on which a run is at work."""
    hold(target)
    assert apply(target, *DEVIATIONS)[0] == 0
    yield target
    target.guard("restore", RUN)
    target.guard("disarm", RUN)


def newcomer(target: Target) -> tuple[int, str]:
    return target.guard("hold", OTHER, "60", stdin=SPEC)


def test_a_live_run_is_not_and_both_operators_know_of_each_other(switched: Target) -> None:
    status, said = newcomer(switched)
    assert status == HELD
    assert f"held: {WHO} state ARMED, its lease holds for " in said
    with logged_in(switched) as root:
        with pytest.raises(Refused, match=f"held: {WHO} state ARMED, its lease holds for [0-9]+ s more unless renewed"):
            held(Guard(root, OTHER))
        facts = survey(root)
        assert facts.guard_owner.startswith(f"{WHO}, its lease holds for ")
        seen = Guard(root, OTHER).status()
        assert (seen.run, seen.owner, seen.watched, 0 < seen.lease_seconds <= 600) == (RUN, WHO, True, True)
    assert switched.sh("cat /var/lib/modbisect/cur/run").strip() == RUN


def test_a_dead_watch_alone_is_no_leave(switched: Target) -> None:
    switched.sh(WATCH_DEAD)
    status, said = newcomer(switched)
    assert (status, "its watch is dead" in said, "its lease holds" in said) == (HELD, True, True), said
    assert switched.state() == "ARMED"


def test_an_ended_lease_alone_is_no_leave(switched: Target) -> None:
    """The watch does it, and says so."""
    switched.sh(f"{NO_TICK}; {TICKING}; {LEASE_OVER}")
    status, said = newcomer(switched)
    switched.sh(STILL)
    assert (status, "its lease is over" in said) == (HELD, True), said
    assert switched.state() == "ARMED"


def test_a_dead_run_is_put_back_first_and_the_newcomer_looks_again(target: Target) -> None:
    before = target.kept()
    hold(target)
    assert apply(target, *DEVIATIONS)[0] == 0
    target.sh(f"{WATCH_DEAD}; {LEASE_OVER}")
    status, said = newcomer(target)
    assert (status, "it was dead, and is put back now; start again" in said) == (HELD, True), said
    assert (target.kept(), target.traces()) == (before, "")
    assert f"rolled-back {RUN}\nbecause taken over" in target.sh("cat /run/modbisect/last")
    target.install_guard()
    assert newcomer(target)[0] == 0


def test_a_run_of_an_earlier_boot_is_put_back_although_a_watch_ticks(target: Target) -> None:
    before = target.kept()
    hold(target)
    assert apply(target, *DEVIATIONS)[0] == 0
    # As after a boot whose restore unit somebody had taken away: the lease is not of this boot.
    target.sh(
        f"{NO_WATCH}; echo earlier >/var/lib/modbisect/cur/boot;"
        "sed -i 's/.* /earlier /' /run/modbisect/lease; cut -d . -f 1 /proc/uptime >/run/modbisect/alive"
    )
    status, said = newcomer(target)
    # Once a minute cron may be at it already, and may not have said so yet.
    at_it = ("put back now", "state RESTORING", "another guard command is at work")
    assert (status, any(words in said for words in at_it)) == (HELD, True), said
    wait_until(lambda: not target.traces(), 60, target.traces)
    assert target.kept() == before


def test_a_dead_run_that_cannot_be_put_back_is_not_taken_over(target: Target) -> None:
    hold(target)
    assert apply(target, *DEVIATIONS)[0] == 0
    target.sh(f"{WATCH_DEAD}; {LEASE_OVER}; echo '# mine' >/etc/apache2/conf-enabled/mine.conf")
    status, said = newcomer(target)
    assert (status, "cannot be put back: edited by somebody else" in said) == (HELD, True), said
    assert target.state() == "FAILED"
    target.sh("rm /etc/apache2/conf-enabled/mine.conf")
    assert target.guard("rescue")[0] == 0
    wait_until(lambda: not target.traces(), 60, target.traces)


def test_no_clock_that_somebody_sets_ends_or_keeps_a_lease(switched: Target) -> None:
    """The host's clock jumps by years: a date of our own stands where the real one was."""
    jump = """
    printf '#!/bin/sh\\nexec /usr/bin/env -i /root/date -d @%s "$@"\\n' "$1" >/root/jump; chmod 755 /root/jump
    cp -a /usr/bin/date /root/date; shift
    exec unshare -m sh -c 'mount --bind /root/jump /usr/bin/date && date +%Y && "$@"' sh "$@"
    """
    for seconds, year in (("1", "1970"), ("4102444800", "2100")):
        said = switched.sh(jump, seconds, "/var/lib/modbisect/guard", "status")
        assert said.startswith(f"{year}\nstate ARMED")
        assert "lease 0" not in said
        switched.sh(jump, seconds, "/var/lib/modbisect/guard", "tick")
        assert switched.state() == "ARMED"
    switched.sh("rm /root/jump /root/date")


@pytest.mark.parametrize(("uptime", "state"), [("0.50 1.0", "ARMED"), ("99999999.99 1.0", "NONE")])
def test_only_the_kernels_clock_does(switched: Target, uptime: str, state: str) -> None:
    """Also in a container with a time of its own, as /proc/uptime shows it."""
    switched.sh(NO_WATCH)
    inside = 'echo "$1" >/root/uptime; exec unshare -m sh -c "mount --bind /root/uptime /proc/uptime && $2" sh'
    switched.call("sh", "-c", inside, "sh", uptime, "/var/lib/modbisect/guard tick")
    assert switched.state() == state
    switched.sh("rm /root/uptime; [ ! -e /var/lib/modbisect/cur ] || systemctl start modbisect-guard.timer; :")
