"""What a run learns of a host before anything is switched: what is there, how slow it is, what may be asked."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import Literal

from modbisect import kinds
from modbisect.errors import LinkLost, NothingInside, ProbeError, Refused
from modbisect.host.look import look_at_memory
from modbisect.host.privilege import RootLink
from modbisect.host.survey import config_tests, survey
from modbisect.judging import level
from modbisect.kinds import Found, Look, in_words, suspicions
from modbisect.model import Component, Conclusion, Measure, Measurement, Outcome, Symptom
from modbisect.playbook import Playbook, format_seconds
from modbisect.run import in_front, preflight, requirements, same
from modbisect.run.dialogue import Dialogue
from modbisect.run.domains import Identity, load
from modbisect.run.events import (
    FoundSlow,
    Looked,
    Posed,
    Stage,
    Warned,
)
from modbisect.run.hypervisor import Watch
from modbisect.run.lines import with_lines
from modbisect.run.look import OF_A_REQUEST, Beside, look_at
from modbisect.run.options import Options
from modbisect.run.past import Past
from modbisect.run.replay import resumed
from modbisect.run.story import Story
from modbisect.run.telling import alike_in_vain, with_leave
from modbisect.run.trial import Watcher
from modbisect.search import Problem

_EVERY = ("*",)
_WORTH_TELLING = 0.3
"""Share of the slow request's time."""
_ALLOW_FIRST = (
    "no kind of those that may be switched was seen at a third as much: to stop here (Ctrl-C) and let that be switched "
    "first may be quicker; the run goes on among the others"
)
_LOOKING = 4
"""Looking gets one in so many requests of the budget."""


def suspects_of(playbook: Playbook, facts: Found) -> tuple[Component, ...]:
    """The host's components, with all that is no suspect in this playbook pinned."""
    select = playbook.select
    into = kinds.brought(facts, select.into)
    return kinds.select(
        kinds.discover(facts, into),
        facts,
        include=[f"*:{path}:*" for path in into] or select.include,
        keep=(*select.keep, *kinds.kept(playbook.listings)),
        off=select.off,
        allow_security=select.allow_security,
        together=select.together,
    )


def surveyed(story: Story, options: Options, root: RootLink, watch: Watch | None) -> Found:
    """What the host is and has.

    Raises:
        Refused: a run may not begin there, or the host is no longer the one to go on with.
    """
    story.observe(Stage("looking at what is there", "survey"))
    facts = story.facts = survey(root, story.playbook.listings, in_front.asked(story.host, story.playbook))
    chosen = suspects_of(story.playbook, facts)
    _refuse_closed(story, facts, chosen)
    components = tuple(
        replace(component, vital=component.vital or component.id in options.needed) for component in chosen
    )
    asked = None if story.by_hand else story.playbook
    seen = watch.before(facts) if watch else None
    preflight.check(story.host, facts, components, playbook=asked, accept_drift=options.accept_drift, seen=seen)
    if seen and seen.place.identity is Identity.UNKNOWN:
        story.observe(Warned(seen.place.said))
    for said in (preflight.left_open(facts, components), in_front.beside(story.host, facts)):
        if said:
            story.observe(Warned(said))
    preflight.agree_to_open(story.host, facts, components, given=options.open_security, ask=options.ask)
    surveyed = same.state_of(root, facts, components)
    if story.before and story.before.surveyed:
        same.refuse_another(story.host.name, story.before.surveyed, surveyed)
    else:
        story.observe(surveyed)
    return facts


def _refuse_closed(story: Story, facts: Found, components: tuple[Component, ...]) -> None:
    into = kinds.brought(facts, story.playbook.select.into)
    if into and not any(kinds.is_inside(component, into) for component in components):
        raise NothingInside(
            f"there is nothing to look into in {', '.join(into)}: the server reads no such file, "
            "or no line of it could be switched",
            host=story.host.name,
            state="nothing was changed",
            advice="name a file as the server's own folders (*-available) have it, with its whole path",
        )


def gone_on(story: Story, before: Past, found: Measurement, options: Options) -> Dialogue:
    """The conversation of an earlier run, led again up to its end.

    Raises:
        Refused: as found the site is no longer what it was then.
    """
    dialogue = options.dialogue or resumed(before, story.playbook.budget)
    problem = dialogue.problem
    same.refuse_other_times(story.host.name, problem.found, found, problem.symptom)
    return dialogue


def beside(story: Story, facts: Found, options: Options, root: RootLink) -> Beside | None:
    """What may be done on the host while a slow request is under way; None where nobody is to look."""
    symptom = story.playbook.symptom
    looks = options.look_seconds and not story.by_hand and not story.before
    if not looks or (symptom and symptom.measure not in OF_A_REQUEST):
        return None
    return Beside(root, options.look_seconds, lambda: _needs(story, facts, root))


def _needs(story: Story, facts: Found, root: RootLink) -> tuple[Component, ...]:
    return requirements.learn(story.past.components, facts, lambda wanted: config_tests(root, wanted))


def begun(
    story: Story, facts: Found, found: Measurement, options: Options, *, root: RootLink, beside: Beside | None
) -> Dialogue:
    """A conversation about what the configuration tests leave to be switched."""
    components = beside.learned if beside else None
    if components is None:
        story.observe(Stage("asking, on a copy, what the configuration needs", "configuration tests"))
        components = _needs(story, facts, root)
    playbook = story.playbook
    if beside:
        components = _seen_at_work(story, facts, components, root, beside)
    elif options.look_seconds and playbook.symptom and playbook.symptom.measure is Measure.MEMORY and not story.by_hand:
        components = _seen_to_hold(story, facts, components, root)
    plain = Symptom(playbook.symptom_probes[0].name)
    problem = Problem(
        components,
        found,
        plain if story.by_hand else playbook.symptom or plain,
        seed=options.seed,
        max_trials=playbook.budget.restarts or 0,
        visitors=not story.by_hand,
        others=tuple(probe.name for probe in playbook.probes if probe not in playbook.symptom_probes),
    )
    story.observe(Posed(problem, playbook.strategy))
    return Dialogue(problem, playbook.strategy)


def _seen_at_work(
    story: Story, facts: Found, components: tuple[Component, ...], root: RootLink, beside: Beside
) -> tuple[Component, ...]:
    """The components with the share of the slow request's time that each was seen at; a run does without."""
    budget = story.playbook.budget.requests
    left = None if budget is None else (budget - story.effort.requests) // _LOOKING
    seen = beside.look
    if seen is None and (left is None or left > 0):
        story.observe(Stage("looking at what the slow request is doing", "look"))
        try:
            looked = look_at(
                root, story.host, story.playbook, beside.seconds, found=facts, components=components, most=left
            )
        except (Refused, ProbeError, LinkLost) as error:
            story.observe(Stage(f"not looked at what it is doing: {error.what}"))
            return components
        story.looking, seen = len(looked.measured.requests), looked.look
    return components if seen is None else _suspected(story, facts, components, seen)


def _seen_to_hold(
    story: Story, facts: Found, components: tuple[Component, ...], root: RootLink
) -> tuple[Component, ...]:
    """The components with the share of the largest process's memory that each one's data fills; a run does without."""
    story.observe(Stage("looking at whose data fills the memory", "look"))
    try:
        seen = look_at_memory(root)
    except (Refused, LinkLost) as error:
        story.observe(Stage(f"not looked at whose data it is: {error.what}"))
        return components
    return _suspected(story, facts, components, seen, of="memory")


def _suspected(
    story: Story, facts: Found, components: tuple[Component, ...], seen: Look, of: Literal["time", "memory"] = "time"
) -> tuple[Component, ...]:
    """The components with what was seen of each."""
    if not (words := in_words(seen)):
        return components
    if story.playbook.select.include == _EVERY and not story.playbook.select.into:
        components = with_lines(story.playbook, facts, components, seen)
    suspected = suspicions(seen, facts, components)
    stay = {component.id: component.pinned for component in components if component.pinned}
    alone = ((one.component, one.share, with_leave(stay[one.component])) for one in suspected if one.component in stay)
    staying = [*alone, *alike_in_vain(suspected, stay)]
    for those, share, why in staying:
        if share >= _WORTH_TELLING:
            story.observe(Stage(f"{those} may have to do with {share:.0%} of that, and stay as found: {why}"))
    tried: defaultdict[str, float] = defaultdict(float)
    for one in suspected:
        tried[one.component.partition(":")[0]] += 0.0 if one.component in stay else one.share
    most = max((share for _, share, why in staying if "allow" in why), default=0.0)
    if most >= _WORTH_TELLING and max(tried.values(), default=0.0) < most / 3:
        story.observe(Stage(_ALLOW_FIRST))
    story.observe(Looked(seen.seconds, seen.busy, suspected, *words[0], of))
    shares = {one.component: one.share for one in suspected}
    return tuple(replace(component, seen=round(shares.get(component.id, 0.0), 4)) for component in components)


def look(story: Story, watcher: Watcher, facts: Found) -> Measurement:
    """Measure the host as found, before anything is touched.

    Raises:
        Refused: its site does not work, or answers through what may keep a broken trial's answers.
    """
    if not story.by_hand:
        story.observe(Stage(f"measuring {story.playbook.shown_by} as found: a complete request", "as found"))
    found = watcher.found()
    story.learned, story.outside = watcher.learned, watcher.outside
    in_front.refuse_cache(story.host, facts, story.playbook, story.learned)
    for said in (in_front.kept_in_front(story.outside), in_front.keeps_nothing(facts, story.learned)):
        if said:
            story.observe(Warned(said))
    story.observe(FoundSlow(found))
    story.note(found)
    return found


def look_below(story: Story, facts: Found, watch: Watch) -> None:
    """Tell what else the host's hypervisor was at while the site was measured as found."""
    for said in load(watch.after(facts)):
        story.observe(Warned(said.removesuffix(".")))


def not_slow(story: Story, found: Measurement) -> Conclusion | None:
    """Where there is nothing to look for, that."""
    symptom = story.playbook.symptom
    if symptom is None or symptom.slower_than is None or story.by_hand or level(found).seconds >= symptom.slower_than:
        return None
    limit = format_seconds(symptom.slower_than)
    return Conclusion(Outcome.NOT_SLOW, reason=f"as found it is not slow: nothing above {limit} to look for")
