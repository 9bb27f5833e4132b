"""SQLite as the services use it: one file, several processes, each change a transaction."""
import contextlib
import sqlite3
import threading


class Database:
    """One connection, for all threads of the process. `durable`: what is committed survives a power cut too, and not just a killed process."""

    def __init__(self, path, schema, durable=True):
        self.lock = threading.RLock()
        self.connection = sqlite3.connect(path, timeout=10, isolation_level=None, check_same_thread=False)
        self.connection.execute("PRAGMA journal_mode = WAL")
        self.connection.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
        with self.changing():
            for statement in filter(str.strip, schema.split(";")):
                self.connection.execute(statement)

    @contextlib.contextmanager
    def changing(self):
        """A transaction that others wait for; an exception undoes all of it."""
        with self.transaction("IMMEDIATE"):
            yield self

    @contextlib.contextmanager
    def reading(self):
        """A transaction that sees one state, whatever others commit meanwhile."""
        with self.transaction("DEFERRED"):
            yield self

    @contextlib.contextmanager
    def transaction(self, kind):
        with self.lock:
            self.connection.execute(f"BEGIN {kind}")
            try:
                yield
            except BaseException:
                self.connection.execute("ROLLBACK")
                raise
            self.connection.execute("COMMIT")

    def run(self, statement, *values):
        """How many rows it changed."""
        with self.lock:
            return self.connection.execute(statement, values).rowcount

    def rows(self, statement, *values):
        with self.lock:
            return self.connection.execute(statement, values).fetchall()

    def row(self, statement, *values):
        """The first one, or None."""
        with self.lock:
            return self.connection.execute(statement, values).fetchone()
