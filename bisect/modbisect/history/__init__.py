"""Canary results over time. Only this package imports SQLAlchemy."""

from modbisect.history.store import KEEP, SCHEMA, CanaryResult, History

__all__ = ["KEEP", "SCHEMA", "CanaryResult", "History"]
