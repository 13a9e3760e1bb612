"""The cure: after a proven verdict the culprits alone stay switched over, and the guard counts down."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from modbisect.errors import ModbisectError
from modbisect.model import Configuration, Outcome
from modbisect.report import proven
from modbisect.run.events import Curing, Stage, Warned
from modbisect.run.story import Story
from modbisect.run.trial import Trials
from modbisect.search import Spent

SHORTEST_SECONDS = 60
LONGEST_SECONDS = 24 * 60 * 60


def cured(story: Story, trials: Trials, seconds: int) -> bool:
    """Switch exactly the proven culprits over; whether the site works so, and the host may be left like that.

    What goes wrong here is a warning: the verdict stands, and the host is put back as ever.
    """
    said = story.past.conclusion
    flipped = frozenset(
        component
        for finding in (said.findings if said else ())
        if proven(finding)
        for component in (*finding.components, *finding.also_flipped)
    )
    why_not = ""
    if said is None or said.outcome is not Outcome.FOUND or not flipped or story.past.asked is None:
        why_not = "no culprit was proven"
    elif story.closes and (story.closes - datetime.now(UTC)).total_seconds() <= seconds:
        why_not = f"the maintenance window closes at {story.closes:%H:%M %Z}, before the host would be put back"
    else:
        story.observe(Stage("switching the proven culprits over, to be left so", "cure"))
        ask = replace(story.past.asked, configuration=Configuration(flipped), stage="search", enough=None)
        try:
            story.observe(Curing(tuple(sorted(flipped)), seconds))
            why_not = trials.run(ask).broken
        except (ModbisectError, Spent) as error:
            why_not = error.what if isinstance(error, ModbisectError) else str(error)
    if why_not:
        story.observe(Warned(f"nothing is kept switched over: {why_not}"))
    return not why_not
