"""What is told of a trial: of a server that does not start, and of what requests leave behind."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from modbisect.host.guard import Applied, Sample
from modbisect.kinds import parse
from modbisect.model import AS_FOUND, Aged, Ask, Measure, Measurement, Request
from modbisect.run.trial import Trials

SURVEY = Path(__file__).parents[1] / "kinds/surveys/debian12-shop.txt"
ASK = Ask(AS_FOUND, 3, 1.0, "as found", 0)
SYSTEMD = (
    "Job for apache2.service failed because the control process exited with error code.\n"
    'See "systemctl status apache2.service" and "journalctl -xeu apache2.service" for details.\n'
)
LOG = (
    "[Mon Jul 14 10:15:02.1 2026] [core:error] [pid 7] AH00111: an old one, of the restart before\n"
    "[Mon Jul 14 10:15:03.2 2026] [ssl:emerg] [pid 9] AH02572: Failed to configure at least one certificate\n"
)
BIND = "AH00558: apache2: Could not reliably determine its name\n(98)Address already in use: AH00072: make_sock"


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (SYSTEMD + LOG, "AH02572: Failed to configure at least one certificate"),
        (SYSTEMD, "Job for apache2.service failed because the control process exited with error code."),
        (BIND, "(98)Address already in use: AH00072: make_sock"),
        ("", ""),
    ],
)
def test_of_what_a_server_says_the_error_is_quoted(said: str, told: str) -> None:
    class Failing:
        def apply(self, _: object, *, reap: bool, resting: object) -> Applied:
            assert not reap
            assert not resting
            text = "\n".join(f"text {line}" for line in said.splitlines())
            return Applied.read(f"verdict restart\nms 1 1 1\n{text}\n")

    class Idle:
        cut_off = False

    trials = Trials(Failing(), Idle(), parse(SURVEY.read_text()), ())  # type: ignore[arg-type]  # both do what is asked of them here
    assert trials.run(ASK).broken == f"the server does not start: {told}"


class Workers:
    """A server of which each request leaves 100 KiB behind in one of two workers, and the first of a worker 5 MiB."""

    def __init__(self, left: int = 100 << 10) -> None:
        self.own, self.left, self.sent, self.cut_off = {7: 0, 8: 0}, left, 0, False

    def apply(self, _: object, *, reap: bool, resting: object) -> Applied:
        assert not reap
        assert not resting
        return Applied.read("verdict ok\nms 1 1 1\nparent 1 1\n")

    def sample(self) -> Sample:
        lines = [f"RssAnon: {size // 1024} kB {pid}" for pid, size in self.own.items()]
        return Sample.read("\n".join(["cpu 1 0", "VmHWM: 1 kB 7", "VmRSS: 1 kB 7", *lines]))

    def see(self, ask: Ask) -> Measurement:
        return Measurement(ask.configuration, (Request("p", 0.1),), measure=ask.measure or Measure.MEMORY)

    def age(self, count: int, most: float) -> Aged:
        assert most > 0
        for _ in range(count):
            self.sent += 1
            pid = 7 if self.sent % 3 else 8
            self.own[pid] += self.left + (0 if self.own[pid] else 5 << 20)
        return Aged(count, 1.0)


@pytest.mark.parametrize("left", [100 << 10, 0])
def test_what_requests_leave_behind_is_told_from_what_a_worker_takes_once(left: int) -> None:
    workers = Workers(left)
    trials = Trials(workers, workers, parse(SURVEY.read_text()), ())  # type: ignore[arg-type]  # both
    seen = trials.run(replace(ASK, measure=Measure.GROWTH))
    assert seen.growth == pytest.approx(left, abs=1024)
    assert seen.aged
    assert seen.aged.requests == workers.sent
    assert [count for count, _ in seen.aged.curve] == [40, 80, 120, 160, 200]
    assert trials.run(ASK).growth is None


def test_a_site_that_answers_too_little_has_no_growth() -> None:
    workers = Workers()
    workers.age = lambda _, most: Aged(0, most)  # type: ignore[method-assign]
    trials = Trials(workers, workers, parse(SURVEY.read_text()), ())  # type: ignore[arg-type]  # both
    assert "too few" in trials.run(replace(ASK, measure=Measure.GROWTH)).broken
