"""What came of all trials: a line a fault, and the totals."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from result import SLACK_SECONDS, Result

_COLUMNS = "{:<36} {:>6} {:>8} {:>9} {:>8} {:>7}  {:<58} {}"
_FOOT = f"""
slowest s: from the moment that a restore was possible until the host was put back (at most lease + {SLACK_SECONDS} s).
clean s: until no unit, timer, process or file of the run was there either.
by nobody: nothing was changed, or the controller had ended the run. next run: nothing was changed, and what the run had
    put aside goes when the next one comes.
Not made here: the machine's clock is not changed (date(1) lies, and the guard's files bear another time); a power cut
    loses no write that was not flushed yet; every host has systemd, and each run brings its guard along.
"""


@dataclass(frozen=True, slots=True)
class Row:
    """One fault's trials."""

    fault: str
    trials: int
    restored: int
    slowest_seconds: float
    """Of those restored, the one that took longest beside its lease ..."""
    lease_seconds: int
    """... and that lease."""
    clean_seconds: float
    by: dict[str, int]
    failed_seeds: list[int]

    @classmethod
    def of(cls, fault: str, results: Sequence[Result]) -> Row:
        """The row of these trials."""
        good = [result for result in results if not result.failure]
        slowest = max(good, key=lambda result: result.seconds - result.lease, default=None)
        return cls(
            fault,
            len(results),
            len(good),
            round(slowest.seconds, 2) if slowest else 0.0,
            slowest.lease if slowest else 0,
            round(max((result.clean for result in good), default=0.0), 2),
            dict(Counter(result.by for result in good).most_common()),
            [result.seed for result in results if result.failure],
        )


@dataclass(frozen=True, slots=True)
class Summary:
    """All trials."""

    rows: list[Row]
    total: Row
    minutes: float
    injections: int
    """Distinct: the guard's verb or the controller, system call, which of its kind, and the error if it was one."""
    boundaries: int
    """Distinct steps of the guard's verbs at which all of it was killed ..."""
    of_boundaries: int
    """... and how many there are."""
    cuts: int

    @classmethod
    def of(cls, results: Sequence[Result], minutes: float, stepwise: str, boundaries: frozenset[int]) -> Summary:
        """Of these trials; ``stepwise`` is the fault whose seeds are the step boundaries."""
        names = dict.fromkeys(result.fault for result in results)
        at = {result.seed for result in results if result.fault == stepwise and result.injection}
        return cls(
            [Row.of(name, [result for result in results if result.fault == name]) for name in names],
            Row.of("all", results),
            round(minutes, 1),
            len({result.injection for result in results if result.injection}),
            len(at & boundaries),
            len(boundaries),
            sum(result.cuts for result in results),
        )

    def show(self) -> None:
        """Print it."""
        print(
            _COLUMNS.format(
                "fault", "trials", "restored", "slowest s", "of lease", "clean s", "put back by", "failed seeds"
            )
        )
        for row in (*self.rows, self.total):
            print(
                _COLUMNS.format(
                    row.fault,
                    row.trials,
                    row.restored,
                    f"{row.slowest_seconds:.1f}",
                    f"{row.lease_seconds} s",
                    f"{row.clean_seconds:.1f}",
                    ", ".join(f"{who} {count}" for who, count in row.by.items()),
                    ", ".join(map(str, row.failed_seeds)) if row is not self.total else "",
                )
            )
        print(_FOOT)
        total = self.total
        print(
            f"\ntrials                                {total.trials} in {self.minutes} minutes: "
            f"{60 * total.trials / max(self.minutes, 0.1):.0f} an hour\n"
            f"distinct system calls struck          {self.injections}\n"
            f"step boundaries the guard was killed  {self.boundaries} of {self.of_boundaries}\n"
            f"power cuts                            {self.cuts}\n"
            f"slowest restore                       {total.slowest_seconds:.1f} s, of at most "
            f"{total.lease_seconds + SLACK_SECONDS} s\n"
            f"hosts left dirty                      {total.trials - total.restored}"
        )


def as_json(summary: Summary) -> dict[str, object]:
    """The summary for a file."""
    return asdict(summary)
