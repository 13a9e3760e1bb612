"""The guard's script as one text, and where it lies on a host."""

from __future__ import annotations

import hashlib
from importlib import resources

GUARD = "/var/lib/modbisect/guard"
"""While a run is open, and in no other moment."""
HELPER = "/usr/local/sbin/modbisect-guard"
"""Where a host's owner has installed it: the one command that its sudoers file then needs to name."""

_PARTS = ("guard", "server", "hold", "watch", "change", "restore")


def script() -> bytes:
    """The script: its parts, and the two scripts that only read as verbs of it."""
    parts = [_read("guard", f"{name}.sh") for name in _PARTS]
    parts += [f"{verb}() {{\nset +u\n{_read(f'{verb}.sh')}}}\n" for verb in ("survey", "scratch")]
    # A last command that failed, and said nothing of it, could not write.
    return "\n".join([*parts, 'main "$@" || exit 73\nexit 0\n']).encode()


def digest() -> str:
    """Its SHA-256, hexadecimal: what a host has installed must be the very same."""
    return hashlib.sha256(script()).hexdigest()


def _read(*path: str) -> str:
    return resources.files("modbisect.host").joinpath(*path).read_text()
