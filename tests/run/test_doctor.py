"""What a host has and lacks, as `modbisect doctor` says it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from lab_fixtures import LabHostFactory
from modbisect import lab
from modbisect.host.link import Result
from modbisect.inventory import Host
from modbisect.run import doctor
from modbisect.run.doctor import Health, Look
from warm import modbisect

HOST = Host("web1", "web1.test")


@dataclass
class Says:
    """A link whose host says this, whatever it is asked."""

    text: str
    name: str = "web1"

    def execute(self, argv: object, **_: object) -> Result:
        del argv
        return Result(0, self.text.encode(), b"")


def plain(text: str) -> dict[str, Look]:
    return {look.what: look for look in doctor._plain(HOST, Says(text))}  # type: ignore[arg-type]


ROOM = "room 9000000 /var/lib\nroom 9000000 /run\n"


def test_a_host_with_all_is_well() -> None:
    looks = plain(f"ops\n{time.time()}\n{ROOM}")
    assert {look.health for look in looks.values()} == {Health.OK}
    assert looks["connection"].said.startswith("ops at web1.test, ")


@pytest.mark.parametrize(
    ("text", "what", "health", "said"),
    [
        ("missing flock\n", "tools", Health.BAD, "flock is not there"),
        ("missing perl\n", "tools", Health.WARN, "perl is not there: 'modbisect look'"),
        ("room 100 /run\n", "room", Health.BAD, "100.0 KiB left on /run"),
    ],
)
def test_what_is_missing_is_named_with_what_mends_it(text: str, what: str, health: Health, said: str) -> None:
    look = plain(f"ops\n{time.time()}\n{ROOM}{text}")[what]
    assert look.health is health
    assert look.said.startswith(said)
    assert look.mend


def test_a_clock_that_is_off_is_told_with_its_way() -> None:
    assert plain(f"ops\n{time.time() + 3600}\n")["clock"].said == "ahead of this machine's by 1 h"
    assert plain(f"ops\n{time.time() - 90}\n")["clock"].said.startswith("behind this machine's by 90.")
    assert plain("ops\nnow\n")["clock"].health is Health.WARN


def test_a_host_that_says_nothing_breaks_nothing() -> None:
    assert plain("")["clock"].health is Health.WARN
    assert plain("\x1b[31m\n\n\n")["connection"].health is Health.OK


@pytest.mark.lab
def test_a_real_host_before_and_after_it_was_ailing(lab_host: LabHostFactory, tmp_path: Path) -> None:
    host = lab_host(setup=("shop", "lean"))
    inventory = tmp_path / "inventory.yml"
    inventory.write_text(lab.inventory())
    words = ("doctor", host.name, "-i", str(inventory))

    well = modbisect(*words)
    assert well.returncode == 0, well.stdout + well.stderr
    assert well.stdout.splitlines()[-1] == f"{host.name}: a run can begin"
    assert "ok   root         by sudo" in well.stdout

    ail = "mkdir -p /etc/modbisect && touch /etc/modbisect/stop && systemctl stop apache2 && rm /usr/bin/perl"
    assert lab.execute(host.name, ["sh", "-c", ail]).returncode == 0
    ill = modbisect(*words)
    assert ill.returncode == 4
    assert ill.stdout.splitlines()[-1] == f"{host.name}: no run can begin: run"
    for said in ("/etc/modbisect/stop is there", "Apache is not running", "note tools        perl is not there"):
        assert said in ill.stdout
    assert "not loaded" not in ill.stdout
