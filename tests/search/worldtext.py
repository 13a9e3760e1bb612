"""A site as a few lines of text: which components make it slow, which it needs, how noisy it is.

See README.md beside the worlds for the words of a header.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from random import Random

from modbisect.judging import level
from modbisect.model import (
    AS_FOUND,
    Aged,
    Ageing,
    Ask,
    Component,
    Conclusion,
    Measurement,
    Outcome,
    Request,
    Symptom,
)
from modbisect.probe.process import thinned
from modbisect.search import Flips, Problem, rehearse
from modbisect.search import bisect as halving
from modbisect.search.problem import Strategy

Expression = Callable[[Flips], bool]
"""True for the flips with which the expression over production states holds."""

ALIASES = {"slow-when-off": "slow"}


@dataclass
class World:
    components: tuple[Component, ...]
    slow: Expression = lambda _: False
    works: Expression = lambda _: True
    home_works: Expression = lambda _: True
    """Of another page than the symptom's."""
    factors: dict[str, float] = field(default_factory=dict)
    """Slower so many times while in production state ..."""
    adds: dict[str, float] = field(default_factory=dict)
    """... or by so many seconds ..."""
    flipped_factors: dict[str, float] = field(default_factory=dict)
    """... or slower so many times once flipped."""
    slowdown: float = 100.0
    fast: float = 0.2
    noise: float = 0.0
    request_noise: float = 0.0
    restart_cures: bool = False
    builds_up: float = 0.0
    """Requests after a restart until it is as slow as it gets."""
    fickle: float = 0.0
    """Chance that a restart comes out slow, whatever is flipped."""
    spell: tuple[int, int, float] = (1, 0, 1.0)
    """From this trial to that one slower by so much, whatever is flipped."""
    seed: int = 1
    max_trials: int = 0

    def seconds(self, flips: Flips, *, restarted: bool = True, sent: int = 0) -> float:
        value = self.fast
        if self.slow(flips) and not (self.restart_cures and restarted):
            built = min(1.0, sent / self.builds_up) if self.builds_up and restarted else 1.0
            value *= 1 + (self.slowdown - 1) * built
        value *= math.prod(factor for name, factor in self.factors.items() if name not in flips)
        value *= math.prod(factor for name, factor in self.flipped_factors.items() if name in flips)
        return value + sum(more for name, more in self.adds.items() if name not in flips)

    def problem(self) -> Problem:
        as_found = self.seconds(frozenset(), restarted=False)
        if self.fickle:
            as_found = self.fast * self.slowdown
        requests = tuple(Request("page", as_found * factor, status=200) for factor in (0.97, 1.0, 1.04))
        return Problem(
            self.components,
            Measurement(AS_FOUND, requests),
            Symptom("page"),
            self.seed,
            max_trials=self.max_trials,
            others=("home",),
        )

    def site(self) -> Callable[[Ask], Measurement]:
        random = Random(self.seed)  # noqa: S311  a seeded site, no secret
        numbers = count(1)
        first, last, factor = self.spell

        def answer(ask: Ask) -> Measurement:
            flips = ask.configuration.flipped
            meanwhile = factor if first <= next(numbers) <= last else 1.0
            if not self.works(flips):
                return Measurement(ask.configuration, broken="status 500")
            broken = "" if self.home_works(flips) else "home: status 500"
            if broken and not ask.through:
                return Measurement(ask.configuration, broken=broken)
            aged = self.aged(flips, ask.age) if ask.age else None
            seconds = self.seconds(flips, sent=aged.requests if aged else 0) * math.exp(random.gauss(0, self.noise))
            if self.fickle:
                seconds = self.fast * (self.slowdown if random.random() < self.fickle else 1.0)
            seconds *= meanwhile
            requests: list[Request] = []
            while len(requests) < ask.requests:
                one = seconds * math.exp(random.gauss(0, self.request_noise))
                requests.append(Request("page", min(one, ask.cap), status=200, censored=one > ask.cap))
                if len(requests) == 2 and all(request.censored for request in requests):
                    break
                if ask.enough and ask.enough([request.seconds for request in requests]):
                    break
            return Measurement(ask.configuration, tuple(requests), broken=broken, aged=aged)

        return answer

    def aged(self, flips: Flips, age: Ageing) -> Aged:
        """What an ageing comes to, one request after the other."""
        sent, passed, shown, curve = 0, 0.0, False, []
        while passed < age.most and (sent < age.requests or passed < age.seconds):
            one = self.seconds(flips, sent=sent)
            sent, passed = sent + 1, passed + one
            curve.append((sent, one))
            if shown := age.shown is not None and one > age.shown:
                break
        return Aged(sent, passed, shown, thinned(curve))

    def run(self, strategy: Strategy = halving) -> tuple[Conclusion, list[tuple[Ask, Measurement]]]:
        return rehearse(self.problem(), strategy, self.site())


def expression(text: str) -> Expression:
    """Parses ``a or (b and c)``; a comma is an ``and`` that binds least."""
    tokens = re.findall(r"[(),]|[^\s(),]+", text)

    def parse(operators: tuple[str, ...] = (",", "or", "and")) -> Expression:
        if not operators:
            token = tokens.pop(0)
            if token == "(":
                inner = parse()
                assert tokens.pop(0) == ")"
                return inner
            return lambda flips: token not in flips
        operator, *tighter = operators
        parts = [parse(tuple(tighter))]
        while tokens and tokens[0] == operator:
            tokens.pop(0)
            parts.append(parse(tuple(tighter)))
        gather = any if operator == "or" else all
        return lambda flips: gather(part(flips) for part in parts)

    result = parse()
    assert not tokens, f"cannot read {text!r}"
    return result


def world(header: str) -> World:  # noqa: C901  one step for each word of a header
    lines: dict[str, str] = {}
    for line in header.splitlines():
        if line.strip() and not line.startswith("#"):
            key, _, value = line.partition(":")
            lines[ALIASES.get(key, key)] = value.strip()

    def words(key: str) -> list[str]:
        return lines.pop(key, "").replace(",", " ").split()

    def pairs(key: str, sign: str) -> list[tuple[str, str]]:
        return [
            (one.strip(), other.strip())
            for one, _, other in (pair.partition(sign) for pair in lines.pop(key, "").split(",") if pair)
        ]

    listed = lines["components"]
    names = words("components")
    if "," not in listed and len(names) == 1 and names[0].isdigit():
        names = [f"c{number:02}" for number in range(1, int(names[0]) + 1)]
    pinned, off, vital, saves = words("pinned"), words("off-in-production"), words("vital"), words("saves")
    seen = {name: float(share) for name, share in pairs("seen", "=")}
    depends, conflicts = pairs("depends", "->"), pairs("conflicts", "><")
    everything = expression("all")
    result = World(
        tuple(
            Component(
                name,
                "php-module",
                name,
                on=name not in off,
                pinned="essential" if name in pinned else "",
                depends=frozenset(b for a, b in depends if a == name),
                conflicts=frozenset(b for a, b in conflicts if a == name),
                vital=name in vital,
                saves=name in saves,
                seen=seen.get(name, 0.0),
            )
            for name in names
        )
    )
    if "slow" in lines:
        text = lines.pop("slow")
        result.slow = everything if text == "always" else expression(text)
    if "breaks-without" in lines:
        result.works = expression(lines.pop("breaks-without"))
    if "home-breaks-without" in lines:
        result.home_works = expression(lines.pop("home-breaks-without"))
    if "needs" in lines:
        result.works = _undeclared(pairs("needs", "->"))
    for key in ("factors", "adds", "flipped-factors"):
        entries = [entry.split() for entry in lines.pop(key, "").split(",") if entry]
        setattr(result, key.replace("-", "_"), {name: float(value) for name, value in entries})
    for key in ("slowdown", "fast", "noise", "request-noise", "fickle"):
        if key in lines:
            setattr(result, key.replace("-", "_"), float(lines.pop(key)))
    if "spell" in lines:
        from_trial, to_trial, slower = lines.pop("spell").split()
        result.spell = int(from_trial), int(to_trial), float(slower)
    result.builds_up = float(lines.pop("builds-up", "0"))
    result.restart_cures = lines.pop("restart-cures", "no") == "yes"
    result.seed = int(lines.pop("seed", "1"))
    result.max_trials = int(lines.pop("max-trials", "0"))
    assert not lines, f"unknown words in the header: {', '.join(lines)}"
    return result


def _undeclared(needs: list[tuple[str, str]]) -> Expression:
    """What works only with another component, unknown to the planner."""
    return lambda flips: not any(one not in flips and other in flips for one, other in needs)


# --- what a conversation looks like on paper -----------------------------------------------------


def transcript(conclusion: Conclusion, trials: list[tuple[Ask, Measurement]], everyone: list[str]) -> str:
    return "\n".join((*_trials(trials, everyone), "", *_conclusion(conclusion), ""))


def _trials(trials: list[tuple[Ask, Measurement]], everyone: list[str]) -> Iterator[str]:
    for ask, measurement in trials:
        flips = ask.configuration.flipped
        yield f"{ask.stage:8} {_seen(measurement):>8}  {_names(flips, everyone)}  # {ask.why}"


def _seen(measurement: Measurement) -> str:
    if measurement.broken:
        return "BROKEN"
    here = level(measurement)
    return f"{'>' if here.censored else ''}{here.seconds:.2g} s"


def _names(flips: Flips, everyone: list[str]) -> str:
    rest = [name for name in everyone if name not in flips]
    if not flips:
        return "as found"
    if len(rest) < len(flips):
        return f"all but {_ranges(rest, everyone)}" if rest else "all"
    return _ranges([name for name in everyone if name in flips], everyone)


def _ranges(names: list[str], everyone: list[str]) -> str:
    """Neighbours are drawn together: ``c01..c08``."""
    runs: list[list[str]] = []
    for name in names:
        if runs and everyone.index(name) == everyone.index(runs[-1][-1]) + 1:
            runs[-1].append(name)
        else:
            runs.append([name])
    return " ".join("..".join((run[0], run[-1])) if len(run) > 2 else " ".join(run) for run in runs)


def _conclusion(conclusion: Conclusion) -> Iterator[str]:
    yield f"{conclusion.outcome.upper()}: {conclusion.reason}"
    for finding in conclusion.findings:
        here = finding.effect
        sign = ">" if here.censored else ""
        also = f", also flipped: {' '.join(finding.also_flipped)}" if finding.also_flipped else ""
        yield (
            f"{finding.kind}: {' + '.join(finding.components)}: {sign}x{here.ratio:.3g},"
            f" {here.before_seconds:.3g} s -> {here.after_seconds:.3g} s{also}"
        )
    for one in conclusion.untestable:
        yield f"untestable: {one.component}: {one.reason}"
    if conclusion.residual:
        yield f"residual: x{conclusion.residual.ratio:.2g}"
    for cost in conclusion.costs:
        yield f"cost: {cost.component}: x{cost.effect.ratio:.2g}"
    if conclusion.outcome is Outcome.INCONCLUSIVE or conclusion.suspects_left:
        yield f"suspects left: {' '.join(conclusion.suspects_left)}"
    for warning in conclusion.warnings:
        yield f"warning: {warning}"
