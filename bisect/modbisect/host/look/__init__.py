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
    data = f"{min(seconds, MOST_SECONDS)} {ports.start} {ports.stop - 1}"
    done = root.script("look", reading("look"), data=data, deadline=seconds + 40.0)
    try:
        return Look.read(done.text)
    except LookError as error:
        raise Refused(
            f"the look failed: {error}; {done.complaint[-300:]}",
            host=root.name,
            state="nothing was changed",
            advice="try it again; a run does without",
        ) from error
