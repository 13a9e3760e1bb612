"""Kind ``apache-conf``: what a2enconf and a2disconf switch, and the files of httpd's ``conf.d``."""

from __future__ import annotations

import re

from modbisect.kinds.apache import HANDS_OUT_SOURCE, HTTPD, UNIT, Apaches, Farm, handlers, in_farms, serves_by_fpm
from modbisect.kinds.found import Found, once
from modbisect.kinds.kind import Aside, Kind
from modbisect.kinds.placed import Placed
from modbisect.kinds.rules import EditRule, Rule
from modbisect.model import Component

_SITE = "a site"
_FILE = rf"{HTTPD}/conf\.d/[A-Za-z0-9_.+-]+\.conf"


class _Conf(Apaches):
    """A snippet for the whole server, however it is switched."""

    name = "apache-conf"
    noun = "Apache conf"


class _Links(_Conf, Farm):
    """Its link."""

    word = "conf"
    tool = "conf"

    def pin(self, found: Found, name: str) -> str:
        """The conf that hands pages to the FPM that serves."""
        serves = re.fullmatch(r"php[0-9.]*-fpm", name) and serves_by_fpm(found)
        return HANDS_OUT_SOURCE if serves else ""

    def opens(self, name: str) -> str:
        """None of a name that is a path."""
        return "" if name.startswith("/") else super().opens(name)


class _Files(_Conf, Aside):
    """The file itself is taken away; it is named by its path, since sites lie there as well."""

    def components(self, found: Found) -> list[Component]:
        """Those that the server reads."""
        return [
            Component(self.id(path), self.name, path, on=True, pinned=self.pin(found, path), detail=what)
            for path, what in _files(found).items()
        ]

    def pin(self, found: Found, name: str) -> str:
        """The conf that hands pages to the FPM that serves."""
        serves = serves_by_fpm(found) and any(line.path == name for line in handlers(found))
        return HANDS_OUT_SOURCE if serves else ""

    def brings(self, found: Found, component: Component) -> frozenset[str]:  # noqa: ARG002
        """The file itself."""
        return frozenset({component.name})

    def owner(self, path: str) -> str:
        """By its place."""
        return path if re.fullmatch(_FILE, path) else ""

    def rules(self) -> tuple[Rule, ...]:
        """Files of that folder."""
        return (EditRule("aside", self.name, _FILE), UNIT)

    def remedy(self, found: Found, component: Component) -> str:  # noqa: ARG002
        """By another name, which the server does not read."""
        return f"mv {component.name} {component.name}.off"


class ApacheConf(Placed, _Conf):
    """A snippet for the whole server."""

    ways = (_Links(), _Files())

    def way(self, found: Found) -> Kind:
        """By links in Debian's farm, else by files."""
        return self.ways[0] if in_farms(found) else self.ways[1]

    def is_vital(self, component: Component) -> bool:
        """A site: without it the site is another's, or nobody's."""
        return component.detail == _SITE


@once
def _files(found: Found) -> dict[str, str]:
    """Those that may be taken away, with a word on what they are."""
    rows = (line.split("\t") for line in found.sections.get("httpd-confs", ()))
    return {row[0]: _SITE if len(row) > 1 and row[1] else "" for row in rows if re.fullmatch(_FILE, row[0])}
