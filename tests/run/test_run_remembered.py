"""What a later run knows of a host by the reports of earlier ones."""

from __future__ import annotations

from pathlib import Path

from modbisect.model import BREAKS, Outcome, Untestable
from modbisect.report import Report, Restored
from modbisect.run.events import Began, Finished
from modbisect.run.journal import Journal
from modbisect.run.remembered import needed

RESTORED = Restored(verified=True, how="as found")


def keep(folder: Path, letter: str, host: str, *untestable: Untestable, finished: bool = True) -> None:
    run = letter * 32
    journal = Journal(run, folder)
    journal(Began(run, host, "book", "2026-07-14T10:15:02+00:00", "1.0", 7))
    if finished:
        journal(Finished(Report(run, host, "book", Outcome.FOUND, "when", 3.0, RESTORED, untestable=untestable)))
    journal.close()


def breaks(name: str) -> Untestable:
    return Untestable(name, f"{BREAKS} without it: status 500")


def test_what_broke_a_host_is_remembered_for_that_host(tmp_path: Path) -> None:
    assert needed("web1", tmp_path) == frozenset()
    keep(tmp_path, "a", "web1", breaks("php-module:mysqli"), Untestable("php-module:ldap", "needed by pinned x"))
    keep(tmp_path, "b", "web2", breaks("php-module:intl"))
    keep(tmp_path, "c", "web1", breaks("apache-module:rewrite"))
    keep(tmp_path, "d", "web1", finished=False)
    assert needed("web1", tmp_path) == {"php-module:mysqli", "apache-module:rewrite"}


def test_a_journal_that_cannot_be_read_is_passed_over(tmp_path: Path) -> None:
    keep(tmp_path, "a", "web1", breaks("php-module:mysqli"))
    keep(tmp_path, "b", "web1")
    (tmp_path / ("b" * 32) / "journal.jsonl").write_text("no journal\n")
    assert needed("web1", tmp_path) == {"php-module:mysqli"}


def test_only_the_latest_few_count(tmp_path: Path) -> None:
    for letter in "abcd":
        keep(tmp_path, letter, "web1", breaks(f"php-module:{letter}"))
    assert len(needed("web1", tmp_path)) == 3
