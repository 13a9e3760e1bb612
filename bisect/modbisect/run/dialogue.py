"""A conversation with a planner while it is under way: what it asks now, or what it has concluded."""

from __future__ import annotations

from collections.abc import Callable

from modbisect.model import Ask, Conclusion, Measurement
from modbisect.playbook import Budget, format_seconds
from modbisect.run.events import Effort
from modbisect.search import Problem, Spent, conversation


class Dialogue:
    """The conversation about one problem."""

    now: Ask | Conclusion
    """What the planner has said last."""

    def __init__(self, problem: Problem, strategy: str) -> None:
        self.problem = problem
        self._talk = conversation(problem, strategy)
        self._go(lambda: next(self._talk))

    def tell(self, measurement: Measurement) -> None:
        """Answer what it asks."""
        self._go(lambda: self._talk.send(measurement))

    def end(self, reason: str) -> None:
        """Ask for its conclusion from what it knows by now."""
        self._go(lambda: self._talk.throw(Spent(reason)))

    def _go(self, step: Callable[[], Ask]) -> None:
        try:
            self.now = step()
        except StopIteration as end:
            self.now = end.value


def spent(budget: Budget, effort: Effort, shortest: float = 0.0) -> str:
    """Which budget is spent, in words; empty when none is. That of restarts the planner keeps itself.

    ``shortest``: seconds of a trial, at the least; one that could not end in time does not begin.
    """
    if budget.seconds is not None and effort.seconds >= budget.seconds:
        return f"the time budget of {format_seconds(budget.seconds)} is spent"
    if budget.seconds is not None and effort.seconds + shortest > budget.seconds:
        left = budget.seconds - effort.seconds
        return (
            f"the time budget of {format_seconds(budget.seconds)} is spent but for {left:.1f} s, "
            f"and a trial takes {shortest:.1f} s"
        )
    if budget.requests is not None and effort.requests > budget.requests:
        return f"the budget of {budget.requests} requests is spent"
    if budget.downtime is not None and effort.downtime_seconds >= budget.downtime:
        return f"the budget of {format_seconds(budget.downtime)} of downtime is spent"
    return ""


def larger(budget: Budget, effort: Effort, problem: Problem, trials: int, shortest: float = 0.0) -> str:
    """The option of `modbisect resume` that doubles the spent budget; empty when none is.

    ``shortest``: seconds of a trial, at the least.
    """
    if budget.seconds is not None and effort.seconds + shortest > budget.seconds:
        return f" --time {format_seconds(2 * budget.seconds)}"
    if budget.requests is not None and effort.requests > budget.requests:
        return f" --requests {2 * budget.requests}"
    if budget.downtime is not None and effort.downtime_seconds >= budget.downtime:
        return f" --downtime {format_seconds(2 * budget.downtime)}"
    return f" --restarts {2 * problem.budget}" if trials >= problem.budget else ""
