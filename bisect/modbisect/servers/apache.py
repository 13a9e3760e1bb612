"""Apache, as Debian and Ubuntu package it."""

from __future__ import annotations

from dataclasses import dataclass

from modbisect.kinds import Found


@dataclass(frozen=True, slots=True)
class Server:
    """A program that answers requests, and whose components can be switched."""

    noun: str
    program: str
    """The name of its executable, as the survey's list of listeners has it."""
    unit: str
    settings: str
    """A folder that is there where it is laid out as its kinds expect."""

    def is_there(self, found: Found) -> bool:
        """Whether a host has it in that layout."""
        return any(path.startswith(f"{self.settings}/") for path in found.entries)

    def listens(self, found: Found, port: int) -> bool:
        """Whether it is among those that listen on a port."""
        return self.program in found.listeners.get(port, ())

    def ports(self, found: Found) -> list[int]:
        """Where it listens."""
        return sorted(port for port in found.listeners if self.listens(found, port))


APACHE = Server("Apache", "apache2", "apache2.service", "/etc/apache2/mods-available")
