"""Kinds of components: what the survey's facts say can be switched, and what switching means. Pure.

One file a kind, all of them listed in `every`. Everything that changes a host goes through `plan`, which is also what a
dry run prints.
"""

from modbisect.kinds.access import protects
from modbisect.kinds.app_part import kept
from modbisect.kinds.catalogue import (
    BY_THE_PLAYBOOK,
    brought,
    configuration,
    discover,
    edited_files,
    guard_rules,
    in_order,
    is_inside,
    is_tested,
    missing_or_extra,
    never_loaded,
    noun,
    opened,
    opened_by,
    own_files,
    owner,
    packages,
    plan,
    plan_tested,
    remedies,
    resting,
    select,
    survey_fragments,
    told_in,
    units,
    unmoved,
    unusual,
    ways_back,
    write_set,
)
from modbisect.kinds.changes import latest
from modbisect.kinds.every import EXAMPLE, KINDS
from modbisect.kinds.found import CONTAINER, Found, SurveyError, parse
from modbisect.kinds.kind import FOR_ITS_LINES, Kind, Step
from modbisect.kinds.pictures import Picture, differences, picture
from modbisect.kinds.portrait import described
from modbisect.kinds.seen import Frame, Look, LookError, Moment
from modbisect.kinds.traces import DIRECTIVES, Suspicion, by_file, in_words, real, stand_for, suspicions, unreached

__all__ = [
    "BY_THE_PLAYBOOK",
    "CONTAINER",
    "DIRECTIVES",
    "EXAMPLE",
    "FOR_ITS_LINES",
    "KINDS",
    "Found",
    "Frame",
    "Kind",
    "Look",
    "LookError",
    "Moment",
    "Picture",
    "Step",
    "SurveyError",
    "Suspicion",
    "brought",
    "by_file",
    "configuration",
    "described",
    "differences",
    "discover",
    "edited_files",
    "guard_rules",
    "in_order",
    "in_words",
    "is_inside",
    "is_tested",
    "kept",
    "latest",
    "missing_or_extra",
    "never_loaded",
    "noun",
    "opened",
    "opened_by",
    "own_files",
    "owner",
    "packages",
    "parse",
    "picture",
    "plan",
    "plan_tested",
    "protects",
    "real",
    "remedies",
    "resting",
    "select",
    "stand_for",
    "survey_fragments",
    "suspicions",
    "told_in",
    "units",
    "unmoved",
    "unreached",
    "unusual",
    "ways_back",
    "write_set",
]
