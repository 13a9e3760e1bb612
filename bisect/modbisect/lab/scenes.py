"""What ``modbisect demo`` plays: sites to be made slow, and what a run should say of them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Scene:
    """A site to be made slow."""

    setups: tuple[str, ...]
    """In this order, by name."""
    playbook: str
    """Beside the setups."""
    culprit: frozenset[str]
    """Components; empty where nobody is to blame."""
    story: str


SCENES = {
    "upload": Scene(
        ("shop", "upload-middleware"),
        "shop.yml",
        frozenset({"php-module:uploadguard"}),
        "A shop on Apache, PHP and MariaDB. Since somebody added a scanner for uploads, 20 MB take over a minute.",
    ),
    "pair": Scene(
        ("shop", "security-pair"),
        "shop-firewall.yml",
        frozenset({"apache-module:security2", "apache-conf:upload-inspection"}),
        "The shop behind mod_security: a conf makes it inspect uploads as they stream in. Alone, neither is slow.",
    ),
    "opcache": Scene(
        ("shop", "opcache-off"),
        "shop-report.yml",
        frozenset({"php-module:opcache"}),
        "The shop's report compiles four hundred files at each request, because opcache is off.",
    ),
    "innocent": Scene(("shop",), "shop-report.yml", frozenset(), "The shop as it should be. Nobody is to blame."),
}
PRACTICED = frozenset({"php-module:uploadguard"})
"""The culprit of the practice host."""
