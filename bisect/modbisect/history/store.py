"""The results of canaries in a database: SQLite by default, whatever SQLAlchemy speaks by URL."""

from __future__ import annotations

import contextlib
import json
import os
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Self

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import (
    URL,
    ColumnElement,
    Connection,
    Engine,
    Row,
    create_engine,
    event,
    func,
    inspect,
    make_url,
    select,
)
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.pool import ConnectionPoolEntry
from sqlalchemy.schema import CreateIndex, CreateTable

from modbisect import state
from modbisect.errors import Refused, UsageError
from modbisect.harmless import one_line
from modbisect.history.tables import ADDED, BY_AGE, PICTURES, RESULTS, SCHEMA, VERSION
from modbisect.history.values import ACCEPTED, KEEP, CanaryResult, Watched

_SLOWER = "slower"
KEEP_PICTURES = 50
"""Of each host."""
_PATIENCE = 30
"""Seconds to wait for another writer."""


class History:
    """A database of canary results, open while its context lasts; several processes may write at once.

    Args:
        url: as SQLAlchemy writes it, such as ``sqlite:////var/lib/modbisect/history.db``; the file and its
            folder are made when they are not there.
        keep: how many results stay for each host, playbook and probe; the oldest go.

    Raises:
        UsageError: the URL is wrong, or its driver is not installed.
        Refused: the database cannot be read or written, or a newer modbisect made it.
    """

    def __init__(self, url: str, keep: int = KEEP) -> None:
        if keep < 1:
            raise UsageError(f"a history of {keep} results is none", advice="keep at least one")
        self._keep = keep
        self._url = _parsed(url)
        self._engine = _engine(self._url)

    def __enter__(self) -> Self:
        """Opens the database; makes its tables in an empty one."""
        try:
            with self._transaction() as connection:
                self._prepare(connection)
        except BaseException:
            self._engine.dispose()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._engine.dispose()

    def record(self, result: CanaryResult) -> None:
        """Keeps a result, and forgets the oldest ones of its kind."""
        kind = _kind(result.host, result.playbook, result.probe)
        newest = select(RESULTS.c.id).where(kind).order_by(*_NEWEST).limit(self._keep)
        with self._transaction() as connection:
            connection.execute(RESULTS.insert().values(**asdict(result)))
            connection.execute(RESULTS.delete().where(kind, RESULTS.c.id.not_in(newest)))

    def recent(self, host: str, playbook: str, probe: str, limit: int) -> tuple[CanaryResult, ...]:
        """The last ``limit`` results of a probe, the newest last."""
        query = RESULTS.select().where(_kind(host, playbook, probe)).order_by(*_NEWEST).limit(max(0, limit))
        with self._transaction() as connection:
            rows = connection.execute(query).all()
        return tuple(self._result(row) for row in reversed(rows))

    def note(self, host: str, playbook: str, probe: str, *, changed: str, run: str) -> None:
        """Adds to a probe's latest result what has changed on the host, and the run that it led to."""
        newest = select(RESULTS.c.id).where(_kind(host, playbook, probe)).order_by(*_NEWEST).limit(1)
        with self._transaction() as connection:
            number = connection.execute(newest).scalar_one()
            noted = RESULTS.update().where(RESULTS.c.id == number)
            connection.execute(noted.values(changed=changed, run=run or None))

    def keep_picture(self, host: str, at: float, picture: Mapping[str, str]) -> None:
        """Keeps what a host is from a time on, where it is not what it was; the oldest pictures go."""
        content = zlib.compress(json.dumps(picture, sort_keys=True).encode())
        own = PICTURES.c.host == host
        newest = select(PICTURES.c.id).where(own).order_by(PICTURES.c.id.desc())
        with self._transaction() as connection:
            latest = select(PICTURES.c.content).where(PICTURES.c.id == newest.limit(1).scalar_subquery())
            if connection.execute(latest).scalar() == content:
                return
            connection.execute(PICTURES.insert().values(host=host, at=at, content=content))
            connection.execute(PICTURES.delete().where(own, PICTURES.c.id.not_in(newest.limit(KEEP_PICTURES))))

    def picture(self, host: str, at: float) -> dict[str, str] | None:
        """What a host was at a time, as Unix has it; None where nobody knows."""
        query = select(PICTURES.c.content).where(PICTURES.c.host == host, PICTURES.c.at <= at)
        with self._transaction() as connection:
            content = connection.execute(query.order_by(PICTURES.c.id.desc()).limit(1)).scalar()
        if content is None:
            return None
        try:
            return _PICTURE.validate_json(zlib.decompress(content))
        except (ValidationError, zlib.error) as error:
            raise self._refused(
                f"a picture of {host} is none: {one_line(str(error))}", f"delete its rows from {PICTURES.name}"
            ) from None

    def watched(self) -> tuple[Watched, ...]:
        """Every probe of which there are results, by host, playbook and name."""
        named = (RESULTS.c.host, RESULTS.c.playbook, RESULTS.c.probe)
        at = RESULTS.c.at
        query = select(*named, func.count(), func.min(at), func.max(at)).group_by(*named).order_by(*named)
        with self._transaction() as connection:
            return tuple(Watched(*row) for row in connection.execute(query))

    def accept(self, host: str, playbook: str, probe: str) -> int:
        """Take the regression that the latest results tell of for what is usual from there on; how many these are."""
        streak: list[int] = []
        query = select(RESULTS.c.id, RESULTS.c.verdict).where(_kind(host, playbook, probe)).order_by(*_NEWEST)
        with self._transaction() as connection:
            for number, verdict in connection.execute(query):
                if verdict != _SLOWER:
                    break
                streak.append(number)
            if streak:
                since = RESULTS.c.id.in_(streak)
                connection.execute(RESULTS.update().where(since).values(verdict=ACCEPTED))
        return len(streak)

    def _result(self, row: Row[tuple[object, ...]]) -> CanaryResult:
        try:
            return _ROW.validate_python(row._asdict())
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            field = ".".join(map(str, first["loc"]))
            raise self._refused(
                f"row {row.id!r} of {RESULTS.name} is no result: {field}: {first['msg']}",
                "delete that row; or move the file aside: a new one is begun",
            ) from None

    def _prepare(self, connection: Connection) -> None:
        if connection.dialect.name == "postgresql":
            # Two that make the same table at once are not held apart by IF NOT EXISTS: one of them fails.
            connection.execute(select(func.pg_advisory_xact_lock(_MAKING)))
        connection.execute(CreateTable(VERSION, if_not_exists=True))
        versions = connection.execute(VERSION.select()).scalars().all()
        earlier = versions[0] if len(versions) == 1 and versions[0] in ADDED else None
        if versions and versions != [SCHEMA] and earlier is None:
            raise self._refused(
                f"it has schema {', '.join(map(repr, versions))}, and this modbisect knows {SCHEMA}",
                "update modbisect, or name another one",
            )
        connection.execute(CreateTable(RESULTS, if_not_exists=True))
        there = {column["name"] for column in inspect(connection).get_columns(RESULTS.name)}
        missing = [column.name for column in RESULTS.columns if column.name not in there]
        if earlier is not None and set(missing) <= ADDED[earlier].keys():  # another process may have been first
            for name in missing:
                connection.exec_driver_sql(f"ALTER TABLE {RESULTS.name} ADD COLUMN {name} {ADDED[earlier][name]}")
            connection.execute(VERSION.update().values(version=SCHEMA))
            missing = []
        if missing:
            raise self._refused(
                f"its table {RESULTS.name} has no {', '.join(missing)}: something else made it",
                "name another one, or move it aside: a new one is begun",
            )
        connection.execute(CreateTable(PICTURES, if_not_exists=True))
        connection.execute(CreateIndex(BY_AGE, if_not_exists=True))
        if not versions:
            connection.execute(VERSION.insert().values(version=SCHEMA))

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[Connection]:
        try:
            with self._engine.begin() as connection:
                yield connection
        except (SQLAlchemyError, ValueError, RecursionError) as error:  # the latter two: samples that are no JSON
            cause = str(getattr(error, "orig", None) or error)
            is_file = self._url.get_backend_name() == "sqlite"
            advice = next((what for word, what in _ADVICE if is_file and word in cause), _MEND if is_file else _SERVER)
            raise self._refused(cause, advice) from error

    def _refused(self, what: str, advice: str) -> Refused:
        return Refused(f"the history {_shown(self._url)} cannot be used: {what}", advice=advice)


_MAKING = 0x6D6F6462
"""Key of the lock under which tables are made; any number that nobody else takes."""
_SERVER = "see that the server runs and lets this user make and write tables in that database"
_MEND = (
    "see that its folder can be written and has room; a file that is damaged, or is no history, move aside: a new one "
    "is begun"
)
_ADVICE = (
    ("locked", f"another process has kept it for {_PATIENCE} s: see which ('fuser FILE'), and try again"),
    ("readonly", "let this user write the file and its folder, or name another one"),
)
"""What to do, by a word of what the database says."""
_ROW = TypeAdapter(CanaryResult)
_PICTURE = TypeAdapter(dict[str, str])
_NEWEST = (RESULTS.c.at.desc(), RESULTS.c.id.desc())


def _kind(host: str, playbook: str, probe: str) -> ColumnElement[bool]:
    return (RESULTS.c.host == host) & (RESULTS.c.playbook == playbook) & (RESULTS.c.probe == probe)


def _parsed(url: str) -> URL:
    try:
        return make_url(url)
    except ArgumentError:
        # The text is not shown: a password may be in it.
        raise UsageError(
            "the history's URL is not one", advice="write one such as sqlite:////var/lib/modbisect/history.db"
        ) from None


def _shown(url: URL) -> str:
    """The file of an SQLite database, the URL without its password of any other."""
    is_file = url.get_backend_name() == "sqlite" and url.database
    return str(url.database) if is_file else url.render_as_string(hide_password=True)


def _engine(url: URL) -> Engine:
    is_sqlite = url.get_backend_name() == "sqlite"
    try:
        engine = create_engine(url, connect_args={"timeout": _PATIENCE} if is_sqlite else {})
    except (NoSuchModuleError, ImportError) as error:
        raise UsageError(f"no driver for the history {_shown(url)}: {error}", advice="install it with pip") from error
    if is_sqlite:
        _make_folder(url)
        event.listen(engine, "connect", _leave_transactions_to_us)
        event.listen(engine, "begin", _lock_first)
    return engine


def _make_folder(url: URL) -> None:
    if url.database in (None, "", ":memory:"):
        return
    path = Path(str(url.database))
    folder = path.parent.resolve()
    try:
        state.make(folder)
        why = state.unsafe(folder) or (os.path.lexists(path) and state.unsafe(path))
        if why:
            raise Refused(
                f"the history {_shown(url)} cannot be used: it and its folder must be the user's own, and {why}",
                advice="see who wrote there; if all is well, take it over with chown and 'chmod go-w'",
            )
    except OSError as error:
        raise Refused(
            f"the history {_shown(url)} cannot be used: its folder cannot be made: {error.strerror}",
            advice="name a file in a folder that can be written",
        ) from error


def _leave_transactions_to_us(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    connection.isolation_level = None


def _lock_first(connection: Connection) -> None:
    # A transaction that reads first and then writes fails at once, without waiting, when another one writes
    # meanwhile: so the lock is taken at the beginning, where SQLite waits for it.
    connection.exec_driver_sql("BEGIN IMMEDIATE")
