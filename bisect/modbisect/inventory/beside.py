"""Variables in files beside an inventory, found as Ansible finds them: ``group_vars/`` and ``host_vars/``."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from modbisect.errors import UsageError
from modbisect.playbook.text import clean

_ENDINGS = ("", ".yml", ".yaml", ".json")
_DEEPEST = 8


class Beside:
    """What lies beside an inventory."""

    def __init__(self, folder: Path) -> None:
        """List both folders.

        Raises:
            UsageError: one of them may not be read, or is none.
        """
        self._groups, self._hosts = _listed(folder / "group_vars"), _listed(folder / "host_vars")

    def groups(self, name: str) -> Iterator[Path]:
        """The files with a group's variables, in the order in which they are read."""
        return _of(self._groups, name)

    def hosts(self, name: str) -> Iterator[Path]:
        """Those of a host."""
        return _of(self._hosts, name)

    def nobodys(self, groups: Collection[str], hosts: Collection[str]) -> Iterator[str]:
        """A sentence for each file or folder that is for no group or host of the inventory."""
        for word, listed, known in (("group", self._groups, groups), ("host", self._hosts, hosts)):
            for path in listed.values():
                if path.name not in known and (path.suffix not in _ENDINGS or path.stem not in known):
                    yield f"{clean(str(path), limit=500)}: is ignored; there is no {word} of this name"


def _of(listed: Mapping[str, Path], name: str) -> Iterator[Path]:
    """A name's file, or all files of its folder.

    Raises:
        UsageError: there are several of which only the first would count.
    """
    paths = [listed[full] for ending in _ENDINGS if (full := name + ending) in listed]
    if len(paths) > 1:
        raise UsageError(f"{paths[1]}: is not read, for there is {paths[0]}", advice="keep one of the two")
    for path in paths:
        yield from _files(path, _DEEPEST)


def _files(path: Path, deep: int) -> Iterator[Path]:
    if not path.is_dir():
        yield path
        return
    if deep == 0:
        raise UsageError(f"{path}: is nested deeper than {_DEEPEST} folders", advice="put the files further up")
    for source in _listed(path).values():
        if source.suffix in _ENDINGS:
            yield from _files(source, deep - 1)


def _listed(folder: Path) -> dict[str, Path]:
    """What a folder holds by name, hidden files and backups left out; empty where there is none.

    Raises:
        UsageError: it may not be read.
    """
    try:
        return {path.name: path for path in sorted(folder.iterdir()) if path.name[0] != "." and path.name[-1] != "~"}
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise UsageError(f"{folder}: cannot be read: {error.strerror}", advice="let this user read it") from None
