"""The heartbeat: the controller's sign of life, without which the guard restores the host."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Self

from modbisect.errors import Fenced, LinkLost, ModbisectError
from modbisect.host.link import clean
from modbisect.host.privilege import RootLink


class Heartbeat:
    """Renews the lease from a thread, on a connection of its own, so that no long command can hold it up.

    Its remote end expires the lease at once when the connection ends: a killed controller costs a second, not a
    lease.
    """

    def __init__(self, root: RootLink, run: str, lease: int, on_loss: Callable[[ModbisectError], None]) -> None:
        self._root = root
        self._run = run
        self._lease = lease
        self._on_loss = on_loss
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="heartbeat", daemon=True)

    def __enter__(self) -> Self:
        self._link = self._root.sibling()
        self._stream = self._link.stream([*self._root.guard, "keep", self._run, str(self._lease)])
        if refusal := self._ask(10.0):
            self._stream.close()
            self._link.close()
            raise refusal
        self._thread.start()
        return self

    def stop(self) -> None:
        """Stop beating; the lease runs out by itself unless the host is restored before."""
        self._end.set()
        if self._thread.is_alive():
            self._thread.join()

    def __exit__(self, *_: object) -> None:
        self.stop()
        self._stream.close()
        self._link.close()

    def _beat(self) -> None:
        while not self._end.wait(self._lease / 6):
            try:
                refusal = self._ask(self._lease / 2)
            except LinkLost:
                refusal = Fenced(
                    "the heartbeat to the guard was lost",
                    host=self._root.name,
                    state=f"the guard restores the host within {self._lease} s",
                    advice=f"look with 'modbisect status {self._root.name}'",
                )
            if refusal is not None:
                if not self._end.is_set():
                    self._on_loss(refusal)
                return

    def _ask(self, deadline: float) -> ModbisectError | None:
        """One beat; what the guard has against it."""
        answer = clean(self._stream.ask("beat", deadline=deadline))
        return None if answer == "ok" else fenced(self._root.name, answer)


def fenced(host: str, said: str) -> Fenced:
    """The guard takes no more orders from this run; ``said`` is how it puts that."""
    _, stop, who = said.partition("stopped-by ")
    return Fenced(
        f"the run was stopped on the host, by {who}"
        if stop
        else "the guard rolled the host back and takes no more orders from this run",
        host=host,
        state="restored by the guard, or about to be",
        advice=f"runs are allowed again when {who.split(' ', 1)[0]} is removed"
        if stop
        else f"look with 'modbisect status {host}'; then run again",
    )
