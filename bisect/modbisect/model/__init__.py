"""The words of modbisect as values: frozen, slotted, free of I/O.

Times are seconds, sizes are bytes, unless a name says otherwise.
"""

from modbisect.model.asked import NOTHING, Asked
from modbisect.model.components import AS_FOUND, Component, ComponentId, Configuration, Role
from modbisect.model.conclusion import (
    BREAKS,
    NOT_TRIED,
    Conclusion,
    Confirmation,
    Cost,
    Effect,
    Elsewhere,
    Finding,
    Outcome,
    Together,
    Untestable,
)
from modbisect.model.listing import Listing
from modbisect.model.measurement import Measurement, Memory, Request, Verdict
from modbisect.model.site import Aged, Ageing, Auth, Expect, Measure, Probe, Symptom, Upload, origin_of
from modbisect.model.talk import Ask, Enough, Limit

__all__ = [
    "AS_FOUND",
    "BREAKS",
    "NOTHING",
    "NOT_TRIED",
    "Aged",
    "Ageing",
    "Ask",
    "Asked",
    "Auth",
    "Component",
    "ComponentId",
    "Conclusion",
    "Configuration",
    "Confirmation",
    "Cost",
    "Effect",
    "Elsewhere",
    "Enough",
    "Expect",
    "Finding",
    "Limit",
    "Listing",
    "Measure",
    "Measurement",
    "Memory",
    "Outcome",
    "Probe",
    "Request",
    "Role",
    "Symptom",
    "Together",
    "Untestable",
    "Upload",
    "Verdict",
    "origin_of",
]
