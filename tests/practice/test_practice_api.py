"""The API, and the example of its page, on a practice host."""

from __future__ import annotations

import re
import threading
from pathlib import Path

import pytest

from modbisect import api
from modbisect.lab.practice import CULPRIT
from practice.practice_runs import small, state_of, written

PAGE = Path(__file__).parents[2] / "docs/api.md"


def test_the_example_of_the_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    (example,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    names: dict[str, object] = {"__name__": "example"}
    exec(compile(example, str(PAGE), "exec"), names)  # noqa: S102  # the page's own
    main = names["main"]
    assert callable(main)
    with small(tmp_path / "host", lambda on: CULPRIT in on) as made:
        before = state_of(made)
        book, hosts = written(made, tmp_path, {"time": "5m"})
        assert main(book, hosts, "practice") == 0
        assert state_of(made) == before
    said = capsys.readouterr().out.splitlines()
    assert re.fullmatch(r"practice: \d+ suspects, about \d+ restarts", said[0])
    assert said[1:] == [f"slow with: {CULPRIT}"]


def test_a_run_in_another_thread_and_its_journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    seen: list[api.Event] = []
    reports: list[api.Report] = []
    with small(tmp_path / "host", lambda on: CULPRIT in on) as made:
        options = api.Options(seed=7, lease=5)
        thread = threading.Thread(
            target=lambda: reports.append(api.run(made.host, made.playbook, options, observer=seen.append))
        )
        thread.start()
        thread.join()
    (report,) = reports
    assert (report.outcome, report.restored.verified) == (api.Outcome.FOUND, True)
    (journal,) = (tmp_path / "state").rglob("journal.jsonl")
    assert len(journal.read_text().splitlines()) == len(seen)
    assert journal.parent.name == report.run
    assert "<!doctype html>" in api.FORMATS["html"](report).lower()


def test_every_name_is_there_and_told() -> None:
    for name in api.__all__:
        assert getattr(api, name) is not None
    page = PAGE.read_text()
    told = {"scan", "plan", "run", "canary", "load_inventory", "adhoc_host", "load_playbook", "parse_playbook"}
    assert all(re.search(rf"`[^`]*\b{name}\b", page) for name in told)
