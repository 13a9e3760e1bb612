"""The table, line by line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from bound import bound
from contest import Record, interval
from noise import USUAL
from oracle import ENOUGH, Tuned
from sites import FAST, RESTART, Case

HEAD = (
    f"{'case':16} {'N':>3} {'bound':>6}  {'strategy':32} {'right':>6} {'(95 %)':>11} {'wrong':>8} {'upto':>5}"
    f" {'open':>4} {'median':>6} {'p90':>5} {'reqs':>6} {'time':>8} {'CPU/dec.':>9} {'restarts':>8} {'time':>5}"
)
_NOTES = """\
{worlds} sites a row ({large} from 128 components on), from site {seed} on. Restart {restart:g} s, page {fast:g} s,
luck of restarts {luck:.0%}, scatter of requests {scatter:.0%}, {tail:.0%} of them x{slower:g}, drift {drift:.0%}.
A case with a / has another noise. Warm-up requests are counted for nobody.
bound: restarts that information theory asks for, with no end of requests in each, and with 15.
right: the whole truth and nothing else. wrong: accused an innocent, or acquitted all where there is a culprit; upto:
the upper end of its 95 % interval. open: inconclusive. median, p90: restarts of a whole run, with baseline and
confirmation; reqs, time: medians of requests and of simulated time. CPU/dec.: processor time for each restart.
Peers have the setting that takes the least time of those that are right in {enough:.1%} of these very sites, or as
often as the first strategy of the row; x: no setting is, and the best is shown. They have to name components, not
which of them belong together. Last columns: restarts and time beside the best peer in each that is right so often;
-: none is."""


@dataclass(frozen=True, slots=True)
class Block:
    """Everyone's records of one case with so many components."""

    case: Case
    size: int
    target: float
    """Share of right answers that a peer has to reach."""
    ours: Sequence[Record]
    peers: Sequence[Tuned]

    def lines(self) -> Iterator[str]:
        """One for each contestant."""
        able = [one for one in self.peers if one.fewest]
        restarts = min((one.fewest.restarts for one in able if one.fewest), default=0)
        seconds = min((one.shown.seconds for one in able), default=0)
        for one in self.ours:
            yield self._line(one, f"{_ratio(one.restarts, restarts):>8} {_ratio(one.seconds, seconds):>5}")
        for peer in self.peers:
            yield self._line(peer.shown, "" if peer.fewest else f"{'x':>8}")

    def _line(self, one: Record, beside: str) -> str:
        low, high = interval(one.right, one.of)
        few, more = (round(restarts) for restarts in bound(self.case, self.size))
        return (
            f"{one.row.case:16} {one.row.size:3} {f'{few}-{more}':>6}  {f'{one.row.name} {one.row.setting}':32}"
            f" {one.share:6.1%} [{low:4.0%},{high:5.0%}]"
            f" {one.wrong:3}/{one.of:<4} <{interval(one.wrong, one.of)[1]:4.0%} {one.of - one.settled:4}"
            f" {one.restarts:6.0f} {one.restarts_p90:5} {one.requests:6.0f} {one.seconds:6.0f} s"
            f" {1000 * one.processor:6.1f} ms {beside}"
        ).rstrip()


def _ratio(ours: float, theirs: float) -> str:
    return f"x{ours / theirs:.2f}" if theirs else "-"


def notes(worlds: int, worlds_large: int, seed: int, cases: Iterable[Case]) -> str:
    """What the columns are, and the cases."""
    share, slower = USUAL.tail
    text = _NOTES.format(
        worlds=worlds,
        large=worlds_large,
        seed=seed,
        restart=RESTART,
        fast=FAST,
        luck=USUAL.luck,
        scatter=USUAL.scatter,
        tail=share,
        slower=slower,
        drift=USUAL.drift,
        enough=ENOUGH,
    )
    kinds = (f"  {one.name:16} {one.text}" for one in cases)
    return "\n".join((text, *kinds))


def missed(size: int, there: Iterable[Record], both: Sequence[Record]) -> Iterator[str]:
    """What those miss who have just said that there is nothing, and what it takes to be right in both."""
    told = ", ".join(f"{_name(one)} {one.share:.0%}" for one in there)
    yield f"  With the same settings, but one culprit x1.5 among {size}, right in: {told}."
    able = ", ".join(f"{_name(one)}: {one.restarts:.0f} restarts, {one.seconds:.0f} s" for one in both)
    yield f"  Peers' settings that are right so often in both, and what they take to say 'nothing': {able or 'none'}."


def _name(one: Record) -> str:
    return f"{one.row.name} {one.row.setting}".strip()


def calibration(name: str, records: Sequence[Record]) -> Iterator[str]:
    """Of the verdicts given, which is at 99 % or not at all, how many hold."""
    for what, here in (
        ("noise as assumed", [one for one in records if "/" not in one.row.case]),
        ("other noise", [one for one in records if "/" in one.row.case]),
    ):
        given = sum(one.settled for one in here)
        if not given:
            continue
        right, wrong = sum(one.right for one in here), sum(one.wrong for one in here)
        low, high = interval(right, given)
        yield (
            f"{name}, {what}: of {given} verdicts given {right} were the whole truth, {right / given:.2%}"
            f" [{low:.2%}, {high:.2%}]; {wrong} wrong, {max(0, given - right - wrong)} a part of it;"
            f" {sum(one.of for one in here) - given} left open"
        )
