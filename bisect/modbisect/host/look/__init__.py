"""Asks a host what the slow request is doing, read only; the sampler that it is asked with lies beside this."""

from __future__ import annotations

from modbisect.errors import Refused
from modbisect.host.helper import reading
from modbisect.host.privilege import RootLink
from modbisect.kinds import Look, LookError

MOST_SECONDS = 60


def look(root: RootLink, seconds: int, ports: range) -> Look:
    """What requests from these ports are at, for so many seconds.

    Raises:
        Refused: the host answers something else.
    """
    return _look(root, f"{min(seconds, MOST_SECONDS)} {ports.start} {ports.stop - 1}", seconds + 40.0)


def look_at_memory(root: RootLink) -> Look:
    """Whose data fills the memory of the server's largest process; KiB stand in place of seconds.

    Raises:
        Refused: the host answers something else.
    """
    return _look(root, "5 20000 20000 memory", 40.0)


def _look(root: RootLink, data: str, deadline: float) -> Look:
    done = root.script("look", reading("look"), data=data, deadline=deadline)
    try:
        return Look.read(done.text)
    except LookError as error:
        raise Refused(
            f"the look failed: {error}; {done.complaint[-300:]}",
            host=root.name,
            state="nothing was changed",
            advice="try it again; a run does without",
        ) from error
