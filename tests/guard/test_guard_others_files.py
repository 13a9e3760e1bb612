"""What lies in folders of others is neither waited for nor believed: pids come from the service manager."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from guard.lab_target import GUARD, Target, wait_until
from guard.test_guard_verbs import DEVIATIONS, RUN, apply, hold

FOLDER = "/run/php"
"""Of www-data, as php-fpm's package makes it."""
PLANTS = {
    "a pipe": "mkfifo {}",
    "another process": "sleep 1000 </dev/null >/dev/null 2>&1 & echo $! >{}",
    "the first process": "echo 1 >{}",
    "a link to a pipe": "mkfifo {}.pipe; ln -s {}.pipe {}",
    "a link to root's file": "ln -s /etc/shadow {}",
    "a file without end": "ln -s /dev/zero {}",
    "a folder": "mkdir {}",
    "binary": "head -c 2000000 /dev/urandom >{}",
}
AS_WEB = "exec setpriv --reuid www-data --regid www-data --clear-groups sh -c"

pytestmark = pytest.mark.lab


@pytest.fixture(params=PLANTS.values(), ids=PLANTS.keys())
def planted(target: Target, request: pytest.FixtureRequest) -> Iterator[Target]:
    """A host on which a process of www-data has put something in the place of PHP-FPM's pid file."""
    made = target.sh(f"[ -d {FOLDER} ] || {{ install -d -o www-data -g www-data {FOLDER}; echo made; }}")
    plants = "; ".join(request.param.replace("{}", f"{FOLDER}/{name}") for name in ("php8.2-fpm.pid", "php7.4-fpm.pid"))
    target.sh(f'{AS_WEB} "$1"', plants)
    yield target
    target.sh(f"pkill -u www-data -x sleep; rm -rf {FOLDER}/*; [ -z '{made.strip()}' ] || rmdir {FOLDER}")


def test_no_verb_waits_for_it_or_believes_it(planted: Target) -> None:
    before = planted.kept()
    bounded = ("timeout", "30", GUARD)
    hold(planted)
    status, said = planted.guard("status")
    assert (status, "watch alive" in said) == (0, True), said
    assert apply(planted, *DEVIATIONS)[0] == 0
    assert planted.call(*bounded, "sample")[0] == 0
    status, said = planted.call(*bounded, "restore", RUN)
    assert (status, "loaded same" in said) == (0, True), said
    assert planted.guard("disarm", RUN) == (0, "")
    assert (planted.kept(), planted.traces()) == (before, "")


def test_what_comes_in_the_middle_of_a_run_stops_no_rescue(planted: Target) -> None:
    planted.sh(f"rm -rf {FOLDER}/*")
    before = planted.kept()
    hold(planted)
    assert apply(planted, *DEVIATIONS)[0] == 0
    planted.sh(f'{AS_WEB} "$1"', f"mkfifo {FOLDER}/php8.2-fpm.pid {FOLDER}/php7.4-fpm.pid")
    assert planted.call("timeout", "30", GUARD, "rescue", "force") == (0, "restored\n")
    assert planted.kept() == before


def test_a_fifo_stops_no_tick(target: Target) -> None:
    made = target.sh(f"[ -d {FOLDER} ] || {{ install -d -o www-data -g www-data {FOLDER}; echo made; }}")
    before = target.kept()
    hold(target)
    assert apply(target, *DEVIATIONS)[0] == 0
    target.sh(f'{AS_WEB} "$1"', f"mkfifo {FOLDER}/php8.2-fpm.pid")
    target.sh("echo none 0 >/run/modbisect/lease")
    wait_until(lambda: not target.traces(), 60, target.traces)
    assert target.kept() == before
    target.sh(f"rm {FOLDER}/php8.2-fpm.pid; [ -z '{made.strip()}' ] || rmdir {FOLDER}")
