"""The tables of a history, and what earlier schemas lack."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    Double,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
)

SCHEMA = 4
_NOTED = {"changed": "TEXT", "run": "VARCHAR(32)"}
_USUAL = {"usual_seconds": "DOUBLE PRECISION", "alarm_seconds": "DOUBLE PRECISION", **_NOTED}
ADDED = {1: {"seen": "TEXT", **_USUAL}, 2: _USUAL, 3: _NOTED}
"""By an earlier schema, the columns of results that it lacks, and their types."""
_METADATA = MetaData()
VERSION = Table("modbisect_schema", _METADATA, Column("version", Integer, primary_key=True, autoincrement=False))
RESULTS = Table(
    "modbisect_canary",
    _METADATA,
    Column("id", Integer, primary_key=True),
    Column("host", String(255), nullable=False),
    Column("playbook", String(255), nullable=False),
    Column("probe", String(255), nullable=False),
    Column("at", Double, nullable=False),
    Column("median_seconds", Double, nullable=False),
    Column("samples", JSON, nullable=False),
    Column("broken", Text, nullable=False),
    Column("verdict", String(32), nullable=False),
    Column("peak_memory", BigInteger),
    Column("seen", Text),
    Column("usual_seconds", Double),
    Column("alarm_seconds", Double),
    Column("changed", Text),
    Column("run", String(32)),
)
BY_AGE = Index("modbisect_canary_by_age", *(RESULTS.c[name] for name in ("host", "playbook", "probe", "at")))
PICTURES = Table(
    "modbisect_picture",
    _METADATA,
    Column("id", Integer, primary_key=True),
    Column("host", String(255), nullable=False),
    Column("at", Double, nullable=False),
    Column("content", LargeBinary, nullable=False),
)
"""What hosts were, from a time on until the next picture: JSON, compressed by zlib."""
