"""A whole run for an account whose start-up files print text."""

from __future__ import annotations

from pathlib import Path

import pytest
from practice_runs import run_on, small, state_of

from modbisect.errors import Refused
from modbisect.host.guard import Guard
from modbisect.host.link import Result
from modbisect.lab.practice import CULPRIT
from modbisect.lab.practice.shell import Shell
from modbisect.model import Outcome
from modbisect.run.access import opened
from modbisect.run.conduct import new_run


def test_a_talkative_login_does_not_disturb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    honest = Shell.__init__

    def talk(self: Shell, *arguments: object) -> None:
        honest(self, *arguments)  # type: ignore[arg-type]
        self.talk = "Welcome to web1\n0\nok\n"

    monkeypatch.setattr(Shell, "__init__", talk)
    with small(tmp_path, lambda on: CULPRIT in on) as made:
        before = state_of(made)
        report = run_on(made)
        assert report.outcome is Outcome.FOUND
        assert report.restored.verified
        assert state_of(made) == before


@pytest.mark.parametrize(
    ("status", "said", "advice"),
    [
        (126, "/bin/sh: 1: /var/lib/modbisect/new.x: Permission denied", "mount options of /var"),
        (73, "modbisect-guard: /var/lib/modbisect cannot be run there (noexec?)", "mount options of /var"),
        (73, "modbisect-guard: no room: /var", "look at the space"),
        (75, "modbisect-guard: held: somebody", "look with 'modbisect status practice'"),
    ],
)
def test_the_advice_follows_what_the_guard_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, status: int, said: str, advice: str
) -> None:
    with small(tmp_path, lambda on: CULPRIT in on) as made, opened(made.host) as root:
        monkeypatch.setattr(root, "execute", lambda *_, **__: Result(status, b"", f"{said}\n".encode()))
        with pytest.raises(Refused) as caught:
            Guard(root, new_run()).hold("test", ["/etc/apache2"], ["apache2.service"], 60)
    assert advice in caught.value.advice
    assert ("space" in caught.value.advice) == ("room" in said)
