"""A conversation led again from a journal, to go on from its end; nothing is measured for it."""

from __future__ import annotations

from dataclasses import replace
from math import isclose

from modbisect.errors import Refused, UsageError
from modbisect.model import Ask, Conclusion
from modbisect.playbook import Budget
from modbisect.report import Report
from modbisect.run.dialogue import Dialogue, larger, spent
from modbisect.run.past import Past


def resumed(before: Past, budget: Budget) -> Dialogue:
    """The conversation led again up to where the journal ends: nothing is measured.

    Raises:
        UsageError: the run ended before its search.
        Refused: the planner of this version asks something else than the one that wrote the journal.
    """
    if before.posed is None:
        raise UsageError(
            f"run {before.run[:8]} ended before its search, so there is nothing to go on from",
            state="no host was touched",
            advice="start it again with 'modbisect run', or name an earlier run",
        )
    problem = replace(before.posed.problem, max_trials=budget.restarts or 0)
    dialogue = Dialogue(problem, before.posed.strategy)
    for trial in before.trials:
        if not isinstance(dialogue.now, Ask) or not _same(dialogue.now, trial.ask):
            raise Refused(
                f"at trial {trial.number} the planner of this version wants something else than that of modbisect "
                f"{before.began.version}, which wrote the journal: {_brief(dialogue.now)}, not {_brief(trial.ask)}",
                host=before.began.host,
                state="no host was touched",
                advice="start it again with 'modbisect run', or resume it with the version that began it",
            )
        dialogue.tell(trial.measurement)
    return dialogue


def finished(before: Past, dialogue: Dialogue, budget: Budget) -> Report | None:
    """The report of a run that nothing can be added to: it came to its end, or its budget is as spent as it was.

    Raises:
        UsageError: the budget is spent, and there is no report, since the run was killed.
    """
    report = before.report
    if isinstance(dialogue.now, Conclusion):
        return report if report and report.outcome is dialogue.now.outcome else None
    why = spent(budget, before.effort)
    if why and report is None:
        more = larger(budget, before.effort, dialogue.problem, len(before.trials))
        raise UsageError(
            why, state="no host was touched", advice=f"give it more: modbisect resume {before.run[:8]}{more}"
        )
    return report if why else None


def _same(one: Ask, other: Ask) -> bool:
    """What is for a person may differ."""

    def asked(ask: Ask) -> tuple[object, ...]:
        return ask.configuration, ask.requests, ask.stage, ask.measure, ask.age is None, ask.through

    return asked(one) == asked(other) and isclose(one.cap, other.cap)


def _brief(said: Ask | Conclusion) -> str:
    if isinstance(said, Conclusion):
        return f"to conclude ({said.outcome})"
    return f"{len(said.configuration.flipped)} flipped, {said.requests} requests ({said.why})"
