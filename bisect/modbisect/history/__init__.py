"""Canary results over time. Only this package imports SQLAlchemy."""

from modbisect.history.store import ACCEPTED, KEEP, CanaryResult, History, Watched
from modbisect.history.tables import SCHEMA

__all__ = ["ACCEPTED", "KEEP", "SCHEMA", "CanaryResult", "History", "Watched"]
