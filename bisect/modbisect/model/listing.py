"""Lists in files: parts of an application that stand one a line."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Listing:
    """A list whose entries are components, as an application's providers; or whole files that are."""

    name: str
    """In front of each entry's name: ``laravel-provider``."""
    files: tuple[str, ...]
    """Patterns of paths on the host, as a shell's."""
    entry: str = ""
    """Regular expression of an entry's line, whose group is its name; empty: each file is an entry."""
    begin: str = ""
    """That of the line in front of the first entry; empty: the file's beginning."""
    end: str = ""
    """That of the line behind the last; empty: the file's end."""
    keep: tuple[str, ...] = ()
    """Patterns of names that stay: what guards access."""
    restart: tuple[str, ...] = ()
    """systemd units that read it, beside the web server's."""

    def line(self) -> str:
        """As the survey's script takes it; what it is made of holds no control character."""
        return "\t".join((self.name, self.begin, self.end, self.entry, " ".join(self.files), " ".join(self.restart)))
