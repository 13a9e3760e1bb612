"""Canary results over time. Only this package imports SQLAlchemy, and no sooner than a history is opened."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modbisect.history.values import ACCEPTED, KEEP, CanaryResult, Watched

if TYPE_CHECKING:
    from modbisect.history.store import History
else:

    def __getattr__(name: str) -> object:
        """SQLAlchemy is not for those who open no history."""
        if name != "History":
            raise AttributeError(name)
        from modbisect.history.store import History  # noqa: PLC0415  # see above

        return History


__all__ = ["ACCEPTED", "KEEP", "CanaryResult", "History", "Watched"]
