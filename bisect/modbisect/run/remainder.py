"""What is left of a slow request where the proven culprits alone are switched over: a look at it, for the report.

A smaller contributor hides behind a larger one, and a cure may hide another: who is at work then was perhaps not seen
before. Nobody is accused for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from modbisect.errors import ModbisectError
from modbisect.host.privilege import RootLink
from modbisect.judging import level
from modbisect.kinds import in_words, opened_by, suspicions, told_in
from modbisect.model import ComponentId, Configuration, Outcome
from modbisect.report import proven
from modbisect.run.events import Remaining, Stage
from modbisect.run.lines import with_lines
from modbisect.run.look import OF_A_REQUEST, Beside, look_at
from modbisect.run.story import Story
from modbisect.run.telling import accused
from modbisect.run.trial import Trials
from modbisect.search import Spent

_MUCH = 0.25
"""Of the time as found."""
_LEAST_SECONDS = 0.1
"""Where no playbook says what is slow."""
_LOOKING = 4
"""It gets one in so many of the requests that are left."""
_WORTH_TELLING = 0.3
"""Share of what is left."""


def remaining(story: Story) -> float:
    """Seconds that a request still takes behind the cure, where that is worth a look; else 0."""
    said, found, symptom = story.past.conclusion, story.past.found, story.playbook.symptom
    if said is None or said.outcome is not Outcome.FOUND or found is None or found.measure not in OF_A_REQUEST:
        return 0.0
    effects = [finding.effect for finding in said.findings if proven(finding)]
    if len(effects) < len(said.findings) or any(effect.after_censored for effect in effects):
        return 0.0
    left = min(effect.after_seconds for effect in effects)
    slow = (symptom and symptom.slower_than) or _LEAST_SECONDS
    return left if left >= max(slow, _MUCH * level(found).seconds) else 0.0


def look_behind_the_cure(story: Story, trials: Trials, root: RootLink, beside: Beside) -> None:
    """Switch the proven culprits over, and look at what is left.

    What goes wrong here, a signal as well, is told on the way: the verdict stands, and the host is put back as ever.
    """
    said, seconds = story.past.conclusion, remaining(story)
    if not seconds or said is None or story.past.asked is None or story.facts is None or story.must_end():
        return
    budget, effort = story.playbook.budget, story.effort
    left = None if budget.requests is None else (budget.requests - effort.requests) // _LOOKING
    if (budget.restarts and effort.restarts >= budget.restarts) or left == 0:
        return
    names, facts = accused(said), story.facts
    story.observe(
        Stage(f"looking at what is left with {', '.join(sorted(names))} switched over", "look behind the cure")
    )
    ask = replace(story.past.asked, configuration=Configuration(names), stage="search", enough=None)
    try:
        if broken := trials.run(ask).broken:
            story.observe(Stage(f"not looked at it: {broken}"))
            return
        components = story.past.components
        looked = look_at(
            root, story.host, story.playbook, beside.seconds, found=facts, components=components, most=left
        )
    except (ModbisectError, Spent) as error:
        story.observe(Stage(f"not looked at it: {error.what if isinstance(error, ModbisectError) else error}"))
        return
    story.looking += len(looked.measured.requests)
    if not (words := in_words(looked.look)):
        return
    components = with_lines(story.playbook, facts, components, looked.look)
    suspected = tuple(
        one
        for one in suspicions(looked.look, facts, components)
        if one.component not in names and one.share >= _WORTH_TELLING
    )
    known = {component.id: component for component in components}
    told = told_in(facts, [known[one.component] for one in suspected])
    files = tuple(dict.fromkeys((*told, *(path for one in suspected for path in _files(one.component)))))
    story.observe(Remaining(seconds, suspected, *words[0], files))


def _files(component: ComponentId) -> Iterator[str]:
    """Those to look into where it is to blame; of a line its own."""
    yield from opened_by([component])
    path, _, number = component.partition(":")[2].rpartition(":")
    if number.isdigit():
        yield path
