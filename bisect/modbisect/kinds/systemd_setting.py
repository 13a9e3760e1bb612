"""Kind ``systemd-setting``: what an administrator's drop-in for a server's unit holds it back by."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence

from modbisect.kinds import php
from modbisect.kinds.found import Found, Line, once
from modbisect.kinds.kind import OwnLines
from modbisect.kinds.rules import EditRule, Rule
from modbisect.model import Component

_SETTINGS = (
    "CPUQuota|CPUWeight|CPUShares|CPUAffinity|AllowedCPUs|Nice|MemoryHigh|MemoryMax|MemoryLimit|MemorySwapMax|"
    "IOWeight|IOReadBandwidthMax|IOWriteBandwidthMax|IOReadIOPSMax|IOWriteIOPSMax|TasksMax|LimitNOFILE|LimitNPROC|"
    "LimitAS|IOSchedulingClass|IOSchedulingPriority|CPUSchedulingPolicy"
)
_PATH = r"/etc/systemd/system([.]control)?/(apache2|httpd|php[0-9.]*-fpm)[.]service[.]d/[A-Za-z0-9_.+-]+[.]conf"


class SystemdSetting(OwnLines):
    """A limit of a server's unit; without its lines systemd's own default counts, or what the package says."""

    name = "systemd-setting"
    noun = "systemd setting"
    survey = "systemd_setting"
    packages = ("systemd",)
    needs_leave = False

    def components(self, found: Found) -> list[Component]:
        """Those of the servers at work, named after unit and setting."""
        units = {unit.removesuffix(".service") for unit in self.units(found)}
        return [
            Component(
                self.id(name),
                self.name,
                name,
                on=True,
                detail=f"{lines[-1].text} in {lines[-1].path}:{lines[-1].number}",
            )
            for name, lines in sorted(_lines(found).items())
            if name.rpartition(".")[0] in units
        ]

    def lines(self, found: Found) -> Mapping[str, Sequence[Line]]:
        """Those of the files that the survey has read."""
        return _lines(found)

    def units(self, found: Found) -> tuple[str, ...]:
        """Apache's, and an FPM's that serves."""
        return php.units(found)

    def rules(self) -> tuple[Rule, ...]:
        """Lines of limits, in drop-ins of these units."""
        return (EditRule("cut", self.name, _PATH, rf"[ \t]*({_SETTINGS})[ \t]*=.*"), *php.UNITS)

    def remedy(self, found: Found, component: Component) -> str:
        """By hand: 'systemctl revert' would take the administrator's other drop-ins along."""
        line = _lines(found)[component.name][-1]
        return f"# in {line.path} remove line {line.number} ({line.text}), then: systemctl daemon-reload"


@once
def _lines(found: Found) -> dict[str, list[Line]]:
    """By unit and setting, in the order that systemd reads them."""
    settings: dict[str, list[Line]] = defaultdict(list)
    for line in sorted(found.lines("systemd-settings"), key=lambda line: line.path.rpartition("/")[2]):
        place = re.fullmatch(_PATH, line.path)
        word = re.match(rf"({_SETTINGS})\s*=", line.text)
        if place and word:
            settings[f"{place[2]}.{word[1]}"].append(line)
    return settings
