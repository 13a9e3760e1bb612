"""What is installed on the practice host, read from software.txt, and what its configuration test says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources

from modbisect.lab.practice.tree import Entry, Tree

_APACHE = "/etc/apache2"
_PHP = "/etc/php/8.2"
_KINDS = {"mods": "apache-module", "conf": "apache-conf", "sites": "apache-site", "php": "php-module"}
_DIRECTIVES = {
    f"{_APACHE}/conf-enabled/shop-headers.conf": ("Header", "headers"),
    f"{_APACHE}/sites-enabled/000-default.conf": ("ExpiresActive", "expires"),
}
"""Files that use a directive, and the module that knows it: what only the configuration test tells."""


@dataclass(frozen=True, slots=True)
class Piece:
    """One component that is installed."""

    folder: str
    on: bool
    """As found."""
    files: tuple[str, ...]
    depends: str

    @property
    def name(self) -> str:
        """Without what is put before and behind it in file names."""
        name = self.files[0].rpartition(".")[0]
        return name[3:] if self.folder == "php" else name

    @property
    def id(self) -> str:
        """As modbisect calls it."""
        return f"{_KINDS[self.folder]}:{self.name}"

    @property
    def available(self) -> tuple[str, ...]:
        """Paths of its own files."""
        if self.folder == "php":
            return (f"{_PHP}/mods-available/{self.name}.ini",)
        return tuple(f"{_APACHE}/{self.folder}-available/{file}" for file in self.files)

    @property
    def links(self) -> dict[str, str]:
        """The links that switch it on, and their targets."""
        if self.folder == "php":
            return {f"{_PHP}/apache2/conf.d/{self.files[0]}": self.available[0]}
        return {f"{_APACHE}/{self.folder}-enabled/{file}": f"../{self.folder}-available/{file}" for file in self.files}

    @property
    def loads(self) -> str:
        """Base name of its shared object; empty where it is only text."""
        if self.folder == "mods":
            return f"lib{self.name}.so" if self.name.startswith("php") else f"mod_{self.name}.so"
        return f"{self.name}.so" if self.folder == "php" else ""

    def headers(self) -> Iterator[str]:
        """The lines of its file that the survey shows."""
        path = self.available[0]
        if self.folder == "mods":
            yield from ([f"{path}:1:# Depends: {self.depends}"] if self.depends else [])
            yield f"{path}:2:LoadModule {self.name}_module /usr/lib/apache2/modules/{self.loads}"
        elif self.folder == "php":
            yield f"{path}:1:; priority={self.files[0][:2]}"
            yield f"{path}:2:{'zend_' if self.name in ('opcache', 'xdebug') else ''}extension={self.loads}"


def _pieces() -> Iterator[Piece]:
    for line in resources.files(__package__).joinpath("software.txt").read_text().splitlines():
        words, _, depends = line.partition("# Depends: ")
        if words and not words.startswith("#"):
            folder, state, *files = words.split()
            yield Piece(folder, state == "on", tuple(files), depends)


PIECES = tuple(_pieces())


def as_found(changed: float) -> Tree:
    """The links of a fresh practice host, all made at the time ``changed``."""
    return {path: Entry(target, changed) for piece in PIECES if piece.on for path, target in piece.links.items()}


def running(tree: Tree) -> tuple[Piece, ...]:
    """What a server started on these files runs with."""
    return tuple(piece for piece in PIECES if next(iter(piece.links)) in tree)


def configuration_test(tree: Tree) -> tuple[int, str]:
    """Apache's exit status and words on these files."""
    for path, (directive, module) in _DIRECTIVES.items():
        if path in tree and f"{_APACHE}/mods-enabled/{module}.load" not in tree:
            return 1, (
                f"AH00526: Syntax error on line 3 of {path}:\nInvalid command '{directive}', perhaps misspelled "
                "or defined by a module not included in the server configuration"
            )
    return 0, "Syntax OK"
