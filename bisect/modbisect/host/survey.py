"""Asks a host what it is and has: read-only scripts, one round trip each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from modbisect.errors import Refused
from modbisect.host.guard import Sample
from modbisect.host.helper import reading, script
from modbisect.host.privilege import RootLink
from modbisect.kinds import CONTAINER, Found, Step, SurveyError, parse
from modbisect.model import NOTHING, Asked, Listing
from modbisect.servers import server_of

NO_SERVER = "only Apache, nginx and PHP are switched so far; 'modbisect probe' and 'modbisect canary' measure any site"
"""What to do about a site that another server serves."""
_IN_CONTAINER = (
    "what a container runs is switched in its image and not here: start modbisect against an sshd inside of it; "
    "'modbisect probe' and 'modbisect canary' measure any site"
)


def survey(root: RootLink, listings: Sequence[Listing] = (), asked: Asked = NOTHING) -> Found:
    """Read the facts of a host with a site.

    Args:
        root: the host.
        listings: lists whose entries are components there.
        asked: the page in question, which tells nginx from an Apache behind it, and one PHP from another.

    Raises:
        Refused: the host answers something else, or has no Apache and no nginx in a layout that is known.
    """
    facts = facts_of(root, listings, asked)
    if not server_of(facts).is_there(facts):
        who = answering(facts)
        raise Refused(
            "no Apache and no nginx here as Debian, RHEL and their kin lay it out; "
            + (who or "nobody answers on port 80 or 443"),
            host=root.name,
            state="nothing was changed",
            advice=advice_about(who),
        )
    return facts


def facts_of(root: RootLink, listings: Sequence[Listing] = (), asked: Asked = NOTHING) -> Found:
    """Read a host's facts, whatever it is for.

    Raises:
        Refused: the host answers something else.
    """
    declared = [*asked.lines(), *(each.line() for each in listings)]
    done = root.script("survey", reading("survey"), data="\n".join(declared))
    try:
        return parse(done.text)
    except SurveyError as error:
        raise Refused(
            f"the survey failed: {error}; {done.complaint[-300:]}",
            host=root.name,
            state="nothing was changed",
            advice=f"try 'modbisect scan {root.name}'; report it if it stays",
        ) from error


def answering(facts: Found) -> str:
    """Who answers on the ports of the web; empty where nobody does, or nobody knows."""
    return ", ".join(f"{who} answers on port {port}" for port in (80, 443) if (who := facts.listener(port)))


def advice_about(who: str) -> str:
    """What to do where others answer than this host's own server."""
    return _IN_CONTAINER if CONTAINER in who else NO_SERVER


@dataclass(frozen=True, slots=True)
class ConfigTest:
    """The server's word on one configuration, tested on a copy."""

    ok: bool
    text: str


_AS = {"link": "=", "cut": "#"}
"""Between a path and what becomes of it."""


def config_tests(root: RootLink, configurations: Mapping[str, Sequence[Step]]) -> dict[str, ConfigTest]:
    """Test configurations on a copy in the host's memory: about 40 ms each, nothing restarted or changed.

    Returns:
        An answer for each key; none where the host could not make a copy.
    """
    lines = []
    for key, steps in configurations.items():
        lines.append("\t".join([key, *(step.path + _AS.get(step.kind, "") + step.content for step in steps)]))
    done = root.script("scratch", reading("scratch"), data="\n".join(lines), deadline=30 + len(lines))
    answers = {}
    for line in done.text.splitlines():
        key, status, text = (*line.split("\t", 2), "", "")[:3]
        if key in configurations and status.isdigit():
            answers[key] = ConfigTest(status == "0", text.strip())
    return answers


def sample(root: RootLink) -> Sample:
    """Take a sample of a host on which no guard is armed."""
    if root.helper:
        return Sample.read(root.execute([root.helper, "sample"]).text)
    return Sample.read(root.execute(["/bin/sh", "-s", "sample"], stdin=script()).text)
