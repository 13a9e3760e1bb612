"""Somebody who has begun to speak to the guard, and does not end."""

from __future__ import annotations

import fcntl
import os
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager

from controller import SPEC, request, some_steps
from sight import CURRENT, wait
from tracer import into
from trial import HELPER, Trial

_HALF_SPEC = SPEC[: SPEC.index("-enabled")].encode()
_VERB_SECONDS = 20


@contextmanager
def half_request(trial: Trial) -> Iterator[None]:
    """A request of which the end does not come while all the rest goes on."""
    dice = trial.dice
    trial.install(HELPER)
    run = trial.sight.text(f"{CURRENT}/run").strip() or trial.plan.run
    whole = request(some_steps(dice))
    half, other = whole[: len(whole) // 2], f"{dice.getrandbits(128):032x}"
    words, said = dice.choice(
        (
            (("apply", run), half),
            (("apply", run), b""),
            (("serve", run), b"appl"),
            (("serve", run), b"apply %d\n%s" % (len(whole), half)),
            (("hold", other, "3"), _HALF_SPEC),
            (("hold", run, "3"), _HALF_SPEC),
            (("snap", other), b""),
            (("keep", run, "2"), b"beat\nbea"),
            (("keep", run, "2"), b""),
            (("scratch",), b"x"),
        )
    )
    trial.step += f", half of {words[0]}"
    reader, writer = os.pipe()
    os.write(writer, said)
    process = subprocess.Popen(
        into(trial.host.pid or 0, [HELPER, *words]),
        stdin=reader,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    os.close(reader)
    wait(lambda: process.poll() is not None or not _unread(writer), 1)
    time.sleep(dice.uniform(0, 0.5))  # who is told nothing cannot be seen to wait
    try:
        if trial.chance(0.3):
            trial.ask("rescue", "force", seconds=_VERB_SECONDS)
        yield
    finally:
        os.close(writer)
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        trial.sight.path(HELPER).unlink()


def _unread(pipe: int) -> int:
    """Bytes in a pipe that nobody has read yet."""
    (count,) = struct.unpack("i", fcntl.ioctl(pipe, termios.FIONREAD, bytes(4)))
    return int(count)
