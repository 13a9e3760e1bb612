"""What the command line says of a run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from modbisect.model import ComponentId, Role
from modbisect.run.dialogue import Dialogue
from modbisect.run.past import Past
from modbisect.run.person import Asker

LEASE_SECONDS = 30
LOOK_SECONDS = 5


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line says of a run."""

    seed: int = 0
    lease: int = LEASE_SECONDS
    accept_drift: bool = False
    open_security: bool = False
    """It is agreed to that access control is switched, where the playbook allows that."""
    ask: Callable[[str], bool] | None = None
    """Puts a question to the person at the terminal; None where there is none."""
    unasked: bool = False
    """No question is put to a person, even at a terminal."""
    ask_password: Callable[[], str] | None = None
    playbook_path: str = ""
    """For the journal; empty where it is no file of a person's."""
    by_url: bool = False
    """The command line itself says what is slow, and the journal keeps that."""
    role: Role | None = None
    """What the command line says the host is; for the journal."""
    inventory: str = ""
    """For the journal."""
    before: Past | None = None
    """The run to go on from."""
    dialogue: Dialogue | None = None
    """Its conversation, where it has been led again already."""
    cure_seconds: int = 0
    """How long proven culprits are kept switched over before the host is put back; 0: not at all."""
    needed: frozenset[ComponentId] = frozenset()
    """Components that the site is known to need, from earlier runs."""
    change: str = ""
    """Id of the change or the incident that the run belongs to, for the journal and the report."""
    look_seconds: int = LOOK_SECONDS
    """How long the slow request is looked at before anything is switched; 0: not at all."""
    asker: Asker | None = None
    """Puts questions to a person, who judges the trials in place of the probes."""
