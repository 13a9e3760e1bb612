"""Kind ``nginx-conf``: files of nginx's ``conf.d``, each as a whole; the search goes on in the one that is to blame."""

from __future__ import annotations

import re

from modbisect.kinds import nginx
from modbisect.kinds.apache import HANDS_OUT_SOURCE, handlers
from modbisect.kinds.found import Found, once
from modbisect.kinds.kind import Aside
from modbisect.kinds.rules import EditRule, Rule
from modbisect.model import Component

_FILE = rf"{nginx.ROOT}/conf\.d/[A-Za-z0-9_.+-]+\.conf"
_SITE = "a site"


class NginxConf(Aside):
    """A snippet for the whole server."""

    name = "nginx-conf"
    noun = "nginx conf"
    survey = "nginx"
    packages = ("nginx*",)
    configuration = nginx.CONFIGURATION
    tested = True
    needs_leave = False

    def components(self, found: Found) -> list[Component]:
        """Those that nginx reads."""
        return list(_confs(found).values())

    def is_vital(self, component: Component) -> bool:
        """A site: without it the site is another's, or nobody's."""
        return component.detail == _SITE

    def units(self, found: Found) -> tuple[str, ...]:
        """Those of nginx."""
        return nginx.units(found)

    def brings(self, found: Found, component: Component) -> frozenset[str]:  # noqa: ARG002
        """The file itself."""
        return frozenset({component.name})

    def owner(self, path: str) -> str:
        """By its place."""
        return path if re.fullmatch(_FILE, path) else ""

    def rules(self) -> tuple[Rule, ...]:
        """Files of that folder."""
        return (EditRule("aside", self.name, _FILE), nginx.UNIT)

    def remedy(self, found: Found, component: Component) -> str:  # noqa: ARG002
        """By another name, which nginx does not read."""
        return f"mv {component.name} {component.name}.off"


def as_a_whole(found: Found) -> frozenset[str]:
    """The files that may be taken away, whose lines are looked at when one of them is to blame."""
    return frozenset(path for path, component in _confs(found).items() if not component.pinned)


@once
def _confs(found: Found) -> dict[str, Component]:
    rows = (line.split("\t") for line in found.sections.get("nginx-confs", ()) if nginx.serves(found))
    serving = {line.path for line in handlers(found)}
    confs = {}
    for path, guard, what in (row for row in rows if len(row) == 3):  # noqa: PLR2004  # as printed
        pinned = HANDS_OUT_SOURCE if path in serving else ""
        if guard:
            behind = "it may hide behind the include" if guard == "include" else guard
            pinned = f"access control: {behind} in {path}"
        if re.fullmatch(_FILE, path):
            name = NginxConf.name
            confs[path] = Component(f"{name}:{path}", name, path, on=True, pinned=pinned, detail=what)
    return confs
