"""Where the emulated cloud is kept: one sqlite file, written through, so that a killed process loses nothing."""

from __future__ import annotations

import json
import sqlite3
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from local.emulator.model import JsonObject

FILE = "gcp.sqlite"
_SCHEMA_VERSION = 1
_TABLES = """
CREATE TABLE IF NOT EXISTS resource (kind TEXT, name TEXT, body TEXT NOT NULL, PRIMARY KEY (kind, name));
CREATE TABLE IF NOT EXISTS object (
  bucket TEXT, name TEXT, generation INTEGER, live INTEGER NOT NULL, meta TEXT NOT NULL, content BLOB NOT NULL,
  PRIMARY KEY (bucket, name, generation));
CREATE TABLE IF NOT EXISTS entry (number INTEGER PRIMARY KEY, project TEXT NOT NULL, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS point (metric TEXT NOT NULL, time REAL NOT NULL, body TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS point_time ON point (metric, time);
"""


def policy_kind(kind: str) -> str:
    """Where the IAM policies of a kind of resource are kept; a policy goes with its resource."""
    return f"{kind}.policy"


class Store:
    """Resources by kind and name, and the versions of storage objects.

    Use it inside `transaction()`: one writer at a time, and an error undoes what was done.
    """

    def __init__(self, path: Path) -> None:
        self._lock = threading.RLock()
        self._after: list[Callable[[], None]] = []
        self._db = _open(path)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing, alone; then what `after` was given. Not to be nested."""
        with self._lock:
            self._after.clear()
            with self._db:
                yield
            due, self._after = self._after, []
        for work in due:
            work()

    def after(self, work: Callable[[], None]) -> None:
        """Do `work` once this transaction is kept; never if it isn't."""
        self._after.append(work)

    def close(self) -> None:
        """Close the file; nothing is pending."""
        with self._lock:
            self._db.close()

    # resources

    def get(self, kind: str, name: str) -> JsonObject | None:
        """The resource, or None."""
        row = self._db.execute("SELECT body FROM resource WHERE kind = ? AND name = ?", (kind, name)).fetchone()
        return json.loads(row[0]) if row else None

    def put(self, kind: str, name: str, body: JsonObject) -> None:
        """Create or replace the resource."""
        self._db.execute("REPLACE INTO resource VALUES (?, ?, ?)", (kind, name, json.dumps(body)))

    def drop(self, kind: str, name: str) -> None:
        """Delete the resource if it exists."""
        self._db.execute("DELETE FROM resource WHERE kind = ? AND name = ?", (kind, name))

    def under(self, kind: str, prefix: str) -> list[tuple[str, JsonObject]]:
        """(name, resource) of all whose name starts with `prefix`, by name."""
        rows = self._db.execute("SELECT name, body FROM resource WHERE kind = ? ORDER BY name", (kind,))
        return [(name, json.loads(body)) for name, body in rows if name.startswith(prefix)]

    def kinds(self) -> list[str]:
        """Every kind of which there is a resource."""
        return [row[0] for row in self._db.execute("SELECT DISTINCT kind FROM resource ORDER BY kind")]

    # versions of objects

    def object(self, bucket: str, name: str, generation: int | None = None) -> tuple[JsonObject, bytes] | None:
        """(metadata, content) of the live version, or of one generation; None if there is none."""
        sql, which = ("live = 1", ()) if generation is None else ("generation = ?", (generation,))
        row = self._db.execute(
            f"SELECT meta, content FROM object WHERE bucket = ? AND name = ? AND {sql}",  # noqa: S608 - constants
            (bucket, name, *which),
        ).fetchone()
        return (json.loads(row[0]), bytes(row[1])) if row else None

    def put_object(self, meta: JsonObject, content: bytes, *, live: bool = True) -> None:
        """Create or replace the version that `meta` names by bucket, name and generation."""
        key = (meta["bucket"], meta["name"], int(meta["generation"]))
        self._db.execute("REPLACE INTO object VALUES (?, ?, ?, ?, ?, ?)", (*key, live, json.dumps(meta), content))

    def drop_object(self, meta: JsonObject) -> None:
        """Delete one version for good."""
        self._db.execute(
            "DELETE FROM object WHERE bucket = ? AND name = ? AND generation = ?",
            (meta["bucket"], meta["name"], int(meta["generation"])),
        )

    def objects(self, bucket: str, *, prefix: str = "", versions: bool = False) -> list[JsonObject]:
        """Metadata of the live objects (or of all versions) under `prefix`, by name in UTF-8 order and generation."""
        # Not by LIKE or substr: those end at a NUL, and wildcards would need quoting.
        rows = self._db.execute(
            "SELECT name, meta FROM object WHERE bucket = ? AND (live = 1 OR ?) ORDER BY name, generation",
            (bucket, versions),
        )
        return [json.loads(meta) for name, meta in rows if name.startswith(prefix)]

    def last_generation(self) -> int:
        """The highest generation that was ever given and is still here, 0 if none."""
        return int(self._db.execute("SELECT coalesce(max(generation), 0) FROM object").fetchone()[0])

    # log entries, and the points that they are counted as

    def add_entry(self, project: str, entry: JsonObject) -> None:
        """Keep a log entry of a project."""
        self._db.execute("INSERT INTO entry (project, body) VALUES (?, ?)", (project, json.dumps(entry)))

    def entries(self, project: str, after: int = 0) -> Iterator[tuple[int, JsonObject]]:
        """(number, entry) of a project's entries numbered above `after`, in the order they were written."""
        rows = self._db.execute(
            "SELECT number, body FROM entry WHERE project = ? AND number > ? ORDER BY number", (project, after)
        )
        yield from ((number, json.loads(body)) for number, body in rows)

    def add_point(self, metric: str, time: datetime, point: JsonObject) -> None:
        """Keep a point of a metric."""
        self._db.execute("INSERT INTO point VALUES (?, ?, ?)", (metric, time.timestamp(), json.dumps(point)))

    def points(self, metric: str, start: datetime, end: datetime) -> list[tuple[datetime, JsonObject]]:
        """(time, point) of a metric's points in (start, end], oldest first."""
        rows = self._db.execute(
            "SELECT time, body FROM point WHERE metric = ? AND time > ? AND time <= ? ORDER BY time, rowid",
            (metric, start.timestamp(), end.timestamp()),
        )
        return [(datetime.fromtimestamp(time, UTC), json.loads(body)) for time, body in rows]


def _open(path: Path) -> sqlite3.Connection:
    """Open or create the file; one that can't be read is kept aside, and that is said."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        return _connect(path)
    except sqlite3.OperationalError:  # locked, or no permission: not corrupt
        raise
    except sqlite3.DatabaseError as error:
        aside = next(p for n in range(1, 10_000) if not (p := path.with_name(f"{path.name}.corrupt-{n}")).exists())
        path.rename(aside)
        for leftover in ("-wal", "-shm"):
            path.with_name(path.name + leftover).unlink(missing_ok=True)
        print(f"local state {path} can't be read ({error}): kept as {aside.name}, beginning empty", file=sys.stderr)
        return _connect(path)


def _connect(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, check_same_thread=False)
    try:
        # The process may be killed at any moment (WAL), but this machine's power failing is no concern (no fsync).
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = OFF")
        if db.execute("PRAGMA quick_check").fetchone() != ("ok",):
            raise sqlite3.DatabaseError("damaged")
        version = db.execute("PRAGMA user_version").fetchone()[0]
        if version not in (0, _SCHEMA_VERSION):
            raise sqlite3.DatabaseError(f"written by another version of Interlock: schema {version}")
        db.executescript(_TABLES)
        db.execute(f"PRAGMA user_version = {_SCHEMA_VERSION}")
        db.commit()
    except sqlite3.DatabaseError:
        db.close()
        raise
    return db
