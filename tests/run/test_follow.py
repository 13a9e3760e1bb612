"""What a canary does where a probe has become slower. The host's survey is a recording; its run is a stand-in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from modbisect import kinds
from modbisect.errors import Refused, Unreachable
from modbisect.history import CanaryResult, History
from modbisect.inventory import Host
from modbisect.judging.history import Comparison, Trend
from modbisect.model import Outcome, Role
from modbisect.playbook import Playbook, parse_playbook
from modbisect.report import Report, Restored
from modbisect.run.canary import Sighting
from modbisect.run.follow import Means, follow
from modbisect.run.outlook import Scan

SURVEY = (Path(__file__).parents[1] / "kinds/surveys/debian12-shop.txt").read_text()
BOOK = parse_playbook(
    "name: shop\nprobes: {home: {get: /}, item: {get: /items/1}}\nsymptom: {probe: item, slower_than: 3s}"
)
SLOWER = Comparison(Trend.SLOWER, 0.29, 0.2, 0.22)
HOST = Host("web1", "web1")
START = 1_790_000_000.0


@dataclass
class Stage:
    """A host that is checked every ten minutes."""

    history: History
    role: Role = Role.STAGING
    survey: str = SURVEY
    runs: list[Playbook] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    refuses: bool = False
    unseen: bool = False
    checks: int = 0

    def _scan(self, host: Host, _: Playbook) -> Scan:
        if self.unseen:
            raise Unreachable("no route", host=host.name)
        found = kinds.parse(self.survey)
        return Scan(host.name, self.role, found, kinds.discover(found))

    def _run(self, host: Host, book: Playbook) -> Report:
        if self.refuses:
            raise Refused("a run is open there")
        self.runs.append(book)
        restored = Restored(verified=True, how="as found")
        return replace(EMPTY, run="ab" * 16, host=host.name, restored=restored)

    def check(self, trend: Trend) -> Sighting:
        at = START + 600 * self.checks
        self.checks += 1
        self.history.record(CanaryResult("web1", "shop", "home", at, 0.2, verdict=str(trend)))
        sighting = Sighting("home", "", replace(SLOWER, trend=trend), self.checks)
        means = Means(self._scan, self._run, self.said.append)
        (followed,) = follow(HOST, BOOK, self.history, [sighting], at, means=means)
        return followed


EMPTY = Report("", "", "shop", Outcome.NONE, "2026-11-28T00:00:00+00:00", 60.0, Restored(verified=True, how=""))


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with History(f"sqlite:///{tmp_path / 'state/history.db'}") as history:
        yield Stage(history)


def test_a_regression_is_followed_once(stage: Stage) -> None:
    for trend in (Trend.STEADY, Trend.STEADY, Trend.UNSURE):
        assert stage.check(trend) == Sighting("home", "", replace(SLOWER, trend=trend), stage.checks)
    first, second = stage.check(Trend.SLOWER), stage.check(Trend.SLOWER)
    assert (first.run, second.run, len(stage.runs)) == ("ab" * 16, "", 1)
    assert first.verdict
    assert second.changed == ()
    for trend in (Trend.STEADY, Trend.SLOWER):
        stage.check(trend)
    assert len(stage.runs) == 2, "it is another one"


def test_the_run_asks_about_what_the_canary_saw(stage: Stage) -> None:
    stage.check(Trend.SLOWER)
    (book,) = stage.runs
    assert book.symptom is not None
    assert (book.symptom.probe, book.symptom.slower_than) == ("home", 0.22)
    assert 1.1 < book.symptom.ratio < 0.29 / 0.2


def test_on_production_no_run_is_begun_and_what_has_changed_is_told_once(stage: Stage) -> None:
    stage.role = Role.PRODUCTION
    stage.check(Trend.STEADY)
    line = next(line for line in SURVEY.splitlines() if "apache2/conf.d/20-apcu.ini" in line)
    stage.survey = SURVEY.replace(line + "\n", "")
    first, second = stage.check(Trend.SLOWER), stage.check(Trend.SLOWER)
    assert any(said.startswith("php-module:apcu is off") for said in first.changed)
    assert (second.changed, stage.runs) == ((), [])
    kept = stage.history.recent("web1", "shop", "home", 2)
    assert [each.changed for each in kept] == ["\n".join(first.changed), None]


def test_a_run_that_was_refused_is_tried_again_at_the_next_check(stage: Stage) -> None:
    stage.refuses = True
    assert stage.check(Trend.SLOWER).run == ""
    assert stage.said == [
        "web1: home is slower; a run looks for who makes it so",
        "web1: no run looks for what makes home slow: a run is open there",
    ]
    stage.refuses = False
    assert stage.check(Trend.SLOWER).run == "ab" * 16


def test_where_nobody_can_look_the_check_stands(stage: Stage) -> None:
    stage.unseen = True
    assert stage.check(Trend.SLOWER).changed == ()
    assert stage.said == ["web1: nobody could look at the host: no route"]
