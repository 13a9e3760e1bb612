"""While a host is under our hand: snapshot and watch first, restore and proof last, whatever happens."""

from __future__ import annotations

import getpass
import os
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from modbisect import kinds
from modbisect.errors import Fenced, LinkLost, ModbisectError, NotRestored, Refused
from modbisect.host.guard import Guard, Heartbeat, Status
from modbisect.kinds import Found
from modbisect.report.values import Restored
from modbisect.run.events import Armed, Observer, PutBack, Stage, Warned

PATIENCE_SECONDS = 60.0
"""How much longer than a lease the guard may take to roll back."""


@dataclass(slots=True)
class Session:
    """What the code inside may use, and what is left at the end."""

    guard: Guard
    drift: bool = False
    """Accepted: what the files as found make of the server is not what it ran with."""
    lost: list[ModbisectError] = field(default_factory=list)
    """Filled by the heartbeat: the guard no longer takes our orders."""
    cure_seconds: int = 0
    """Where not 0, the host is left as it is now for so long, and put back by the guard then."""

    def check(self) -> None:
        """Stop at once when the heartbeat was lost.

        Raises:
            Fenced: it was.
        """
        if self.lost:
            raise self.lost[0]


def owner() -> str:
    """Who holds the host, for whoever finds it held."""
    stamp = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime())
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # it has no name
        user = f"uid {os.getuid()}"
    return f"{user}@{socket.gethostname()} process {os.getpid()} since {stamp}"


@contextmanager
def guarded(
    guard: Guard,
    facts: Found,
    edited: Sequence[str],
    *,
    lease: int,
    drift: bool = False,
    observe: Observer,
    before_restore: Callable[[], None],
    reconnect: Callable[[], Status],
    on_loss: Callable[[], None],
) -> Iterator[Session]:
    """Hold the host: on entry it is locked, copied and watched; on exit it is as found, or `NotRestored` is raised.

    Where the session says so at its end, the guard keeps the host as it is for a while, and puts it back then.

    Args:
        guard: of the host, for this run.
        facts: the survey.
        edited: files beside its folders that trials may edit.
        lease: seconds of silence after which the host restores itself.
        drift: the server may run with another configuration than the files have; as found is then what they make of it.
        observe: is told what happens.
        before_restore: called before anything is put back; defers signals.
        reconnect: asks the guard's status over a fresh connection.
        on_loss: called from the heartbeat's thread when the guard is lost.

    Raises:
        Refused: the host cannot be held; nothing was changed.
        NotRestored: the host could not be shown to be as found.
    """
    session = Session(guard, drift)

    def lost(error: ModbisectError) -> None:
        session.lost.append(error)
        on_loss()

    heartbeat = _hold(guard, facts, edited, lease=lease, drift=drift, observe=observe, lost=lost)
    try:
        yield session
    except BaseException:
        session.cure_seconds = 0
        raise
    finally:
        before_restore()
        began = time.monotonic()
        try:
            restored = session.cure_seconds and _left_cured(guard, heartbeat, session, reconnect, observe)
            if not restored:
                observe(Stage("putting the host back", "restore"))
                restored = _put_back(guard, heartbeat, session, began)
        except (Fenced, LinkLost) as error:
            observe(Warned(error.what))
            restored = _rolled_back(reconnect, guard.run, lease, began)
        finally:
            # Its end makes the guard restore at once, should we not have managed it.
            with suppress(LinkLost, OSError):
                heartbeat.__exit__()
        observe(PutBack(restored))


def _hold(
    guard: Guard,
    facts: Found,
    edited: Sequence[str],
    *,
    lease: int,
    drift: bool,
    observe: Observer,
    lost: Callable[[ModbisectError], None],
) -> Heartbeat:
    try:
        snapshot = guard.hold(owner(), kinds.write_set(facts), kinds.units(facts), lease, tuple(edited), drift=drift)
        heartbeat = guard.heartbeat(lease, lost).__enter__()
    except Refused:
        raise
    except LinkLost as error:
        raise Refused(
            "the connection broke while the guard was set up",
            host=guard.host,
            state=f"nothing was switched; the guard lets go by itself within {lease} s",
            advice="try again",
        ) from error
    except BaseException:
        with suppress(ModbisectError):
            guard.restore()
            guard.disarm()
        raise
    observe(Armed(snapshot.digest, snapshot.entries, lease))
    return heartbeat


def _left_cured(
    guard: Guard, heartbeat: Heartbeat, session: Session, reconnect: Callable[[], Status], observe: Observer
) -> Restored | None:
    """Leave the host to the guard as it is; None where the guard does not take it so."""
    heartbeat.stop()
    session.check()
    seconds = session.cure_seconds
    try:
        guard.cure(seconds)
    except LinkLost:  # it may well have heard
        seen = reconnect()
        if (seen.state, seen.run) != ("CURED", guard.run):
            raise
        seconds = seen.lease_seconds
    except (Refused, NotRestored) as error:
        observe(Warned(f"the culprit is not kept switched over: {error.what}"))
        return None
    until = datetime.now(UTC) + timedelta(seconds=seconds)
    return Restored(
        verified=False,
        how="the proven culprits alone are switched over, on purpose; the guard puts the host back then",
        cure_until=until.isoformat(timespec="seconds"),
    )


_LIVE = {
    False: "the same modules in the live server",
    True: "in the live server the modules that it had, or that these files load",
}


def _put_back(guard: Guard, heartbeat: Heartbeat, session: Session, began: float) -> Restored:
    heartbeat.stop()
    session.check()
    digest = guard.restore()
    seconds = time.monotonic() - began
    guard.disarm()
    return Restored(
        verified=True,
        how=f"every path, link, content, mode, owner and time as found, and {_LIVE[session.drift]}",
        seconds=seconds,
        digest=digest,
    )


def _rolled_back(reconnect: Callable[[], Status], run: str, lease: int, began: float) -> Restored:
    """Wait for the guard to do it."""
    until = time.monotonic() + lease + PATIENCE_SECONDS
    seen: Status | None = None
    while time.monotonic() < until:
        try:
            seen = reconnect()
        except ModbisectError:
            seen = None
        if seen is not None and seen.run != run:
            verified = seen.rolled_back == run
            how = "rolled back and verified by the guard on the host" if verified else "no trace of this run is left"
            return Restored(verified=verified, how=how, seconds=time.monotonic() - began)
        time.sleep(1)
    state = f"the guard's state is {seen.state} {seen.reason}" if seen else "the host cannot be reached"
    raise NotRestored(
        "the host could not be shown to be as found",
        state=f"{state}; the guard restores it by itself and keeps trying",
        advice="look with 'modbisect status', and 'modbisect restore' if need be",
    )
