"""Kind ``mariadb-variable``: what an option file of MariaDB or MySQL sets that costs time or saves it.

Without its line the server's own default counts. What guards durability is never cut.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

from modbisect.kinds.found import Found, Line, once
from modbisect.kinds.kind import ALLOW, OwnLines
from modbisect.kinds.rules import EditRule, Rule
from modbisect.kinds.seen import Moment
from modbisect.model import Component

VARIABLES = tuple(Path(__file__).with_suffix(".sh").read_text().split("'")[1].split())
"""Those that are known; in the shell file, which tells of no other."""
_WAITED_FOR = 0.5


class MariadbVariable(OwnLines):
    """A variable of the database."""

    name = "mariadb-variable"
    noun = "database variable"
    survey = "mariadb_variable"
    packages = ("mariadb-server*", "mysql-server*")
    needs_leave = False
    rests = True
    saves = frozenset({"skip_name_resolve", "innodb_buffer_pool_size", "query_cache_size", "query_cache_type"})

    def components(self, found: Found) -> list[Component]:
        """Those of the database that runs here; it is restarted only where root allows that."""
        unit, allowed = _server(found)
        pinned = "" if allowed else ALLOW.format(f"unit {unit}")
        return [
            Component(
                self.id(name),
                self.name,
                name,
                on=True,
                pinned=pinned,
                detail=f"{lines[-1].text} in {lines[-1].path}:{lines[-1].number}",
            )
            for name, lines in sorted(_lines(found).items())
            if unit
        ]

    def lines(self, found: Found) -> Mapping[str, Sequence[Line]]:
        """Those of the files that the survey has read."""
        return _lines(found)

    def units(self, found: Found) -> tuple[str, ...]:
        """The database's."""
        unit, allowed = _server(found)
        return (unit,) if allowed and _lines(found) else ()

    def rules(self) -> tuple[Rule, ...]:
        """Lines of these variables; that the database is restarted is root's word on the host."""
        names = "|".join(VARIABLES).replace("_", "[_-]")
        path = r"/etc/mysql/((my|mariadb)[.]cnf|(conf|mariadb[.]conf|mysql[.]conf)[.]d/[A-Za-z0-9_.+-]+[.]cnf)"
        return (EditRule("cut", self.name, path, rf"[ \t]*({names})[ \t]*(=.*)?"),)

    def claim(self, component: Component, moment: Moment) -> float:  # noqa: ARG002
        """The database is waited for; which of its variables is to blame, nothing shows."""
        return _WAITED_FOR if moment.waits_for_database else 0.0

    def remedy(self, found: Found, component: Component) -> str:
        """By hand: the files and the lines."""
        said = "; ".join(f"in {line.path} remove line {line.number}" for line in _lines(found)[component.name])
        return f"# {said} ({component.name})"


@once
def _server(found: Found) -> tuple[str, bool]:
    """The unit of the database that runs here, and whether it may be restarted; empty where none does."""
    for line in found.sections["mariadb"]:
        word, unit, *allowed = line.split()
        if word == "unit":
            return unit, allowed == ["allowed"]
    return "", False


@once
def _lines(found: Found) -> dict[str, list[Line]]:
    """By variable, in the order that the server reads them."""
    variables: dict[str, list[Line]] = defaultdict(list)
    for line in found.lines("mariadb-variables"):
        variables[line.text.partition("=")[0]].append(line)
    return variables
