"""Samples to verdicts: levels, noise, controls, effects. Pure."""

from modbisect.judging.judge import Judge, cap, difference, effect, requests
from modbisect.judging.levels import REQUESTS, Level, combine, level, measured
from modbisect.judging.noise import Noise, pooled

__all__ = [
    "REQUESTS",
    "Judge",
    "Level",
    "Noise",
    "cap",
    "combine",
    "difference",
    "effect",
    "level",
    "measured",
    "pooled",
    "requests",
]
