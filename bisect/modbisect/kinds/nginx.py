"""nginx as Debian and Ubuntu lay it out."""

from __future__ import annotations

from modbisect.kinds.found import Found
from modbisect.kinds.rules import UnitRule

ROOT = "/etc/nginx"
CONFIGURATION = (f"{ROOT}/*.conf", f"{ROOT}/*/*.conf", f"{ROOT}/conf.d/*", f"{ROOT}/sites-enabled/*")
UNIT = UnitRule(r"nginx\.service")


def serves(found: Found) -> bool:
    """Whether it is nginx that serves the site."""
    return found.main == "nginx"


def units(found: Found) -> tuple[str, ...]:
    """What to restart for it: nothing where another server serves the site."""
    return (found.main_unit,) if serves(found) else ()
