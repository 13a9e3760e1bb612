"""Parts of applications that need no declaration: of MediaWiki, DokuWiki and Django, and what PHP includes by itself.

The lists stand in the shell beside this; what the guard may cut or take away for them is fixed in its rules.
"""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import ClassVar

from modbisect.kinds import access, php
from modbisect.kinds.app_part import AppPart, Entry, declared, named_ways, read
from modbisect.kinds.found import Found, once
from modbisect.kinds.rules import EditRule, Rule
from modbisect.model import Component

_FOLDER = r"(/[A-Za-z0-9_.+-]+)+"
_SHELL = Path(__file__).with_suffix(".sh").read_text()
_ADDON_FOLDERS = _SHELL.split("addon_folders='")[1].split("'")[0]
"""Pattern of folders called after what lies in them: in the shell file, which lists the others as root's to allow."""
_NEVER = (
    r".*(auth(?!or)|captcha|confirmedit|lockdown|abusefilter|ldap|saml|login|csrf|security|session|permission|"
    "clickjacking|throttl|ratelimit|axes|otp|acl|usermanager|spam|blacklist|titleblacklist).*"
)
"""Of a name in lower case: what may decide who sees what."""
_GUARDS = re.compile(_NEVER)
_FILE_GUARDS = re.compile(
    ".*(secur|firewall|member|access(?!ib)|restrict|protect|private|guard|maintenance|coming-?soon|mail|smtp|sandbox|"
    "payment|read-?only|staging).*|(.*[^a-z])?(ban|block|gate|role)s?([^a-z].*)?"
)
"""Of a file's name beside that: what may keep people out, or a copy of the site from acting on others."""


class _Known(AppPart):
    """What all of them have in common."""

    survey = "app_known"
    packages = ()
    needs_leave = False
    folder: ClassVar[str] = ""
    """Where each has one of its own."""
    guards: ClassVar[tuple[re.Pattern[str], ...]] = (_GUARDS,)
    """Of names in lower case that stay."""
    edits: ClassVar[tuple[tuple[str, str], ...]]
    """Patterns of paths, and of the lines there that may be cut; an empty one for a file that is taken away."""

    def entries(self, found: Found) -> dict[str, Entry]:
        """Its own, but for what a playbook declares by itself."""
        elsewhere = {entry.path for entry in declared(found).values()}
        return {name: entry for name, entry in _known(found).get(self.name, {}).items() if entry.path not in elsewhere}

    def ways(self, component: Component) -> list[str]:
        """Its own folder; else a module of Python's."""
        return [f"/{self.folder}/{component.name.partition('/')[0]}/"] if self.folder else named_ways(component.name)

    def components(self, found: Found) -> list[Component]:
        """What guards access stays."""
        return [
            component if component.pinned or not self._is_guard(component.name) else access.guarded(component)
            for component in super().components(found)
        ]

    def _is_guard(self, name: str) -> bool:
        """By the end of a path, for a folder far above may be called anything."""
        own = "/".join(name.lower().split("/")[-2:])
        return any(pattern.fullmatch(own) for pattern in self.guards)

    def rules(self) -> tuple[Rule, ...]:
        """Such lines and files, wherever they lie."""
        cuts = (EditRule("cut", self.name, path, lines) for path, lines in self.edits if lines)
        asides = (EditRule("aside", self.name, path) for path, lines in self.edits if not lines)
        return (*cuts, *asides, *php.UNITS)


class MediaWikiExtension(_Known):
    """An extension that LocalSettings.php loads."""

    name = "mediawiki-extension"
    noun = "MediaWiki extension"
    folder = "extensions"
    edits = ((rf"{_FOLDER}/LocalSettings\.php", r"[ \t]*wfLoadExtension\([ \t]*[\"'][A-Za-z0-9_]+[\"'][ \t]*\);.*"),)


class DokuWikiPlugin(_Known):
    """What a plugin does on every page."""

    name = "dokuwiki-plugin"
    noun = "DokuWiki plugin"
    folder = "lib/plugins"
    edits = ((rf"{_FOLDER}/lib/plugins/[a-z0-9_]+/action(/[a-z0-9_]+)?\.php", ""),)


class DjangoMiddleware(_Known):
    """An entry of MIDDLEWARE."""

    name = "django-middleware"
    noun = "Django middleware"
    edits = (
        (
            rf"{_FOLDER}/settings(/[A-Za-z0-9_]+)?\.py",
            r"[ \t]*[\"'][A-Za-z0-9_.]*[Mm]iddleware[A-Za-z0-9_.]*[\"'],[ \t\r]*(#.*)?",
        ),
    )


class ComposerFile(_Known):
    """A file that Composer's autoloader includes with every request, for the functions that it brings."""

    name = "composer-file"
    noun = "file of Composer's autoloader"
    edits = (
        (
            rf"{_FOLDER}/vendor/composer/autoload_static\.php",
            r"[ \t]*'[0-9a-f]+' => __DIR__ \. '/\.\.' \. '/[A-Za-z0-9_./+-]+',",
        ),
    )

    def ways(self, component: Component) -> list[str]:
        """The file itself."""
        return [f"/vendor/{component.name}"]


class PhpFile(_Known):
    """A file that the application includes because it lies in a folder: ``glob('addons/*.php')``."""

    name = "php-file"
    noun = "file that the application includes by its folder"
    guards = (_GUARDS, _FILE_GUARDS)
    edits = ((rf"{_FOLDER}/({_ADDON_FOLDERS})/[A-Za-z0-9_.+-]+\.php", ""),)


def _called(entry: Entry) -> str:
    """A plugin's folder, with the file where that has several; of other files the path."""
    if entry.line:
        return entry.name
    if entry.listing == PhpFile.name:
        return entry.path
    folder, _, rest = entry.path.rpartition("/lib/plugins/")[2].partition("/")
    return folder if rest == "action.php" else f"{folder}/{rest.removeprefix('action/')}"


@once
def _known(found: Found) -> dict[str, dict[str, Entry]]:
    """By kind and name; what stands twice is named after its place."""
    entries = read(found, "app-known")
    often = Counter((entry.listing, _called(entry)) for entry in entries)
    kinds: dict[str, dict[str, Entry]] = {}
    for entry in entries:
        name = _called(entry)
        twice = often[entry.listing, name] > 1
        kinds.setdefault(entry.listing, {})[f"{entry.path}:{entry.line}" if twice else name] = entry
    return kinds
