"""The page in question, as far as it tells who on the host serves it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request asks for."""

    port: int = 0
    """Of the host; 0 where it goes elsewhere, or nobody knows."""
    host: str = ""
    """The site's name, as the URL has it."""
    path: str = ""

    def lines(self) -> list[str]:
        """As the survey's script takes it; with blanks escaped by whoever wrote the URL."""
        page = self.host and self.path.startswith("/") and not self.path.split()[1:]
        return [*([f"port {self.port}"] if self.port else []), *([f"page {self.host} {self.path}"] if page else [])]


NOTHING = Asked()
