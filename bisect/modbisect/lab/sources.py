"""Which Debian the box itself gets its packages from: the lab's hosts are made from the same."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from modbisect.lab.errors import LabError

_ONE_LINE = re.compile(r"^deb\s+(?:\[(?P<options>[^]]*)]\s+)?(?P<uri>\S+)\s+(?P<suite>\S+)\s+(?P<parts>.+)$")
# The archive's own paths end so everywhere, mirrors and mirror lists included; third parties' suites do not fit.
_ARCHIVE = re.compile(r"/debian(-security)?(\.list)?/?$")


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


def debian_sources(apt: Path = Path("/etc/apt"), os_release: Path = Path("/etc/os-release")) -> tuple[str, list[str]]:
    """The box's Debian suite and its source lines for it; LabError where the box is not Debian or has none."""
    suite = _codename(os_release)
    wanted = {suite, f"{suite}-updates", f"{suite}-security"}
    lines: list[str] = []
    for source in _all_sources(apt):
        is_debian = source.suite in wanted and _ARCHIVE.search(urlsplit(source.uri).path) is not None
        if is_debian and "main" in source.components and source.line() not in lines:
            lines.append(source.line())
    if not any(line.split()[-2] == suite for line in lines):
        raise LabError(f"{apt} names no Debian archive of suite {suite}: add one to build the lab's hosts from")
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
