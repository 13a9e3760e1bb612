"""Kind ``apache-directive``: single lines of a file that the server reads, once that file is under suspicion.

They are listed for a file that a run is told to look into. A line is cut, and what belongs together goes together.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from modbisect.kinds import access, apache
from modbisect.kinds.found import Found, once
from modbisect.kinds.kind import Kind, Step
from modbisect.kinds.rules import EditRule, Rule
from modbisect.kinds.seen import Moment
from modbisect.model import Component

_NAME = "[A-Za-z0-9][A-Za-z0-9_.+-]*"
_PATH = (
    rf"{apache.ROOT}/(apache2|ports)\.conf|{apache.ROOT}(/{_NAME})+/{_NAME}\.(conf|inc|include|rules|vhost)"
    rf"|{apache.HTTPD}(/{_NAME})+/{_NAME}\.(conf|inc|include|rules|vhost)|/etc/{_NAME}/apache[A-Za-z0-9_.+-]*\.conf"
)
HTACCESS = r"(/[A-Za-z0-9_.+-]+)+/\.htaccess"
"""Pattern of the paths of such files."""
_GUARDS = (
    "require|auth|allow|deny|order|satisfy|ssl|sethandler|addhandler|accessfilename|include|suexec|remoteip",
    r"rewriterule.*\[(.*,)?(f|forbidden|g|gone|r=4..|redirect=4..)(,.*)?\]",
    r"redirect(match)?[ \t]+(4|gone)",
    "php_.*(open_basedir|disable_|engine)",
)
_NEVER = rf"[ \t]*({'|'.join(_GUARDS)}).*"
"""In lower case: what guards access or may hide what does, and what keeps sources from being handed out."""
_NEVER_CUT = (
    "it guards access: to cut it takes the line 'cut {}' in /etc/modbisect/allow on the host, "
    "and 'allow_security' in the playbook"
)
_STAYS = {
    "documentroot": "without it another folder is served",
    "servername": "it is how the site is known",
    "serveralias": "it is how the site is known",
    "serverroot": "the server does not start without it",
    "listen": "the server is reached by it",
    "user": "the server's rights",
    "group": "the server's rights",
    "pidfile": "the server is known by it",
    "loadmodule": "a module is a component of its own",
    "define": "other lines count by it",
    "undefine": "other lines count by it",
    "include": "another file: look into that",
    "includeoptional": "another file: look into that",
}
_MODULE = re.compile(r"/mod_([a-z_]+)[0-9]*\.so[^/]*$")
_VITAL = {
    "directoryindex",
    "alias",
    "scriptalias",
    "rewriteengine",
    "rewriteoptions",
    "rewritebase",
    "proxypass",
    "addtype",
}


@dataclass(frozen=True, slots=True)
class _Directive:
    """One, with what goes with it."""

    name: str
    lines: tuple[int, ...]
    goes_on: bool
    """It has more than one line, which the guard does not cut."""
    guards: bool
    """It guards access."""


class ApacheDirective(Kind):
    """A line of Apache's configuration."""

    name = "apache-directive"
    noun = "Apache directive"
    survey = "apache_directive"
    packages = ()
    needs_leave = False
    own_files = apache.MAINS
    configuration = tuple(
        f"{apache.ROOT}/{folder}/*"
        for folder in ("snippets", "include", "includes", "extra", "conf.d", "vhosts", "vhosts.d", "sites", "common")
    )

    def components(self, found: Found) -> list[Component]:  # noqa: ARG002
        """None, before a file is looked into."""
        return []

    def inside(self, found: Found, path: str) -> list[Component]:
        """Every directive of the file; named after file and line."""
        guarded = {guard.where for guard in access.guards(found)}
        guarding = access.SWITCHED if _cut_by_root(found, path) else _NEVER_CUT.format(path)
        listed = []
        if re.fullmatch(HTACCESS, path) and path not in found.sections["htaccess"]:
            return []
        for first, directive in _directives(found).get(path, {}).items():
            pinned = _STAYS.get(directive.name.lower(), "it has more than one line" if directive.goes_on else "")
            if any(f"{path}:{at}" in guarded for at in directive.lines) or (not pinned and directive.guards):
                pinned = guarding
            name = f"{path}:{first}"
            listed.append(Component(self.id(name), self.name, name, on=True, pinned=pinned, detail=directive.name))
        return listed

    def brought(self, found: Found, path: str) -> tuple[str, ...]:
        """By ``Include``."""
        pairs = (line.split("\t") for line in found.sections["includes"])
        return tuple(pair[1] for pair in pairs if len(pair) == 2 and pair[0] == path)  # noqa: PLR2004  # as printed

    def is_vital(self, component: Component) -> bool:
        """By its name."""
        return component.detail.lower() in _VITAL

    def steps(self, found: Found, flipped: Sequence[Component]) -> list[Step]:
        """Their lines cut."""
        lines: dict[str, list[int]] = defaultdict(list)
        for component in flipped:
            path, _, first = component.name.rpartition(":")
            lines[path] += _directives(found)[path][int(first)].lines
        return [Step(path, "cut", ",".join(map(str, sorted(numbers)))) for path, numbers in lines.items()]

    def folders(self, found: Found) -> tuple[str, ...]:  # noqa: ARG002
        """None: files are edited where they are."""
        return ()

    def files(self, found: Found, components: Sequence[Component]) -> tuple[str, ...]:  # noqa: ARG002
        """Those that are looked into."""
        return tuple(dict.fromkeys(component.name.rpartition(":")[0] for component in components))

    def units(self, found: Found) -> tuple[str, ...]:
        """Apache's."""
        return apache.units(found)

    def traces(self, found: Found, component: Component) -> tuple[str, ...]:  # noqa: ARG002
        """The file."""
        return (component.name.rpartition(":")[0],)

    def at(self, found: Found, component: Component) -> tuple[tuple[str, int], ...]:
        """Its lines."""
        path, _, first = component.name.rpartition(":")
        return tuple((path, line) for line in _directives(found)[path][int(first)].lines)

    def claim(self, component: Component, moment: Moment) -> float:
        """It tells the module at work what to do."""
        modules = (match[1] for path in moment.objects if (match := _MODULE.search(path)))
        module = next(modules, "")
        return 1.0 if module and is_of(component.detail, module) else 0.0

    def rules(self) -> tuple[Rule, ...]:
        """Any directive, and none that guards access."""
        return (EditRule("cut", self.name, f"{_PATH}|{HTACCESS}", r"[ \t]*[A-Za-z].*", _NEVER), apache.UNIT)

    def remedy(self, found: Found, component: Component) -> str:
        """No command: the file and the lines."""
        path, _, first = component.name.rpartition(":")
        lines = _directives(found)[path][int(first)].lines
        said = f"line {lines[0]}" if len(lines) == 1 else f"lines {lines[0]} to {lines[-1]}"
        return f"# in {path} remove {said} ({component.detail})"


def _cut_by_root(found: Found, path: str) -> bool:
    """Whether any line of the file may be cut, by root's word on the host."""
    patterns = (re.escape(text).replace(r"\*", "[^/]*") for text in found.sections.get("cut-by-root", ()))
    return any(re.fullmatch(pattern, path) for pattern in patterns)


def is_of(directive: str, module: str) -> bool:
    """Whether a directive is a module's, by its name: ``RewriteMap``, ``Header`` of ``headers``."""
    word, name = directive.lower(), module.replace("_", "")
    return word.startswith(name) or (len(word) > len(name) // 2 and name.startswith(word))


def files_with(found: Found, module: str) -> tuple[str, ...]:
    """Those that hold directives of a module."""
    return tuple(
        path
        for path, directives in _directives(found).items()
        if any(is_of(directive.name, module) for directive in directives.values())
    )


def guards(found: Found, path: str) -> bool:
    """Whether something in the file guards access."""
    return any(directive.guards for directive in _directives(found).get(path, {}).values())


@once
def _directives(found: Found) -> dict[str, dict[int, _Directive]]:
    """By file and first line; the conditions of a rewrite rule go with it, and no further."""
    files: dict[str, dict[int, _Directive]] = defaultdict(dict)
    conditions: list[_Directive] = []
    for line in found.lines("directives"):
        name, *more = line.text.split(" ")
        is_guard = "guards" in more or re.fullmatch(_NEVER, name.lower()) is not None
        directive = _Directive(name, (line.number,), "..." in more, is_guard)
        if name.lower() == "rewritecond":
            conditions.append(directive)
            continue
        lines = directive.lines
        if name.lower() == "rewriterule" and conditions:
            lines = (*(at for condition in conditions for at in condition.lines), *lines)
            goes_on = any(each.goes_on for each in (*conditions, directive))
            directive = _Directive(name, lines, goes_on, directive.guards)
        conditions = []
        if re.fullmatch(f"{_PATH}|{HTACCESS}", line.path):
            files[line.path][lines[0]] = directive
    return files
