"""Which Debian the box itself gets its packages from: the lab's hosts are made from the same."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

from modbisect.lab.errors import LabError

_ONE_LINE = re.compile(r"^deb\s+(?:\[(?P<options>[^]]*)]\s+)?(?P<uri>\S+)\s+(?P<suite>\S+)\s+(?P<parts>.+)$")
# The archive's own paths end so everywhere, mirrors and mirror lists included; third parties' suites do not fit.
_ARCHIVE = re.compile(r"/debian(-security)?(\.list)?/?$")
SUITES = {"bullseye": "7.4", "bookworm": "8.2", "trixie": "8.4"}
"""Debian releases that a host can be made of, and the PHP of each."""


@dataclass(frozen=True, slots=True)
class Source:
    """One archive and suite, as apt has it."""

    uri: str
    suite: str
    components: tuple[str, ...]
    signed_by: str | None

    def line(self) -> str:
        """The source in apt's one-line style, `main` only."""
        key = f"[signed-by={self.signed_by}] " if self.signed_by else ""
        return f"deb {key}{self.uri} {self.suite} main"


def debian_sources(
    suite: str | None = None, apt: Path = Path("/etc/apt"), os_release: Path = Path("/etc/os-release")
) -> tuple[str, list[str]]:
    """A Debian suite, the box's own where none is named, and source lines for it: the box's archives, in that suite.

    Of another suite the main archive alone: what has been updated since may be gone from an old one's mirrors.

    Raises:
        LabError: the box is not Debian, or has no archive of its own suite; or no such suite can be built.
    """
    own = _codename(os_release)
    suite = suite or own
    if suite != own and suite not in SUITES:
        raise LabError(f"no lab host can be made of {suite!r}: {', '.join(SUITES)} can, and the box's own {own}")
    wanted = {own, f"{own}-updates", f"{own}-security"} if suite == own else {own}
    lines: list[str] = []
    for source in _all_sources(apt):
        is_debian = source.suite in wanted and _ARCHIVE.search(urlsplit(source.uri).path) is not None
        line = replace(source, suite=source.suite.replace(own, suite)).line()
        if is_debian and "main" in source.components and line not in lines:
            lines.append(line)
    if not any(line.split()[-2] == suite for line in lines):
        raise LabError(f"{apt} names no Debian archive of suite {own}: add one to build the lab's hosts from")
    return suite, lines


def _codename(os_release: Path) -> str:
    try:
        text = os_release.read_text()
    except OSError as error:
        raise LabError(f"cannot tell which Debian this box is ({error}); the lab needs a Debian box") from None
    fields = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
    if fields.get("ID", "").strip('"') != "debian":
        raise LabError("the lab builds its hosts from the box's own Debian sources, and this box is not Debian")
    return fields.get("VERSION_CODENAME", "").strip('"')


def _all_sources(apt: Path) -> Iterator[Source]:
    parts = apt / "sources.list.d"
    for path in [apt / "sources.list", *sorted(parts.glob("*.list"))]:
        if path.is_file():
            yield from _one_line(path.read_text())
    for path in sorted(parts.glob("*.sources")):
        yield from _deb822(path.read_text())


def _one_line(text: str) -> Iterator[Source]:
    for line in text.splitlines():
        matched = _ONE_LINE.match(line.split("#", 1)[0].strip())
        if matched:
            options = dict(o.split("=", 1) for o in (matched["options"] or "").split() if "=" in o)
            components = tuple(matched["parts"].split())
            yield Source(matched["uri"], matched["suite"], components, _key_file(options.get("signed-by", "")))


def _deb822(text: str) -> Iterator[Source]:
    kept = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    for stanza in re.split(r"\n\s*\n", kept):
        joined = re.sub(r"\n[ \t]+", " ", stanza)
        fields = {k.strip().lower(): v.strip() for k, _, v in (line.partition(":") for line in joined.splitlines())}
        if "deb" not in fields.get("types", "").split() or fields.get("enabled", "yes").lower() in ("no", "false"):
            continue
        for uri in fields.get("uris", "").split():
            for suite in fields.get("suites", "").split():
                components = tuple(fields.get("components", "").split())
                yield Source(uri, suite, components, _key_file(fields.get("signed-by", "")))


def _key_file(signed_by: str) -> str | None:
    """The key's path; an embedded key is left out, since apt's own trusted keys hold Debian's."""
    return signed_by if signed_by.startswith("/") and " " not in signed_by else None
