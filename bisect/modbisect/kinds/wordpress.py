"""What WordPress is extended by: plugins, must-use plugins, drop-ins, themes. Nothing of its database is touched.

A plugin is switched off by its main file losing all lines behind the header: WordPress goes on to find it, and so does
not strike it from the list of active plugins, as it would one whose file is gone. Must-use plugins and drop-ins are in
no list: their files are taken away. Of a theme it is the program that is loaded before a page is made: most pages do
without, and where one does not, the site breaks and the run says so. All of that is done with the rights of the files'
owner.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from modbisect.kinds import access, php
from modbisect.kinds.found import Found, once
from modbisect.kinds.kind import NOT_HELD, Kind, Step
from modbisect.kinds.rules import EditRule, Rule
from modbisect.kinds.seen import Moment
from modbisect.model import Component

_CONTENT = r"(/[A-Za-z0-9_.+-]+)+/wp-content"
_NAME = r"[A-Za-z0-9_.+-]+"
_GUARDS = re.compile(
    "secur|firewall|wordfence|sucuri|ithemes|login|logon|auth(?!or[^i])|2fa|two-factor|captcha|password|protect|restrict|private|"
    "member|access(?!ib)|role|permission|capabilit|shield|guard|saml|ldap|sso|maintenance|coming-soon"
)
"""What a name in lower case holds where a plugin may decide who sees what."""
_NO_HEADER = "its code is not parted from its header"
_CALLED = 0.5
"""A plugin's code called what is at work."""


@dataclass(frozen=True, slots=True)
class _File:
    path: str
    header: int
    """The last line of the header; 0 where nothing stands behind it, or something on it."""
    needs: tuple[str, ...]
    """Folders of the plugins without which it does not run."""


class _Extension(Kind):
    """What all of them have in common."""

    survey = "wordpress"
    packages = ()
    needs_leave = False
    pattern: ClassVar[str]
    """Of its files' paths."""
    names: ClassVar[tuple[str, ...]] = ()
    """Those that mean something to WordPress; empty where all do."""
    shape: ClassVar[Literal["tail", "aside"]] = "aside"
    folders_of: ClassVar[str] = "/none/"
    """Part of the path of a folder where all that lies is its own."""

    def components(self, found: Found) -> list[Component]:
        """Each, named after its folder or file; after its path where two have the same name."""
        held, known = _files(found), self._paths(found)
        ids = {name: self.id(name) for name in known}
        listed = []
        for name, path in known.items():
            file = held.get(path)
            pinned = "" if file else NOT_HELD
            if _GUARDS.search(_own_name(path)):
                pinned = access.SWITCHED
            elif file and self.shape == "tail" and not file.header:
                pinned = _NO_HEADER
            needs = frozenset(ids[each] for each in file.needs if each in ids) if file else frozenset()
            listed.append(Component(ids[name], self.name, name, on=True, pinned=pinned, depends=needs, detail=path))
        return listed

    def steps(self, found: Found, flipped: Sequence[Component]) -> list[Step]:
        """Each file loses its code, or is taken away."""
        steps = []
        for component in flipped:
            path = component.detail
            file = _files(found)[path]
            steps.append(Step(path, self.shape, str(file.header) if self.shape == "tail" else ""))
        return steps

    def folders(self, found: Found) -> tuple[str, ...]:  # noqa: ARG002
        """None: each is edited where it is."""
        return ()

    def files(self, found: Found, components: Sequence[Component]) -> tuple[str, ...]:  # noqa: ARG002
        """Each."""
        return tuple(component.detail for component in components)

    def units(self, found: Found) -> tuple[str, ...]:
        """What keeps compiled code in its memory."""
        return php.units(found)

    def traces(self, found: Found, component: Component) -> tuple[str, ...]:  # noqa: ARG002
        """The file itself."""
        return (component.detail,)

    def claim(self, component: Component, moment: Moment) -> float:
        """Its own code is at work, or has called what is."""
        folder, _, _ = component.detail.rpartition("/")
        own = f"{folder}/" if self.folders_of in folder else component.detail
        at = [place for place, frame in enumerate(f for f in moment.frames if f.file) if frame.file.startswith(own)]
        return (1.0 if at[0] == 0 else _CALLED) if at else 0.0

    def rules(self) -> tuple[Rule, ...]:
        """Such files."""
        lines = r".*\*/[ \t\r]*" if self.shape == "tail" else ""
        return (EditRule(self.shape, self.name, f"{_CONTENT}/{self.pattern}", lines), *php.UNITS)

    def remedy(self, found: Found, component: Component) -> str:  # noqa: ARG002
        """By hand: its place is in WordPress."""
        return f"# take {component.detail} away"

    def _paths(self, found: Found) -> dict[str, str]:
        """By name."""
        whole = re.compile(f"{_CONTENT}/{self.pattern}")
        paths = sorted(path for path in found.entries if whole.fullmatch(path))
        paths = [path for path in paths if not self.names or _base(path) in self.names]
        often = Counter(map(self.called, paths))
        return {path if often[name := self.called(path)] > 1 else name: path for path in paths}

    def called(self, path: str) -> str:
        """What a person calls it."""
        return _base(path)


class WordPressPlugin(_Extension):
    """A plugin that is installed; whether it is active, only the database knows."""

    name = "wordpress-plugin"
    noun = "WordPress plugin"
    pattern = rf"plugins/({_NAME}/)?{_NAME}\.php"
    shape = "tail"
    folders_of = "/wp-content/plugins/"

    def called(self, path: str) -> str:
        """Its folder, or its only file."""
        folder = path.split("/")[-2]
        return _base(path) if folder == "plugins" else folder

    def remedy(self, found: Found, component: Component) -> str:  # noqa: ARG002
        """As WordPress' own command line has it."""
        return f"# in WordPress deactivate the plugin {component.name} (wp plugin deactivate {component.name})"


class WordPressMuPlugin(_Extension):
    """A plugin that is loaded because its file is there."""

    name = "wordpress-muplugin"
    noun = "WordPress must-use plugin"
    pattern = rf"mu-plugins/{_NAME}\.php"


class WordPressDropIn(_Extension):
    """A file that replaces a part of WordPress."""

    name = "wordpress-dropin"
    noun = "WordPress drop-in"
    names = ("object-cache.php", "advanced-cache.php", "db.php", "sunrise.php", "fatal-error-handler.php")
    saves = frozenset({"advanced-cache.php"})
    pattern = rf"({'|'.join(map(re.escape, names))})"


class WordPressTheme(_Extension):
    """What a theme does before a page is made; which theme is in use, only the database knows."""

    name = "wordpress-theme"
    noun = "WordPress theme"
    pattern = rf"themes/{_NAME}/functions\.php"
    folders_of = "/wp-content/themes/"

    def called(self, path: str) -> str:
        """Its folder."""
        return path.split("/")[-2]

    def remedy(self, found: Found, component: Component) -> str:  # noqa: ARG002
        """By hand: a theme is somebody's work."""
        return f"# mend {component.detail}, or in WordPress activate another theme (wp theme activate NAME)"


def _base(path: str) -> str:
    return path.rpartition("/")[2]


def _own_name(path: str) -> str:
    """What its name says, in lower case: that of its folder too, where it is a plugin's."""
    folder, base = path.lower().split("/")[-2:]
    return base if folder in ("plugins", "mu-plugins", "wp-content") else f"{folder}/{base}"


@once
def _files(found: Found) -> dict[str, _File]:
    """By path: those that the guard could hold."""
    files = {}
    for line in found.sections["wordpress"]:
        fields = line.split("\t")
        if len(fields) == 3 and fields[1].isdecimal():  # noqa: PLR2004  # as printed
            path, header, needs = fields
            files[path] = _File(path, int(header), tuple(part for part in needs.split(",") if part != "-"))
    return files
