"""Kind ``htaccess``: what a folder of a site says to Apache, read anew with every request."""

from __future__ import annotations

import re

from modbisect.kinds import access, apache
from modbisect.kinds.apache_directive import HTACCESS, guards
from modbisect.kinds.found import Found
from modbisect.kinds.kind import NOT_HELD, Aside
from modbisect.kinds.rules import EditRule, Rule
from modbisect.model import Component


class Htaccess(Aside):
    """A file ``.htaccess`` below a document root; it is taken away with the rights of its owner."""

    name = "htaccess"
    noun = ".htaccess file"
    survey = "apache_directive"
    packages = ()
    configuration = tuple(
        f"/{place}/.htaccess" for place in ("var/www", "var/www/*", "var/www/*/*", "srv/www/*", "srv/*")
    )
    needs_leave = False

    def components(self, found: Found) -> list[Component]:
        """Each, named after its path."""
        held = set(found.sections["htaccess"])
        listed = []
        read = found.entries if apache.serves(found) else ()
        for path in sorted(path for path in read if re.fullmatch(HTACCESS, path)):
            pinned = access.SWITCHED if guards(found, path) else "" if path in held else NOT_HELD
            listed.append(Component(self.id(path), self.name, path, on=True, pinned=pinned))
        return listed

    def is_vital(self, component: Component) -> bool:  # noqa: ARG002
        """Most applications find their pages by it."""
        return True

    def units(self, found: Found) -> tuple[str, ...]:
        """Apache's."""
        return apache.units(found)

    def rules(self) -> tuple[Rule, ...]:
        """Files of that name alone."""
        return (EditRule("aside", self.name, HTACCESS), apache.UNIT)

    def remedy(self, found: Found, component: Component) -> str:  # noqa: ARG002
        """By hand: somebody has written it for a reason."""
        return f"# look through {component.name}, and take away what is to blame"
