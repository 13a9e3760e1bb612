"""Samples to verdicts: levels, noise, controls, effects. Pure."""

from modbisect.judging.judge import Judge, cap, difference, effect, requests
from modbisect.judging.level import Level, combine, level
from modbisect.judging.noise import Noise, pooled

__all__ = [
    "Judge",
    "Level",
    "Noise",
    "cap",
    "combine",
    "difference",
    "effect",
    "level",
    "pooled",
    "requests",
]
