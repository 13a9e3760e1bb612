"""The search, driven: what the planner asks is done on the host and told to it, until it concludes."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from modbisect.model import Ask, Outcome
from modbisect.run.dialogue import Dialogue, larger
from modbisect.run.events import TrialBegan, TrialEnded
from modbisect.run.story import Story
from modbisect.run.trial import Trials
from modbisect.search import Spent


def drive(story: Story, dialogue: Dialogue, checks: Iterable[Callable[[], None]], trials: Trials) -> None:
    """Carry the conversation on to its conclusion. ``checks`` raise before a trial that must not be.

    Raises:
        Fenced, Interrupted, LinkLost, ProbeError: it cannot be carried on; the host may be changed.
    """
    budget, early = story.playbook.budget, ""
    while isinstance(said := dialogue.now, Ask):
        for check in checks:
            check()
        early = story.must_end()
        if not early:
            number = story.number + 1
            story.observe(TrialBegan(number, said))
            try:
                measurement = trials.run(said)
            except Spent as end:
                early = str(end) or story.must_end()
            else:
                story.observe(TrialEnded(number, measurement, story.effort))
                story.note(measurement)
                dialogue.tell(measurement)
        if early:
            dialogue.end(early)
    story.conclude(said)
    more = larger(budget, story.effort, dialogue.problem, story.number, story.shortest)
    left = said.outcome is Outcome.INCONCLUSIVE and (early or more)
    story.resume = story.resume and story.resume + more if left else ""
