"""Kind ``systemd-setting``: what an administrator's drop-in for a server's unit holds it back by, or sets for it.

The web's servers, and an application's own where root allows its restart.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence

from modbisect.kinds import php
from modbisect.kinds.app_setting import GUARDS
from modbisect.kinds.found import Found, Line, once
from modbisect.kinds.kind import ALLOW, OwnLines
from modbisect.kinds.rules import EditRule, Rule
from modbisect.model import Component

_SETTINGS = (
    "CPUQuota|CPUWeight|CPUShares|CPUAffinity|AllowedCPUs|Nice|MemoryHigh|MemoryMax|MemoryLimit|MemorySwapMax|"
    "IOWeight|IOReadBandwidthMax|IOWriteBandwidthMax|IOReadIOPSMax|IOWriteIOPSMax|TasksMax|LimitNOFILE|LimitNPROC|"
    "LimitAS|IOSchedulingClass|IOSchedulingPriority|CPUSchedulingPolicy"
)
_PATH = r"/etc/systemd/system([.]control)?/([A-Za-z0-9@_-][A-Za-z0-9@_.-]*)[.]service([.]d/[A-Za-z0-9_.+-]+[.]conf)?"


class SystemdSetting(OwnLines):
    """A limit of a server's unit, or a variable; without its lines systemd's own default counts, or the package's."""

    name = "systemd-setting"
    noun = "systemd setting"
    survey = "systemd_setting"
    packages = ("systemd",)
    needs_leave = False
    rests = True

    def components(self, found: Found) -> list[Component]:
        """Those of the servers at work, named after unit and setting or variable."""
        web = {unit.removesuffix(".service") for unit in php.units(found)}
        own = _applications(found)
        return [
            Component(
                self.id(name),
                self.name,
                name,
                on=True,
                pinned="" if unit in web or own[unit] else ALLOW.format(f"unit {unit}.service"),
                detail=f"{lines[-1].text} in {lines[-1].path}:{lines[-1].number}",
            )
            for name, lines in sorted(_lines(found).items())
            if (unit := name.rpartition(".")[0]) in web or unit in own
        ]

    def lines(self, found: Found) -> Mapping[str, Sequence[Line]]:
        """Those of the files that the survey has read."""
        return _lines(found)

    def units(self, found: Found) -> tuple[str, ...]:
        """Apache's, an FPM's that serves, and those that root allows."""
        named = {name.rpartition(".")[0] for name in _lines(found)}
        own = (f"{unit}.service" for unit, allowed in _applications(found).items() if allowed and unit in named)
        return tuple(dict.fromkeys((*php.units(found), *own)))

    def rules(self) -> tuple[Rule, ...]:
        """Lines of limits, and of variables that guard no access; which units are restarted beside, root says."""
        return (
            EditRule("cut", self.name, _PATH, rf"[ \t]*({_SETTINGS})[ \t]*=.*"),
            EditRule("cut", self.name, _PATH, r"[ \t]*Environment[ \t]*=.*", GUARDS),
            *php.UNITS,
        )

    def remedy(self, found: Found, component: Component) -> str:
        """By hand: 'systemctl revert' would take the administrator's other drop-ins along."""
        line = _lines(found)[component.name][-1]
        return f"# in {line.path} remove line {line.number} ({line.text}), then: systemctl daemon-reload"


@once
def _applications(found: Found) -> dict[str, bool]:
    """The units of other servers at work, and whether root allows their restart."""
    rows = (line.split() for line in found.sections["systemd-units"])
    return {row[0].removesuffix(".service"): row[1] == "allowed" for row in rows if len(row) == 2}  # noqa: PLR2004  # as printed


@once
def _lines(found: Found) -> dict[str, list[Line]]:
    """By unit and setting or variable, in the order that systemd reads them."""
    settings: dict[str, list[Line]] = defaultdict(list)
    for line in sorted(found.lines("systemd-settings"), key=lambda line: line.path.rpartition("/")[2]):
        place = re.fullmatch(_PATH, line.path)
        word = re.match(rf"({_SETTINGS})\s*=", line.text) or re.match(
            r"Environment=([A-Za-z_][A-Za-z0-9_]*)", line.text
        )
        if place and word:
            settings[f"{place[2]}.{word[1]}"].append(line)
    return settings
