"""A cure that stays: for a while, for good when somebody says so in time, and back when nobody does."""

from __future__ import annotations

import pytest

from guard.lab_target import Target, wait_until
from guard.test_guard_verbs import CONF, DEVIATIONS, FENCED, HELD, MODS, RUN, apply, hold
from lab_fixtures import LabHostFactory
from modbisect import lab

CURED = (
    f"absent\t{MODS}/asis.load",
    f"absent\t{CONF}/charset.conf",
    "absent\t/etc/php/8.2/apache2/conf.d/20-calendar.ini",
)

pytestmark = pytest.mark.lab


def cured(target: Target, seconds: int, *more: str) -> None:
    hold(target)
    assert apply(target, *CURED, *more)[0] == 0
    assert target.guard("cure", RUN, str(seconds)) == (0, f"cured {RUN} {seconds}\n")


def test_silence_puts_it_back(target: Target) -> None:
    before = target.kept()
    cured(target, 3)
    assert target.state() in ("CURED", "RESTORING", "NONE", "ENDED")
    wait_until(lambda: not target.traces(), 60, target.traces)
    assert target.kept() == before
    assert "because nobody has kept the cure" in target.sh("cat /run/modbisect/last")


def test_while_it_stays_nobody_else_gets_the_host_and_the_run_no_more_orders(target: Target) -> None:
    before = target.kept()
    cured(target, 600)
    assert apply(target, *DEVIATIONS)[0] == FENCED
    assert target.guard("keep", RUN, "9", stdin="beat\n")[0] == FENCED
    status, said = target.guard("rescue")
    assert (status, "still at work" in said) == (HELD, True), said
    assert "state CURED" in target.guard("status")[1]
    assert "guard confirm" in target.sh("cat /run/motd.d/modbisect")
    assert target.sh(f"ls {MODS}/asis.load 2>&1; :").count("No such file") == 1
    assert target.guard("rescue", "force") == (0, "restored\n")
    assert target.kept() == before


def test_a_reboot_is_silence(target: Target) -> None:
    before = target.kept()
    cured(target, 600)
    target.sh("sync")
    lab.kill(target.host.name)
    lab.boot(target.host.name)
    wait_until(lambda: not target.traces(), 60, target.traces)
    assert target.kept() == before


def test_kept_in_time_it_is_switched_for_good_by_debian_s_own_tools(lab_host: LabHostFactory) -> None:
    target = Target(lab_host(setup=("shop", "lean")))
    target.install_guard()
    target.sh("mkdir -p /etc/modbisect && echo 'on apache-module:brotli' >/etc/modbisect/allow")
    before = target.kept()
    cured(target, 600, f"link\t{MODS}/brotli.load\t../mods-available/brotli.load")
    server, since = target.generation(), target.sh(f"stat -c %.9Y {MODS}/brotli.load")
    status, said = target.guard("confirm")
    assert status == 0, said
    assert target.sh(f"stat -c %.9Y {MODS}/brotli.load") == since, "it looks as if the server had not read it"
    *did, last = said.splitlines()
    assert last == f"confirmed {RUN}"
    assert sorted(did) == [
        "did a2disconf -q charset",
        "did a2dismod -q -f asis",
        "did a2enmod -q brotli",
        "did phpdismod -v 8.2 -s apache2 calendar",
    ]
    assert target.traces() == ""
    assert target.generation() == server, "the server runs with it already"
    for what in ("module/disabled_by_admin/asis", "conf/disabled_by_admin/charset"):
        assert target.call("test", "-e", f"/var/lib/apache2/{what}")[0] == 0, what
    assert "mod_asis.so" not in "".join(target.modules())
    changed = {line.split("\t")[0] for line in target.kept() ^ before if "\t" in line}
    named = ("asis", "brotli", "charset", "calendar", "enabled", "conf.d", "_by_", "/module", "/conf", "modules")
    assert all(any(word in path for word in named) for path in changed), changed


def test_nothing_is_kept_of_a_run_that_is_at_work(target: Target) -> None:
    assert target.guard("confirm")[0] == FENCED
    hold(target)
    assert target.guard("confirm")[0] == FENCED
    assert target.guard("cure", "b" * 32, "60")[0] == FENCED
