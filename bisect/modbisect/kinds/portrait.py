"""What a host is, for a person: its system, what serves, which applications. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from modbisect.kinds import apache, php
from modbisect.kinds.found import Found

_IN_ITS_DATABASE = "its extensions stand in its database, which no run writes to: none of them is switched"
_PARTS = {
    **dict.fromkeys(("Drupal", "Joomla", "Moodle", "Nextcloud"), _IN_ITS_DATABASE),
    **{
        name: f"its parts are switched where they are declared (--kind {kind}.yml)"
        for name, kind in (
            ("Laravel", "laravel-provider"),
            ("Magento", "magento-module"),
            ("Symfony", "symfony-bundle"),
        )
    },
}
"""Of applications that no kind is made for: what becomes of their parts."""


@dataclass(frozen=True, slots=True)
class Application:
    """An application in a folder of the web server."""

    name: str
    folder: str
    version: str
    """Empty where nobody knows."""

    def __str__(self) -> str:
        parts = _PARTS.get(self.name, "")
        return f"{self.name}{f' {self.version}' if self.version else ''} in {self.folder}{parts and f'; {parts}'}"


def applications(found: Found) -> tuple[Application, ...]:
    """Those that are there."""
    rows = (line.split("\t") for line in found.sections["applications"])
    return tuple(Application(row[0], row[1], row[2].strip("-")) for row in rows if len(row) == 3)  # noqa: PLR2004


def described(found: Found) -> Iterator[str]:
    """Lines about the host."""
    system = next((line.split()[1:] for line in found.sections["system"] if line.startswith("os ")), [])
    modules = apache.modules(found) if apache.serves(found) else ()
    workers = [name.removeprefix("mpm_") for name in sorted(modules) if "mpm_" in name]
    served = php.serving(found)
    parts = [
        " ".join(system).capitalize(),
        f"Apache with {' and '.join(workers)} workers" if workers else "" if apache.serves(found) else found.main,
        (f"PHP {served.version} {'by FPM' if served.name == 'fpm' else 'within Apache'}") if served else "no PHP",
    ]
    yield ", ".join(filter(None, parts))
    for application in applications(found):
        yield str(application)
