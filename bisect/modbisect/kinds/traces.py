"""From what was seen to whom to suspect, and why. It ranks, and accuses nobody.

Each moment is shared among the components that claim it, the most specific claim counting most; shares are of the time
in which a request was at work.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from posixpath import dirname, normpath

from modbisect.kinds.every import BY_NAME
from modbisect.kinds.found import Found
from modbisect.kinds.kind import FOR_ITS_LINES
from modbisect.kinds.seen import HELD, HOLDS, KEPT, QUEUED, Look, Moment
from modbisect.model import Component, ComponentId

_OWN_CODE = 1.0
"""The innermost object that a component brings; a file that its configuration names."""
_FURTHER_OUT = 0.1
"""Another object of the stack: it is the caller."""
_FOLDER = 0.5
"""Its configuration names the folder that the file lies in."""
_FEW_NAME = 3
"""A folder that more components name, as /usr/lib, says nothing of any."""
_REACHED = 0.5
"""Its configuration names the other end of the connection that is waited for, or behind which all that happens; where
nobody else has a claim as strong."""
_DIRECTIVE = 0.8
"""Its configuration has a directive that stands for such a wait."""
_NAMES = ("HostnameLookups", "Require:forward-dns", "Require:host", "Deny:from", "Allow:from")
_PATHS = ("realpath_cache_size", "realpath_cache_ttl", "open_basedir")
_CALLS = dict.fromkeys(("realpath", "file_exists", "is_dir", "is_file", "is_link", "stat", "lstat"), _PATHS)
"""By a function of PHP that is at work itself, the directives that make it dear."""
_WAITS = {
    ":53": _NAMES,
    ":5353": _NAMES,
    "/.htaccess": ("AllowOverride", "AllowOverrideList", "AccessFileName"),
    "/sess_*": ("session.auto_start", "session.save_path", "session.save_handler", "session.lazy_write"),
}
"""By what a wait's words hold, the directives that are to blame for it."""
_MUCH = 0.3
_END = re.compile(r"(?:tcp|udp) [^ ,]+:\d+|unix /[^ ,]+")
_RUNS = "R"
_NOBODY: Mapping[str, tuple[str, tuple[str, ...]]] = {
    QUEUED: ("waiting for a process that accepts the connection", ("MaxRequestWorkers",)),
    KEPT: (
        "waiting for a process that accepts the connection, while most wait for the next word of a client",
        ("KeepAliveTimeout", "RequestReadTimeout", "MaxRequestWorkers"),
    ),
    HELD: (
        "held back by the server, with nothing at work for it",
        ("limit_req", "limit_rate", "limit_rate_after", "fastcgi_limit_rate", "proxy_limit_rate"),
    ),
}
"""Where nothing is at work for a request: that in words, and the directives that let it wait."""
_BY_WORD = (*(words for _, words in _NOBODY.values()), *_WAITS.values(), _PATHS)
DIRECTIVES = tuple(dict.fromkeys(word for words in _BY_WORD for word in words))
"""What a look searches the configuration for: words that a line begins with, parted by colons."""


@dataclass(frozen=True, slots=True)
class Suspicion:
    """A component that what was seen speaks against."""

    component: ComponentId
    share: float
    """Of the time in which a request was at work, 0 to 1."""
    why: str
    """What was seen for most of that time."""


def suspicions(look: Look, found: Found, components: Iterable[Component]) -> tuple[Suspicion, ...]:
    """Those that what was seen speaks against, the largest share first.

    The lines of one file claim together what the file would claim: there may be many, and a module beside them is one.
    Files that stand for their lines come last, where nobody allows to look into them.
    """
    every = tuple(components)
    refused = {component.id for component in every if component.pinned != FOR_ITS_LINES}
    parts = tuple(component for component in every if not BY_NAME[component.kind].is_for_lines(component))
    naming = _naming(look, found, parts)
    file_of = {
        component.id: place[0]
        for component in parts
        if not component.loads
        for place in BY_NAME[component.kind].at(found, component)
    }
    shares: dict[ComponentId, float] = {}
    most: dict[ComponentId, tuple[float, str]] = {}
    for moment in look.moments:
        claims = _claims(moment, naming, parts)
        lines = Counter(file_of[component] for component in claims if component in file_of)
        claims = {each: strength / lines.get(file_of.get(each, ""), 1) for each, strength in claims.items()}
        whole = sum(claims.values())
        for component, strength in claims.items():
            seconds = moment.seconds * strength / max(whole, _OWN_CODE)
            shares[component] = shares.get(component, 0.0) + seconds
            if seconds > most.get(component, (0.0, ""))[0]:
                most[component] = (seconds, told(moment))
    busy = max(look.busy, sum(moment.seconds for moment in look.moments), 1e-9)
    ranked = sorted(shares, key=lambda component: (-shares[component], component))
    for_lines = (one for one in stand_for(look, found, every) if one.component in refused)
    return (
        *(Suspicion(component, min(1.0, shares[component] / busy), most[component][1]) for component in ranked),
        *for_lines,
    )


def in_words(look: Look) -> list[tuple[str, float]]:
    """What the requests were at, and the share of their time, the largest first."""
    at = f", which was at: {look.queries[0][0]}" if look.queries else ""
    return _shares(
        look, ((told(moment) + (at if moment.waits_for_database else ""), moment.seconds) for moment in look.moments)
    )


def by_file(look: Look) -> list[tuple[str, float]]:
    """The files of programs that were at work themselves, not only as callers, and their share of the time."""
    innermost = (
        (next((frame.file for frame in moment.frames if frame.file), ""), moment.seconds) for moment in look.moments
    )
    return _shares(look, ((file, seconds) for file, seconds in innermost if file))


def _shares(look: Look, seen: Iterable[tuple[str, float]]) -> list[tuple[str, float]]:
    seconds: dict[str, float] = {}
    for what, how_long in seen:
        seconds[what] = seconds.get(what, 0.0) + how_long
    return sorted(((what, each / max(look.busy, 1e-9)) for what, each in seconds.items()), key=lambda one: -one[1])


def told(moment: Moment) -> str:
    """What a request was at, in words."""
    if moment.state == HOLDS or moment.state in _NOBODY:
        return f"data of {_stack(moment)}" if moment.state == HOLDS else _NOBODY[moment.state][0]
    where = next((f", called from {frame}" for frame in moment.frames[1:] if frame.file), "")
    if moment.frames:
        awaited = moment.wait.partition(" ")[2].rstrip()
        if awaited and moment.state != _RUNS:
            return f"{moment.frames[0]}{where}, waiting for {awaited}"
        # The interpreter runs code of its own pages: what else is at it says more.
        inside = f" (in {_stack(moment)})" if moment.objects and moment.frames[0].file else ""
        return f"{moment.frames[0]}{inside}{where}"
    if moment.wait:
        call, _, what = moment.wait.partition(" ")
        if call == "with":
            return f"running{_within(moment)}, {what} open"
        return f"{call}{f' of {what}' if what else ''}{_within(moment)}"
    return f"running{_within(moment)}"


def _within(moment: Moment) -> str:
    return f", in {_stack(moment)}" if moment.objects else ""


def _stack(moment: Moment) -> str:
    return " < ".join(_base(path) for path in moment.objects[:4])


def _naming(look: Look, found: Found, components: tuple[Component, ...]) -> dict[str, frozenset[ComponentId]]:
    """By a path that was seen, or a directive: the components whose files speak of it."""
    owners: dict[str, set[ComponentId]] = {}
    lines: dict[tuple[str, int], set[ComponentId]] = {}
    for component in components:
        kind = BY_NAME[component.kind]
        own = kind.at(found, component)
        for place in own:
            lines.setdefault(place, set()).add(component.id)
        for path in () if own else kind.traces(found, component):
            owners.setdefault(path, set()).add(component.id)
    naming: dict[str, set[ComponentId]] = {}
    for named in (*look.named, *look.says):
        those = naming.setdefault(named.what, set())
        those |= owners.get(named.file, set())
        for line in named.lines:
            those |= lines.get((real(found, named.file), line), set())
    return {what: frozenset(those) for what, those in naming.items()}


def real(found: Found, path: str) -> str:
    """What a link of the server's configuration leads to, else the path itself."""
    entry = found.entries.get(path)
    return (
        normpath(f"{dirname(path)}/{entry.target}" if entry.target[:1] != "/" else entry.target)
        if entry and entry.target
        else path
    )


def unreached(look: Look, found: Found, components: Iterable[Component]) -> tuple[str, ...]:
    """Files that speak of what the request was at for much of its time, and that no suspect stands for."""
    parts = tuple(components)
    stood_for = {
        path for component in parts if not component.pinned for path in BY_NAME[component.kind].traces(found, component)
    }
    naming: dict[str, set[str]] = {}
    for named in (*look.named, *look.says):
        if not {named.file, real(found, named.file)} & stood_for:
            naming.setdefault(named.what, set()).add(real(found, named.file))
    seconds: dict[str, float] = {}
    for moment in look.moments:
        shown = {*_paths(moment), *_ends(moment), *_words(moment), *moment.objects}
        for file in {file for what in shown for file in naming.get(what, ())}:
            seconds[file] = seconds.get(file, 0.0) + moment.seconds
    least = _MUCH * max(look.busy, 1e-9)
    return tuple(sorted((file for file, each in seconds.items() if each >= least), key=lambda file: -seconds[file]))


def stand_for(look: Look, found: Found, components: Iterable[Component]) -> tuple[Suspicion, ...]:
    """Files that stand for their lines, and speak of what the request was at more than any suspect does.

    What all of them are at, they share.
    """
    parts = tuple(components)
    files = [component for component in parts if BY_NAME[component.kind].is_for_lines(component)]
    suspects = tuple(component for component in parts if not component.pinned and component not in files)
    naming = _naming(look, found, suspects)
    shares: dict[ComponentId, float] = {}
    why: dict[ComponentId, str] = {}
    for moment in look.moments if files else ():
        others = max(_claims(moment, naming, suspects).values(), default=0.0)
        claims = ((each.id, BY_NAME[each.kind].claim(each, moment)) for each in files)
        claimed = [component for component, strength in claims if strength and strength >= others]
        for component in claimed:
            shares[component] = shares.get(component, 0.0) + moment.seconds / max(look.busy, 1e-9) / len(claimed)
            why.setdefault(component, told(moment))
    if sum(shares.values()) < _MUCH:
        return ()
    return tuple(Suspicion(component, min(1.0, share), why[component]) for component, share in shares.items())


def _claims(
    moment: Moment, naming: Mapping[str, frozenset[ComponentId]], components: tuple[Component, ...]
) -> dict[ComponentId, float]:
    """How far the moment speaks against each component."""
    claims: dict[ComponentId, float] = {}
    for those, strength in (
        *_by_objects(moment, components),
        _by_files(moment, naming),
        _by_extension(moment, naming),
        _by_module(moment, naming, components),
        *((naming.get(word, frozenset()) | _named(word, components), _DIRECTIVE) for word in _words(moment)),
        *(({component.id}, BY_NAME[component.kind].claim(component, moment)) for component in components),
    ):
        for component in those:
            claims[component] = max(claims.get(component, 0.0), strength)
    if max(claims.values(), default=0.0) < _REACHED:
        reached = (component for end in _ends(moment) for component in naming.get(end, frozenset()))
        claims |= dict.fromkeys(reached, _REACHED)
    return {component: strength for component, strength in claims.items() if strength}


def _by_objects(moment: Moment, components: tuple[Component, ...]) -> list[tuple[frozenset[ComponentId], float]]:
    """Whose shared objects are on the stack: the innermost is at it, the others have called."""
    owners = [_brings(path, components) for path in moment.objects]
    owned = [those for those in owners if those]
    return [(those, _FURTHER_OUT if at else _OWN_CODE) for at, those in enumerate(owned)]


def _brings(path: str, components: tuple[Component, ...]) -> frozenset[ComponentId]:
    return frozenset(component.id for component in components if _base(path) in component.loads)


def _by_files(moment: Moment, naming: Mapping[str, frozenset[ComponentId]]) -> tuple[frozenset[ComponentId], float]:
    """Whose configuration names the innermost file that any names; else the folder of one."""
    paths = _paths(moment)
    if those := next((naming[path] for path in paths if naming.get(path)), None):
        return those, _OWN_CODE
    folders = (path.rsplit("/", count)[0] for path in paths for count in range(1, path.count("/")))
    return next((naming[one] for one in folders if 0 < len(naming.get(one, ())) <= _FEW_NAME), frozenset()), _FOLDER


def _by_extension(moment: Moment, naming: Mapping[str, frozenset[ComponentId]]) -> tuple[frozenset[ComponentId], float]:
    """Whose configuration sets something of the extension whose function is at work."""
    extension = next((frame.extension for frame in moment.frames if frame.extension), "")
    those = naming.get(f"[{extension.lower()}]", frozenset())
    return (those if len(those) <= _FEW_NAME else frozenset()), _FOLDER


def _by_module(
    moment: Moment, naming: Mapping[str, frozenset[ComponentId]], components: tuple[Component, ...]
) -> tuple[frozenset[ComponentId], float]:
    """Whose configuration has directives of the module at work."""
    module = next((path for path in moment.objects if _brings(path, components)), "")
    those = naming.get(module, frozenset()) - _brings(module, components)
    return (those if len(those) <= _FEW_NAME else frozenset()), _FOLDER


def _named(word: str, components: tuple[Component, ...]) -> frozenset[ComponentId]:
    """A directive that is a component of its own."""
    return frozenset(component.id for component in components if component.name == word)


def _paths(moment: Moment) -> list[str]:
    """Files and programs that it was at, the innermost first."""
    waited = [word for word in moment.wait.split(" ")[1:] if word.startswith("/")]
    return waited + [frame.file for frame in moment.frames if frame.file]


def _ends(moment: Moment) -> list[str]:
    """Names of the connections that it waits for, or that it was reached by, as a look has them."""
    ends = _END.findall(f"{moment.wait} {moment.by}")
    return [end.removeprefix("unix ") for end in ends]


def _words(moment: Moment) -> list[str]:
    if moment.state in _NOBODY:
        return list(_NOBODY[moment.state][1])
    if moment.frames and not moment.frames[0].file and moment.frames[0].function in _CALLS:
        return list(_CALLS[moment.frames[0].function])
    ends = (word.rstrip(",") for word in moment.wait.split(" "))
    return [
        directive
        for end in ends
        for sign, directives in _WAITS.items()
        if (sign in end if sign.startswith("/") else end.endswith(sign))
        for directive in directives
    ]


def _base(path: str) -> str:
    return path.rpartition("/")[2]
