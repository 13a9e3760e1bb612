"""What a run must know of a program that answers requests."""

from __future__ import annotations

from dataclasses import dataclass

from modbisect.kinds import Found


@dataclass(frozen=True, slots=True)
class Server:
    """A program that serves a site, and whose host's components can be switched."""

    noun: str
    program: str
    """The name of its executable, as the survey's list of listeners has it."""
    settings: tuple[str, ...] = ()
    """Folders, of which one is there where it is laid out as its kinds expect; none where that need not be."""

    @property
    def unit(self) -> str:
        """Its systemd unit."""
        return f"{self.program}.service"

    def is_there(self, found: Found) -> bool:
        """Whether it serves the host's site, or would, in a layout that is known."""
        laid_out = not self.settings or any(path.startswith(self.settings) for path in found.entries)
        return found.main == self.program and laid_out

    def listens(self, found: Found, port: int) -> bool:
        """Whether it is among those that listen on a port."""
        return self.program in found.listeners.get(port, ())

    def ports(self, found: Found) -> list[int]:
        """Where it listens."""
        return sorted(port for port in found.listeners if self.listens(found, port))


APACHE = Server("Apache", "apache2", ("/etc/apache2/mods-available/",))
HTTPD = Server("Apache", "httpd", ("/etc/httpd/conf/", "/usr/local/apache2/conf/"))
NGINX = Server("nginx", "nginx")
_SERVERS = {server.program: server for server in (APACHE, HTTPD, NGINX)}


def server_of(found: Found) -> Server:
    """The one that serves the host's site."""
    return _SERVERS.get(found.main, APACHE)
