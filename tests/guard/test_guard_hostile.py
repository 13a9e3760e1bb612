"""Other users of the target: whatever they could have planted is refused, and never followed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from few import few
from guard.controller_side import held, logged_in
from guard.lab_target import Target
from guard.test_guard_verbs import CONF, MODS, OTHER, RUN, SPEC
from modbisect.errors import Refused
from modbisect.host.guard import Code, Guard

UNSAFE = Code.UNSAFE
TRAP = "/home/ops/trap"
PLANTS = {
    "a link": 'ln -s /home/ops/trap "$1"',
    "a link to nothing": 'ln -s /home/ops/nothing "$1"',
    "a link to a safe folder": 'install -d -m 700 /root/safe && ln -s /root/safe "$1"',
    "somebody's folder": 'install -d -m 700 -o ops "$1"',
    "a folder open to all": 'install -d -m 777 "$1"',
    "a folder open to a group": 'install -d -m 770 -g ops "$1"',
    "a file": 'echo theirs >"$1"; chown ops "$1"',
    "a pipe": 'mkfifo -m 666 "$1"',
}
# Whatever is written through one of these has followed it.
CONTENTS = """
install -d -m 777 -o ops /home/ops/trap /home/ops/trap/cur
echo shadow >/root/victim
for name in lock lease alive deputy now output served last retry guard new old cur/state cur/run cur/touched cur/who \\
  cur/places; do
  ln -s /root/victim "/home/ops/trap/$name"
done
"""
PUT = '[ ! -e "$1" ] || mv "$1" /root/away; '
BACK = 'rm -rf "$1" /root/safe; [ ! -e /root/away ] || mv /root/away "$1"'

pytestmark = pytest.mark.lab


@pytest.fixture
def trapped(target: Target) -> Iterator[Target]:
    target.sh(f"cp /var/lib/modbisect/guard /root/guard; {CONTENTS}")
    yield target
    assert target.sh("cat /root/victim") == "shadow\n"
    target.sh("rm -rf /root/victim /root/guard /home/ops/trap")


@pytest.mark.parametrize("plant", few(PLANTS, 4))
@pytest.mark.parametrize("path", ["/var/lib/modbisect", "/run/modbisect"])
def test_a_planted_folder_is_refused_by_every_verb(trapped: Target, path: str, plant: str) -> None:
    plant = PLANTS[plant]
    before = trapped.files("/etc", TRAP) | {trapped.generation()}
    trapped.sh(PUT + plant, path)
    try:
        for argv in (("snap", RUN), ("hold", RUN, "9"), ("arm", RUN, "9"), ("apply", RUN), ("keep", RUN, "9")):
            assert trapped.call("/root/guard", *argv, stdin=SPEC)[0] == UNSAFE, argv
        for argv in (("tick",), ("boot",), ("watch",), ("status",), ("rescue", "force"), ("restore", RUN)):
            assert trapped.call("/root/guard", *argv)[0] == UNSAFE, argv
        with logged_in(trapped) as root, pytest.raises(Refused, match=r"folder of root's alone|is a link"):
            held(Guard(root, OTHER))
    finally:
        trapped.sh(BACK, path)
    assert trapped.files("/etc", TRAP) | {trapped.generation()} == before


@pytest.mark.parametrize(
    ("plant", "back"),
    [
        ("chown ops {}", "chown root {}"),
        ("chmod o+w {}", "chmod o-w {}"),
        ("mv {} /root/away; ln -s /root/away {}", "rm {}; mv /root/away {}"),
        ("mv {} /root/away; ln -s /home/ops/trap {}", "rm {}; mv /root/away {}"),
    ],
    ids=["somebody's", "open to all", "a link to root's", "a link to somebody's"],
)
@pytest.mark.parametrize("path", [MODS, CONF])
def test_a_write_set_that_others_could_turn_under_our_hand_is_refused(
    trapped: Target, path: str, plant: str, back: str
) -> None:
    times = trapped.sh('stat -c %y "$1"', path.rpartition("/")[0]).strip()
    trapped.sh(plant.format(path, path))
    try:
        status, said = trapped.guard("hold", RUN, "9", stdin=SPEC)
        assert (status, f"{path} is a link, or not root's" in said) == (UNSAFE, True), said
    finally:
        trapped.sh(back.format(path, path) + '; touch -d "$1" "$2"', times, path.rpartition("/")[0])
    assert trapped.state() == "NONE"


@pytest.mark.parametrize(("plant", "back"), [("chown ops {}", "chown root {}"), ("chmod o+w {}", "chmod o-w {}")])
@pytest.mark.parametrize("path", ["/etc/apache2", "/etc", "/etc/php"])
def test_nor_may_they_turn_what_it_lies_in(trapped: Target, path: str, plant: str, back: str) -> None:
    trapped.sh(plant.format(path))
    try:
        status, said = trapped.guard("hold", RUN, "9", stdin=SPEC)
        assert (status, f"{path} is a link, or not root's" in said) == (UNSAFE, True), said
    finally:
        trapped.sh(back.format(path))


def test_what_lies_where_the_boot_unit_goes_is_replaced_not_followed(trapped: Target) -> None:
    """Only root could have put it there; still nothing is written through it."""
    unit = "/etc/systemd/system/modbisect-restore.service"
    times = trapped.sh("stat -c %y /etc/systemd/system").strip()
    trapped.sh(f"ln -s /root/victim {unit}; ln -s /root/victim {unit}.tmp")
    trapped.sh('touch -d "$1" /etc/systemd/system', times)
    status, said = trapped.guard("hold", RUN, "60", stdin=SPEC)
    trapped.sh(f"rm -f {unit}.tmp")
    assert status == 0, said
    assert trapped.sh(f"stat -c %F {unit}") == "regular file\n"
    assert trapped.guard("restore", RUN)[0] == 0
    assert trapped.guard("disarm", RUN)[0] == 0
