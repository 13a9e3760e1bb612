"""A look at a host from the machine on which it is a virtual machine: once, and again after a while. Reads only."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass

from modbisect.errors import ModbisectError
from modbisect.host.guard import Sample
from modbisect.host.hypervisor import Hypervisor, find_hypervisor
from modbisect.host.hypervisor.values import Census, Use, uses
from modbisect.host.privilege import RootLink
from modbisect.host.survey import sample
from modbisect.inventory import Beneath, Host
from modbisect.kinds import Found
from modbisect.run.access import linked, password_of
from modbisect.run.domains import Identity, Place, Seen, place_of, uuids_of


@dataclass(frozen=True, slots=True)
class Watch:
    """A host and its hypervisor, while both can be asked."""

    host: Host
    root: RootLink | None
    """The host; None where it cannot be asked."""
    machine: Hypervisor | None
    """None where it does not answer."""
    trouble: str
    """Why not."""
    first: Census | None
    sample: Sample | None

    def before(self, facts: Found | None) -> Seen:
        """What the first look saw: which domain the host is, and who else is there."""
        return self._seen(facts, self.first, tuple(map(Use, self.first.domains)) if self.first else ())

    def after(self, facts: Found | None, at_least: float = 1.0) -> Seen:
        """What both looks saw, the second being now, or when so many seconds have passed between them."""
        if self.machine is None or self.first is None:
            return self.before(facts)
        time.sleep(max(0.0, self.first.at + at_least - time.monotonic()))
        try:
            census = self.machine.census()
            stolen = sample(self.root).steal_since(self.sample) if self.root and self.sample else None
        except ModbisectError:  # what the first look saw stands
            return self.before(facts)
        return self._seen(facts, census, uses(self.first, census), census.at - self.first.at, stolen)

    def _seen(
        self,
        facts: Found | None,
        census: Census | None,
        used: tuple[Use, ...],
        seconds: float = 0.0,
        steal: float | None = None,
    ) -> Seen:
        name = self.host.hypervisor
        if census is None:
            said = f"whether this host is a domain of {name} is not known: {self.trouble}"
            return Seen(self.host, name, Place(Identity.UNKNOWN, said))
        place = place_of(self.host, uuids_of(facts) if facts else None, census)
        return Seen(self.host, name, place, census, used, seconds, steal)


def watched(host: Host, root: RootLink | None) -> AbstractContextManager[Watch | None]:
    """The first look, from the host's hypervisor; None where the inventory names none."""
    return watching(host, host.beneath, root) if host.beneath else nullcontext()


@contextmanager
def watching(host: Host, beneath: Beneath, root: RootLink | None) -> Iterator[Watch]:
    """The first look, from a hypervisor. Whatever is the matter there is told by the look, and nothing is raised.

    Its user becomes root by a password only where the inventory has one for it: what a person types is the host's.
    """
    there = beneath.host
    with ExitStack() as stack:
        machine, first, trouble = None, None, ""
        try:
            link = stack.enter_context(linked(there))
            machine = find_hypervisor(link, password_of(there, None))
            first = machine.census()
        except ModbisectError as error:
            trouble = error.what
        yield Watch(host, root, machine, trouble, first, sample(root) if root and first else None)
