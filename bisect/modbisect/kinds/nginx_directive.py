"""Kind ``nginx-directive``: what nginx's configuration sets that costs time or saves it, wherever it is read from.

Without its line nginx's own default counts, or what an outer block says. What guards access is never cut.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

from modbisect.kinds import access, nginx
from modbisect.kinds.found import Found, Line, once
from modbisect.kinds.kind import OwnLines
from modbisect.kinds.nginx_conf import as_a_whole
from modbisect.kinds.rules import EditRule, Rule
from modbisect.model import Component

DIRECTIVES = tuple(Path(__file__).with_name("nginx.sh").read_text().split("'")[1].split())
"""Those that are known; in the shell file, which tells of no other."""
_GUARDS = (":limit_conn", ":limit_req")
"""They keep off who tries too much."""
_PATH = rf"{nginx.ROOT}(/[A-Za-z0-9_.+-]+)+"


class NginxDirective(OwnLines):
    """A directive, with all its lines in one file."""

    name = "nginx-directive"
    noun = "nginx directive"
    survey = "nginx"
    packages = ("nginx*",)
    configuration = nginx.CONFIGURATION
    tested = True
    needs_leave = False
    saves = frozenset({"proxy_cache", "fastcgi_cache", "open_file_cache", "sendfile", "fastcgi_keep_conn"})

    def components(self, found: Found) -> list[Component]:
        """Those of files that are not switched as a whole, named after file and directive."""
        return [component for component in self._read(found) if _file(component) not in as_a_whole(found)]

    def inside(self, found: Found, path: str) -> list[Component]:
        """Those of a file that could be."""
        if path not in as_a_whole(found):
            return []
        return [component for component in self._read(found) if _file(component) == path]

    def _read(self, found: Found) -> list[Component]:
        return [
            Component(
                self.id(name),
                self.name,
                name,
                on=True,
                pinned=access.SWITCHED if name.endswith(_GUARDS) else "",
                detail=f"{lines[-1].text} in {lines[-1].path}:{', '.join(str(line.number) for line in lines)}",
            )
            for name, lines in sorted(_lines(found).items())
            if nginx.serves(found)
        ]

    def is_vital(self, component: Component) -> bool:
        """What caches and serves at all is suspected last."""
        return component.name.rpartition(":")[2] in self.saves

    def lines(self, found: Found) -> Mapping[str, Sequence[Line]]:
        """Those of the files that nginx reads."""
        return _lines(found)

    def units(self, found: Found) -> tuple[str, ...]:
        """Those of nginx."""
        return nginx.units(found)

    def rules(self) -> tuple[Rule, ...]:
        """Lines of these directives, each whole on its line."""
        return (
            EditRule("cut", self.name, _PATH, rf"[ \t]*({'|'.join(DIRECTIVES)})[ \t][^{{}};]*;[ \t\r]*(#.*)?"),
            nginx.UNIT,
        )

    def remedy(self, found: Found, component: Component) -> str:
        """By hand: the file and the lines."""
        lines = _lines(found)[component.name]
        said = ", ".join(str(line.number) for line in lines)
        return f"# in {lines[-1].path} remove line{'s' if len(lines) > 1 else ''} {said} ({lines[-1].text})"


def _file(component: Component) -> str:
    return component.name.rpartition(":")[0]


@once
def _lines(found: Found) -> dict[str, list[Line]]:
    """By file and directive."""
    directives: dict[str, list[Line]] = defaultdict(list)
    for line in found.lines("nginx-directives"):
        directives[f"{line.path}:{line.text.split(' ')[0]}"].append(line)
    return directives
