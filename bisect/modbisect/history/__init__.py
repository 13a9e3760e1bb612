"""Canary results over time. Only this package imports SQLAlchemy."""

from modbisect.history.store import ACCEPTED, KEEP, SCHEMA, CanaryResult, History, Watched

__all__ = ["ACCEPTED", "KEEP", "SCHEMA", "CanaryResult", "History", "Watched"]
