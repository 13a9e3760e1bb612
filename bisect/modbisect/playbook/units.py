"""Times and sizes as people write them: ``200ms``, ``1m30s``, ``20MiB``."""

from __future__ import annotations

import re
from decimal import Decimal

from modbisect.playbook.text import clean, shown

SECONDS = {"h": Decimal(3600), "m": Decimal(60), "s": Decimal(1), "ms": Decimal("0.001")}
BYTES = {"GiB": 1 << 30, "MiB": 1 << 20, "KiB": 1 << 10, "GB": 10**9, "MB": 10**6, "KB": 10**3, "B": 1}

_NUMBER = r"[0-9]{1,12}(?:\.[0-9]{1,9})?"
TIME_PATTERN = rf"^(?=[0-9])(?:{_NUMBER}h)?(?:{_NUMBER}m)?(?:{_NUMBER}s)?(?:{_NUMBER}ms)?$"
"""Each unit at most once, the largest first."""
SIZE_PATTERN = rf"^{_NUMBER} ?(?:{'|'.join(BYTES)})$"

_BARE = re.compile(r"\s*[0-9.]+\s*")
_TIME = re.compile(TIME_PATTERN)
_TIME_PART = re.compile(rf"({_NUMBER})(ms|[hms])")
_SIZE = re.compile(SIZE_PATTERN)


def parse_seconds(text: object) -> float:
    """Seconds of a time such as ``200ms``, ``2s``, ``10m`` or ``1h30m``; ValueError says what to write."""
    bare = _bare(text)
    if bare:
        raise ValueError(f'{bare} has no unit; write "{bare}s" for seconds or "{bare}ms" for milliseconds')
    if not isinstance(text, str) or not _TIME.fullmatch(text):
        raise ValueError(f'{shown(text)} is not a time; write one such as "200ms", "2s", "10m" or "1h30m"')
    return float(sum(Decimal(number) * SECONDS[unit] for number, unit in _TIME_PART.findall(text)))


def parse_size(text: object) -> int:
    """Bytes of a size such as ``20MiB`` or ``64KB``; ValueError says what to write."""
    bare = _bare(text)
    if bare:
        raise ValueError(f'{bare} has no unit; write "{bare}MiB", "{bare}KB" or "{bare}B"')
    if not isinstance(text, str) or not _SIZE.fullmatch(text):
        raise ValueError(f'{shown(text)} is not a size; write one such as "20MiB", "64KB" or "512B"')
    unit = text.lstrip("0123456789. ")
    size = Decimal(text.removesuffix(unit).strip()) * BYTES[unit]
    if size != int(size):
        raise ValueError(f"{shown(text)} is not a whole number of bytes")
    return int(size)


def format_seconds(seconds: float) -> str:
    """The shortest time that ``parse_seconds`` reads back as the same value, to the microsecond."""
    left = Decimal(round(seconds * 1_000_000)) / 1_000_000
    if left < 1:
        return f"{(left * 1000).normalize():f}ms"
    parts = []
    for unit in ("h", "m"):
        count, left = divmod(left, SECONDS[unit])
        parts.append(f"{count:f}{unit}" if count else "")
    if left:
        parts.append(f"{left.normalize():f}s")
    return "".join(parts)


def format_size(size: int) -> str:
    """The shortest size that ``parse_size`` reads back as exactly this many bytes."""
    exact = [f"{size // factor}{unit}" for unit, factor in BYTES.items() if size and size % factor == 0]
    return min(exact, key=len, default="0B")


def _bare(value: object) -> str:
    """The number as text when it is one without a unit."""
    if isinstance(value, bool):
        return ""
    if isinstance(value, int | float):
        return str(value)
    return clean(value.strip()) if isinstance(value, str) and _BARE.fullmatch(value) else ""
