"""The playbook as it stands in the file: its keys, their checks, their descriptions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator, model_validator

from modbisect.model import Ageing, Measure, Symptom
from modbisect.playbook.fields import ConfigFile, Glob, Line, OneOrMany, ProbeName, Time, Window
from modbisect.playbook.probe_schema import LARGEST, ProbeModel
from modbisect.playbook.text import did_you_mean, shown
from modbisect.playbook.units import format_size
from modbisect.playbook.validation import At, Strict
from modbisect.playbook.values import Budget, CanaryOptions, Health, Playbook, Selection, TrialOptions

Count = Annotated[int, Field(ge=1, le=1_000_000)]
Ratio = Annotated[float, Field(gt=1, le=1000)]


_LEAST_MEMORY = 4 / 1024
_MOST_AGEING = 600.0
"""Seconds for requests without a time."""
"""GiB."""


class UntilModel(Strict):
    """Requests of the symptom's probe that every trial sends before it measures."""

    requests: Annotated[int, Field(ge=0, le=1_000_000)] = Field(default=0, description="At least so many ...")
    minutes: Annotated[float, Field(ge=0, le=600)] = Field(default=0, description="... and for at least so long.")

    @model_validator(mode="after")
    def _says_something(self) -> UntilModel:
        if not (self.requests or self.minutes):
            raise ValueError('needs "requests" or "minutes", more than none')
        return self

    def value(self) -> Ageing:
        """The same as a value."""
        seconds = self.minutes * 60
        return Ageing(self.requests, seconds, most=max(_MOST_AGEING, seconds))


class SymptomModel(Strict):
    """What counts as slow."""

    probe: str | None = Field(default=None, description="Probe that shows it; not needed when there is one probe.")
    then: OneOrMany[str] = Field(
        default=[],
        description="Probes asked right after it: how long all of them take, added up, is what counts.",
    )
    measure: Literal["latency", "tail", "memory", "growth"] = Field(
        default="latency",
        description="What is too much: time of the typical request, of the slowest tenth (tail), a worker's memory, or "
        "what each request leaves behind in it (growth).",
    )
    until: UntilModel | None = Field(
        default=None,
        description="What has to come after a restart before it shows; left out: learned, where a restart cures it.",
    )
    slower_than: Time | None = Field(
        default=None,
        description="A site faster than this has nothing to find; left out: compare with all flipped.",
    )
    ratio: Ratio = Field(default=1.5, description="Smallest slowdown that matters, as a factor ...")
    at_least: Time = Field(
        default=0.02,
        description="... and as a time: both must be exceeded.",
        json_schema_extra={"default": "20ms"},
    )

    @field_validator("slower_than", "at_least")
    @classmethod
    def _is_about_time(cls, value: float | None, info: ValidationInfo) -> float | None:
        if info.data.get("measure") in ("memory", "growth"):
            raise ValueError("is a time, and memory has none; leave it out")
        return value

    @property
    def least(self) -> float:
        """In seconds; in GiB where it is about memory."""
        return _LEAST_MEMORY if self.measure in ("memory", "growth") else self.at_least


class ComponentsModel(Strict):
    """Which components are suspects: globs over ids, ``kind:name``."""

    include: OneOrMany[Glob] = Field(default=["*"], description="Components that may be suspects.")
    keep: OneOrMany[Glob] = Field(default=[], description="Components that stay as found.")
    off: Literal["auto", "all", "none"] = Field(
        default="auto", description="Which components that are off in production are suspects too."
    )
    allow_security: bool = Field(
        default=False, description="Allow flipping what protects the site: its firewall, its access rules."
    )
    together: list[Annotated[list[Glob], Field(min_length=1)]] = Field(
        default=[], description="Groups of components that go together: each list is switched as one."
    )
    into: OneOrMany[ConfigFile] = Field(
        default=[], description="Files of the host's configuration whose own lines are the suspects, and nothing else."
    )


class BudgetModel(Strict):
    """What a run may cost; left out is no limit."""

    time: Time | None = Field(default=None, description="Longest run, restoring left out.")
    restarts: Count | None = Field(default=None, description="Most restarts, without the one that restores.")
    requests: Count | None = Field(default=None, description="Most requests.")
    downtime: Time | None = Field(
        default=None, description="Longest in all that the site may not serve: restarts, and what breaks it."
    )


class HealthModel(Strict):
    """When a run gives up and puts the host back, because the site has not served for too long."""

    probe: str = Field(
        description="Probe that tells whether the site serves, as a plain page does; it is asked first after each "
        "restart, and not the symptom's: what is slow cannot tell."
    )
    within: Time = Field(
        description="Longest in a row that the site may go without a correct answer to it, restarts included."
    )


class TrialModel(Strict):
    """How one trial measures."""

    requests: Count | None = Field(
        default=None, description="Measured requests of a trial; left out: as many as it takes."
    )
    warm_up: Annotated[int, Field(ge=0, le=1000)] = Field(
        default=5, description="Requests after a restart, not measured."
    )
    cap: Time | None = Field(default=None, description="Cut a request off after this time; left out: learned.")


class CanaryModel(Strict):
    """When a canary speaks; both limits must be exceeded."""

    days: Annotated[int, Field(ge=1, le=366)] = Field(default=28, description="Days of earlier checks to compare with.")
    ratio: Ratio = Field(default=1.2, description="Smallest slowdown that matters, as a factor.")
    at_least: Time = Field(
        default=0.01,
        description="... and as a time: both must be exceeded.",
        json_schema_extra={"default": "10ms"},
    )


class PlaybookModel(Strict):
    """A modbisect playbook: what to request, what counts as slow, what may be flipped, for how long."""

    version: Literal[1] = Field(default=1, description="Version of this format.")
    name: Line | None = Field(default=None, description="What a person calls it; left out: the file's name.")
    hosts: Line | None = Field(
        default=None, description="Pattern over the inventory; left out: the command line names the host."
    )
    probes: dict[ProbeName, ProbeModel] = Field(min_length=1, description="Requests by name.")
    login: ProbeModel | None = Field(
        default=None,
        description="A form by which a person logs in; all probes of the same site send its cookies. Its page is asked "
        "first and what it hides is sent along. Done before all else, and again where a session is over.",
    )
    symptom: SymptomModel = Field(default=SymptomModel(), description="What counts as slow.", validate_default=True)
    components: ComponentsModel = Field(default=ComponentsModel(), description="Which components are suspects.")
    kinds: OneOrMany[Line] = Field(
        default=[],
        description="Files beside the playbook that declare lists of parts of the application, each part a component.",
    )
    strategy: Literal["auto", "one-at-a-time", "bisect", "bayes"] = Field(default="auto", description="How to search.")
    budget: BudgetModel = Field(default=BudgetModel(), description="What a run may cost.")
    health: HealthModel | None = Field(
        default=None, description="When a run gives up because the site does not serve; left out: never."
    )
    window: Window | None = Field(
        default=None,
        description="Hours in which runs are allowed, by the clock of the machine modbisect runs on, or in the zone "
        "that is named; the host's modbisect_window holds as well.",
    )
    trial: TrialModel = Field(default=TrialModel(), description="How one trial measures.")
    canary: CanaryModel = Field(default=CanaryModel(), description="When a canary speaks.")

    @field_validator("probes")
    @classmethod
    def _files_fit_a_disk(cls, probes: dict[str, ProbeModel]) -> dict[str, ProbeModel]:
        """A file is made once for each size, and kept to the end."""
        if sum({probe.file.size for probe in probes.values() if probe.file}) > LARGEST:
            raise ValueError(f"files of all sizes together must be at most {format_size(LARGEST)}")
        return probes

    @field_validator("login")
    @classmethod
    def _is_a_form(cls, login: ProbeModel | None) -> ProbeModel | None:
        if login and (login.post is None or not (login.form or login.form_secrets)):
            raise ValueError('is a form that is sent: needs "post" with "form" and "form_secrets"')
        return login

    @field_validator("symptom")
    @classmethod
    def _names_a_probe(cls, symptom: SymptomModel, info: ValidationInfo) -> SymptomModel:
        """Probes that are wrong themselves say so; their names are not known here."""
        probes: list[str] = list(info.data.get("probes", {}))
        if not probes:
            return symptom
        if symptom.probe is None and len(probes) > 1:
            raise ValueError(f'needs "probe", one of: {", ".join(probes)}')
        if symptom.probe is not None and symptom.probe not in probes:
            raise At("probe", _no_such(symptom.probe, probes))
        asked = [symptom.probe or probes[0]]
        for name in symptom.then:
            if name not in probes:
                raise At("then", _no_such(name, probes))
            if name in asked:
                raise At("then", f"names {shown(name)} twice; each of the symptom's probes is asked once a round")
            asked.append(name)
        return symptom

    @field_validator("health")
    @classmethod
    def _names_another_probe(cls, health: HealthModel | None, info: ValidationInfo) -> HealthModel | None:
        symptom = info.data.get("symptom")
        probes: list[str] = list(info.data.get("probes", {}))
        if health is None or symptom is None or not probes:
            return health
        if health.probe in (symptom.probe or probes[0], *symptom.then):
            raise At("probe", "is the symptom's, and what is slow cannot tell; add a probe such as home: {get: /}")
        if health.probe not in probes:
            raise At("probe", _no_such(health.probe, probes))
        return health

    def value(self, default_name: str) -> Playbook:
        """The same as values; ``default_name`` is for a playbook without one."""
        symptom, parts, budget = self.symptom, self.components, self.budget
        trial, canary = self.trial, self.canary
        probe = symptom.probe or next(iter(self.probes))
        return Playbook(
            name=self.name or default_name,
            hosts=self.hosts or "",
            probes=tuple(model.value(name) for name, model in self.probes.items()),
            login=self.login.value("login") if self.login else None,
            symptom=Symptom(
                probe,
                symptom.slower_than,
                symptom.ratio,
                symptom.least,
                Measure(symptom.measure),
                tuple(symptom.then),
                symptom.until.value() if symptom.until else None,
            ),
            select=Selection(
                tuple(parts.include),
                tuple(parts.keep),
                parts.off,
                parts.allow_security,
                tuple(parts.into),
                tuple(map(tuple, parts.together)),
            ),
            strategy=self.strategy,
            budget=Budget(budget.time, budget.restarts, budget.requests, budget.downtime),
            health=Health(self.health.probe, self.health.within) if self.health else None,
            window=self.window,
            trial=TrialOptions(trial.requests, trial.warm_up, trial.cap),
            canary=CanaryOptions(canary.days, canary.ratio, canary.at_least),
        )


def _no_such(probe: str, probes: Sequence[str]) -> str:
    near = did_you_mean(probe, probes) or f"; there are: {', '.join(probes)}"
    return f"there is no probe {shown(probe)}{near}"
