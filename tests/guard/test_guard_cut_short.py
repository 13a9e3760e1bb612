"""A helper of the guard's (find, awk, sha256sum) is killed at its work: a part of an answer is never taken for all."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from few import few
from guard.lab_target import Target, wait_until
from guard.test_guard_verbs import DEVIATIONS, RUN, SPEC, apply, hold

pytestmark = pytest.mark.lab

MINE = "/etc/apache2/conf-enabled/mine.conf"
WRAPPER = """#!/bin/sh
# Ends as if killed: in the call of that number, counted among those whose arguments hold a word.
case " $* " in
  *WORD*)
    read -r calls </var/tmp/calls
    calls=$((calls + 1))
    echo $calls >/var/tmp/calls
    read -r fatal </var/tmp/fatal
    [ $calls != "$fatal" ] || kill -9 $$ ;;
esac
exec PROGRAM.real "$@"
"""


class Killer:
    """Puts itself in a helper's place on the lab host."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self.taken: list[str] = []

    def take(self, program: str, word: str, call: int) -> None:
        """From now on that call of it is the last thing it does."""
        wrapper = WRAPPER.replace("WORD", word).replace("PROGRAM", program)
        self.target.sh(
            """echo 0 >/var/tmp/calls; echo "$2" >/var/tmp/fatal; chmod 666 /var/tmp/calls
            mv -T "$1" "$1.real"; printf "%s" "$3" >"$1"; chmod 755 "$1\"""",
            program,
            str(call),
            wrapper,
        )
        self.taken.append(program)

    def struck(self) -> bool:
        return self.target.sh("[ $(cat /var/tmp/calls) -ge $(cat /var/tmp/fatal) ] && echo yes; :") == "yes\n"

    def release(self) -> None:
        for program in set(self.taken):
            self.target.sh('[ ! -e "$1.real" ] || mv -fT "$1.real" "$1"; rm -f /var/tmp/calls /var/tmp/fatal', program)
        self.taken.clear()


@pytest.fixture
def killer(target: Target) -> Iterator[Killer]:
    made = Killer(target)
    yield made
    made.release()


@pytest.mark.parametrize(
    ("program", "word", "why"),
    [("/usr/bin/awk", "deleted", "what the server has loaded"), ("/usr/bin/find", "-links +1", "hard links")],
    ids=["loaded modules", "hard links"],
)
def test_no_host_is_held_on_half_a_look(target: Target, killer: Killer, program: str, word: str, why: str) -> None:
    before = target.kept()
    target.install_guard()
    killer.take(program, f'"{word}"', 1)
    status, said = target.guard("hold", RUN, "30", stdin=SPEC)
    killer.release()
    assert status == 73, said
    assert why in said
    wait_until(lambda: not target.traces(), 30, target.traces)
    assert target.kept() == before


@pytest.mark.parametrize("call", few([*range(1, 5), 6, 8], 3))
@pytest.mark.parametrize("program", ["/usr/bin/find", "/usr/bin/sha256sum"])
def test_what_is_accepted_is_never_half_of_what_is_there(
    target: Target, killer: Killer, program: str, call: int
) -> None:
    """Whichever look is cut short: the person's file stays, and all else comes back."""
    before = target.kept()
    hold(target)
    assert apply(target, *DEVIATIONS)[0] == 0
    target.sh(f"echo '# mine' >{MINE}")
    killer.take(program, "/etc/php", call)
    target.guard("rescue", "accept")
    killer.release()
    target.guard("rescue", "accept")
    wait_until(lambda: not target.traces(), 60, lambda: f"{target.traces()} {target.guard('status')}")
    assert "# mine" in target.sh(f"cat {MINE}")
    target.sh(f'rm {MINE}; touch -d "@$1" /etc/apache2/conf-enabled', _time(before))
    assert target.kept() == before


def _time(rows: frozenset[str]) -> str:
    [row] = [row for row in rows if row.startswith("/etc/apache2/conf-enabled\t")]
    return row.split("\t")[6]


@pytest.mark.parametrize("call", [1, 2])
@pytest.mark.parametrize(("program", "word"), [("/usr/bin/stat", '"%n %y"'), ("/usr/bin/cat", "cur/times")])
def test_of_no_folder_the_time_is_forgotten(target: Target, killer: Killer, program: str, word: str, call: int) -> None:
    """Where something of the guard's comes and goes: its unit, its note at login."""
    times = "stat -c '%n %y' -- /etc /etc/motd.d /etc/systemd/system{,/multi-user.target.wants} 2>/dev/null; :"
    before = target.sh(f"bash -c '{times.replace(chr(39), chr(34))}'")
    target.install_guard()
    killer.take(program, word, call)
    target.guard("hold", RUN, "30", stdin=SPEC)
    killer.release()
    target.guard("rescue", "force")
    wait_until(lambda: not target.traces(), 60, lambda: f"{target.traces()} {target.guard('status')}")
    assert target.sh(f"bash -c '{times.replace(chr(39), chr(34))}'") == before
