"""Kind ``fpm-pool``: what a pool of PHP-FPM holds back, switched by a pool file of ours that is read last."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from modbisect.kinds import php
from modbisect.kinds.found import Found, Line, is_safe_name, once
from modbisect.kinds.kind import Kind, Step
from modbisect.kinds.rules import DropInRule, Rule
from modbisect.kinds.seen import KEPT, QUEUED, Moment
from modbisect.model import Component

DROP_IN = "zzzz-modbisect.conf"
"""FPM reads a pool's further settings behind those it has, and the last one counts."""
_ROOM = "pm.max_children"
_LEAST_ROOM, _MOST_ROOM, _MORE = 32, 200, 4
_NOT_ACCEPTED = 0.8
_OFF = ("", "0", "0s", "no", "off", "false")


@dataclass(frozen=True, slots=True)
class _Setting:
    calm: str
    """What holds nothing back."""
    what: str


_KNOWN = {
    _ROOM: _Setting("", "how many requests it serves at once"),
    "pm": _Setting("static", "when workers are started"),
    "pm.max_requests": _Setting("0", "requests after which a worker begins anew"),
    "process.priority": _Setting("0", "how far others go first"),
    "request_slowlog_timeout": _Setting("0", "stops a slow request to write down where it is"),
    "request_terminate_timeout": _Setting("0", "ends a slow request"),
    "catch_workers_output": _Setting("no", "reads what workers write"),
}


class FpmPool(Kind):
    """A setting of a pool by which requests wait."""

    name = "fpm-pool"
    noun = "FPM pool setting"
    survey = "fpm_pool"
    packages = ("php*-fpm",)
    needs_leave = False

    def components(self, found: Found) -> list[Component]:
        """Those of the FPM that serves, where they hold something back; named after pool and setting."""
        listed = []
        for (pool, setting), line in sorted(_settings(found).items()):
            calm = _KNOWN[setting].calm
            if line.text != calm and not (calm in ("0", "no") and line.text in _OFF) and line.text != "dynamic":
                detail = f"{setting} = {line.text} in {line.path}:{line.number}; {_KNOWN[setting].what}"
                pinned = "" if is_safe_name(pool) else "its pool's name is unusual"
                if php.is_behind(line.path, self.folders(found), DROP_IN):
                    pinned = f"{php.BEHIND} {line.path}"
                name = f"{pool}.{setting}"
                listed.append(Component(self.id(name), self.name, name, on=True, pinned=pinned, detail=detail))
        return listed

    def steps(self, found: Found, flipped: Sequence[Component]) -> list[Step]:
        """One file, with what each pool gets."""
        pools: dict[str, list[str]] = defaultdict(list)
        for component in flipped:
            pool, setting = self._parted(component)
            pools[pool].append(f"{setting} = {_calm(found, pool, setting)}")
        text = "".join(
            f"[{pool}]\n" + "".join(f"{line}\n" for line in sorted(those)) for pool, those in sorted(pools.items())
        )
        return [Step(f"{folder}/{DROP_IN}", "file", text) for folder in self.folders(found) if text]

    def folders(self, found: Found) -> tuple[str, ...]:
        """Where the serving FPM's pools are."""
        sapi = php.serving(found)
        return (sapi.pools,) if sapi and sapi.name == "fpm" else ()

    def units(self, found: Found) -> tuple[str, ...]:
        """That FPM's."""
        return php.units(found) if self.folders(found) else ()

    def traces(self, found: Found, component: Component) -> tuple[str, ...]:
        """The file that sets it."""
        return (_settings(found)[self._parted(component)].path,)

    def rules(self) -> tuple[Rule, ...]:
        """Nothing but what lets requests through."""
        lines = [rf"{re.escape(name)} = {re.escape(setting.calm)}" for name, setting in _KNOWN.items() if setting.calm]
        lines += [rf"{re.escape(_ROOM)} = [0-9][0-9]?[0-9]?", r"\[[A-Za-z0-9][A-Za-z0-9_.+-]*\]"]
        return (DropInRule(self.name, php.POOLS, DROP_IN, tuple(lines)), *php.UNITS)

    def claim(self, component: Component, moment: Moment) -> float:
        """The server waits for a worker that accepts what it passes on."""
        waits = "not accepted" in moment.wait and moment.state not in {QUEUED, KEPT}
        return _NOT_ACCEPTED if waits and component.name.endswith((_ROOM, ".pm")) else 0.0

    def remedy(self, found: Found, component: Component) -> str:
        """No command: the file and the line."""
        pool, setting = self._parted(component)
        return f"# in {_settings(found)[pool, setting].path} write: {setting} = {_calm(found, pool, setting)}"

    def _parted(self, component: Component) -> tuple[str, str]:
        """Pool and setting."""
        setting = max((each for each in _KNOWN if component.name.endswith(f".{each}")), key=len)
        return component.name.removesuffix(f".{setting}"), setting


def _calm(found: Found, pool: str, setting: str) -> str:
    """The value that holds nothing back; of the room, some times what there is."""
    if setting != _ROOM:
        return _KNOWN[setting].calm
    text = _settings(found)[pool, setting].text
    return str(min(max(_MORE * int(text), _LEAST_ROOM), _MOST_ROOM))


@once
def _settings(found: Found) -> dict[tuple[str, str], Line]:
    """By pool and setting: where it is said last, and the value."""
    sapi = php.serving(found)
    if sapi is None or sapi.name != "fpm":
        return {}
    home, pool = f"{sapi.pools}/", ""
    settings = {}
    for line in found.lines("fpm-pools"):
        if not line.path.startswith(home):
            continue
        if match := re.fullmatch(r"\[(.*)\]", line.text):
            pool = match[1]
            continue
        name, _, value = (part.strip() for part in line.text.partition("="))
        if name in _KNOWN and not (name == _ROOM and not re.fullmatch(r"[0-9]{1,4}", value)):
            settings[pool, name] = Line(line.path, value, line.number)
    return settings
