"""What the guard has written down, and its room on /run: each taken from it for a while."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import damage
from sight import CURRENT, RUN, Dirty
from trial import Trial

_SAVED = re.compile(rf"{CURRENT}/(snap(/.*)?|manifest|places)")
"""Without these nobody can know what the host was like."""
_WAYS = ("empty", "half", "garbage", "missing", "stale", "other version")
_OFTEN, _SNAP = 4, f"{CURRENT}/snap/"
_LISTS = {f"{CURRENT}/{name}" for name in ["run", "spec", "places", "manifest", "loaded", "touched", "times", "made"]}
"""Each has a copy, and its digest in one file with the others'; that of whose run it is may be lost altogether."""


@dataclass(frozen=True, slots=True)
class _Copy:
    """A file or link as it was: what a backup holds of it."""

    path: Path
    target: str
    content: bytes
    own: os.stat_result
    above: os.stat_result

    @classmethod
    def of(cls, path: Path) -> _Copy:
        link = path.is_symlink()
        return cls(
            path,
            str(path.readlink()) if link else "",
            b"" if link else path.read_bytes(),
            path.lstat(),
            path.parent.stat(),
        )

    def put(self, content: bytes | None) -> None:
        """Write something else in its place, as a crash or a bad disk does; with None it is gone."""
        if content is None or self.target:
            self.path.unlink(missing_ok=True)
        if content is not None:
            self.path.write_bytes(content)

    def back(self) -> None:
        """As it was, times included, unless what it lay in is gone."""
        with suppress(FileNotFoundError):
            self.path.unlink(missing_ok=True)
            if self.target:
                self.path.symlink_to(self.target)
            else:
                self.path.write_bytes(self.content)
                self.path.chmod(self.own.st_mode & 0o7777)
            os.utime(self.path, ns=(self.own.st_atime_ns, self.own.st_mtime_ns), follow_symlinks=False)
            os.utime(self.path.parent, ns=(self.above.st_atime_ns, self.above.st_mtime_ns))


def _files(trial: Trial, *, saved: bool) -> list[str]:
    """All that the guard has written down at this moment; each of the snapshot's many files seldom."""
    found: dict[str, int] = {}
    for folder in (CURRENT, RUN):
        for above, _, names in os.walk(trial.sight.path(folder)):
            for name in names:
                inside = f"/{(Path(above) / name).relative_to(trial.sight.root)}"
                if bool(_SAVED.fullmatch(inside)) == saved and "/spare/" not in inside:
                    found[inside] = 1 if inside.startswith(_SNAP) else _OFTEN * 5
    return [path for path, times in sorted(found.items()) for _ in range(times)]


def _spoil(trial: Trial, inside: str) -> _Copy | None:
    """One file, one way; None when it has gone meanwhile."""
    dice = trial.dice
    way = dice.choice(_WAYS)
    trial.step += f", {inside.removeprefix('/var/lib/modbisect/')} {way}"
    with suppress(FileNotFoundError):
        copy = _Copy.of(trial.sight.path(inside))
        if way == "stale":
            time.sleep(dice.uniform(0.1, 1))  # the run goes on; then an earlier version of the file comes back
            if os.path.lexists(copy.path):
                copy.put(copy.content)
            return copy
        garbage = dice.choice((dice.randbytes(40), b"-1\n", b"99999999999999999999 x\n", b"$(reboot) `reboot` *\n"))
        words = {"empty": b"", "half": copy.content[: len(copy.content) // 2], "garbage": garbage}
        copy.put({**words, "other version": b"version 1\n" + copy.content, "missing": None}[way])
        return copy
    return None


@contextmanager
def spoiled_files(trial: Trial) -> Iterator[None]:
    """What the guard reads back, but for what it puts back: it does without."""
    files = _files(trial, saved=False)
    chosen = [trial.dice.choice(files) for _ in range(trial.dice.choice((1, 1, 1, 2, 4)))] if files else []
    for inside in _promised(chosen):
        _spoil(trial, inside)
    yield


def _promised(chosen: Iterable[str]) -> Iterator[str]:
    """These, but for what would take more than one from a list, its copy and its digest: two of the three must tell."""
    struck: set[str] = set()
    for inside in dict.fromkeys(chosen):
        lists = _LISTS if inside == f"{CURRENT}/sums" else {inside.replace("/copies/", "/")} & _LISTS
        if not lists & struck:
            struck |= lists
            yield inside


@contextmanager
def spoiled_snapshot(trial: Trial) -> Iterator[None]:
    """What it would put back: it destroys nothing and says so, and goes on when somebody brings it back."""
    files, folder = _files(trial, saved=True), trial.sight.path(f"{CURRENT}/snap")
    away = folder.with_name("snap.away")
    copy = None
    if files and trial.chance(0.1):
        trial.step += ", no snap"
        folder.rename(away)
    elif files:
        copy = _spoil(trial, trial.dice.choice(files))
    try:
        yield
        _nothing_is_destroyed(trial)
    finally:
        if copy:
            copy.back()
        if away.exists() and not folder.exists():
            away.rename(folder)


def _nothing_is_destroyed(trial: Trial) -> None:
    """Every path that the run has not switched is as found; what it has switched is either."""
    if not trial.controllers:
        return  # who knows what a whole run has switched
    ours = {step.path for controller in trial.controllers for steps in controller.plan.configurations for step in steps}
    for path, row in trial.found.rows().items():
        now = trial.sight.row(path)
        switched = trial.sight.ground.switched
        if path.startswith(switched) and path not in {*ours, *switched} and now != row:
            raise Dirty(f"with a part of the snapshot gone, {path} became {now}")


@contextmanager
def no_room_in_run(trial: Trial) -> Iterator[None]:
    """Everything in /run, or the guard's folder there, takes no byte, no file, or no write."""
    what = trial.dice.choice(("no blocks", "no blocks", "no inodes", "guard's read-only", "all read-only"))
    trial.step += f", {what}"
    if what.endswith("read-only"):
        trial.sight.path(RUN).mkdir(mode=0o700, exist_ok=True)
        with damage.read_only(trial.sight, RUN if what.startswith("guard") else "/run"):
            yield
        return
    with damage.full_run(trial.sight, what.removeprefix("no ")):
        yield
