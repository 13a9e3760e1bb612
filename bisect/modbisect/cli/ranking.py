"""What a look says of the suspects, for the channel of an incident: it accuses nobody."""

from __future__ import annotations

from collections.abc import Iterator

from modbisect import kinds
from modbisect.kinds import in_words
from modbisect.model import Component
from modbisect.report.blocks import Block, Commands, Heading, Items, Sentence, Table
from modbisect.report.figures import seconds as took
from modbisect.run.domains import Seen, sentences
from modbisect.run.look import Looked, by_share
from modbisect.run.outlook import Scan

_SMALLEST = 0.02
_MOST = 8


def sentence(looked: Looked, why: str) -> str:
    """Who is likeliest, and why nobody is proven."""
    ranked = [each for each in by_share(looked) if each.share >= _SMALLEST]
    times = sorted(request.seconds for request in looked.measured.requests)
    site = f"{looked.probe.method} {looked.probe.url} on {looked.host}"
    how = f"takes {took(times[len(times) // 2])}" if times else "is not answered correctly"
    if looked.measured.broken:
        how += f" ({looked.measured.broken})"
    if not ranked and looked.uncached:
        return f"{site} {how}. {looked.uncached} Nobody is proven: {why}."
    if not ranked:
        return f"{site} {how}; nobody was seen to be at work for it: {why}, so nobody is proven."
    first = ranked[0]
    return (
        f"{site} {how}; the likeliest cause is {first.component}, at work for {first.share:.0%} of the time "
        f"({first.why}). Seen, not proven: {why}."
    )


def blocks(there: Scan, looked: Looked, below: Seen | None = None) -> Iterator[Block]:
    """What stands below that sentence; ``below`` is what was seen from the host's hypervisor meanwhile."""
    by_id: dict[str, Component] = {component.id: component for component in there.components}
    ranked = [each for each in by_share(looked) if each.share >= _SMALLEST][:_MOST]
    if looked.uncached:
        yield Heading(2, "A cache that keeps nothing")
        yield Sentence(looked.uncached)
    if ranked:
        yield Heading(2, "Suspects")
        rows = tuple((each.component, f"{each.share:.0%}", each.why) for each in ranked)
        yield Table(("component", "share of the time", "what was seen"), rows)
        first = [by_id[ranked[0].component]] if ranked[0].component in by_id else []
        if off := kinds.remedies(there.facts, first).get(ranked[0].component):
            yield Heading(2, "Without the first of them")
            yield Sentence(
                "This switches it over for good; try it where a mistake costs less, or with 'modbisect run'."
            )
            yield Commands(off)
            if back := kinds.ways_back(there.facts, first).get(ranked[0].component):
                yield Sentence("This brings it back:")
                yield Commands(back)
    if seen := [f"{share:.0%} {what}" for what, share in in_words(looked.look)[:_MOST] if share >= _SMALLEST]:
        yield Heading(2, "What the request was at")
        yield Items(tuple(seen))
    apart = kinds.unusual(there.components, there.facts)
    changes = [f"{component.id}: {why}" for component, why in apart.items() if why.startswith("changed ")]
    if changes := [*changes, *map(str, kinds.latest(there.facts))][:_MOST]:
        yield Heading(2, "Changed lately")
        yield Items(tuple(changes))
    if below:
        yield Heading(2, "The hypervisor")
        yield from map(Sentence, sentences(below))
    yield Heading(2, "The host")
    yield Sentence("Nothing was changed.")
