"""What a service has done, in SQLite, together with what it dealt with and what is still to be published of it.

Records come again: after a crash between the work and its commit, or because somebody published them twice. The work on one is a single
transaction, so that it was done or not, and is done once:

    heard  ->  [ work + what comes of it ]  ->  published  ->  [ nothing left of it ]  ->  record committed
                  one transaction                                another one
"""
import json
import os
import pathlib
import sqlite3
import threading

INBOX = "CREATE TABLE IF NOT EXISTS dealt (topic TEXT, key TEXT, outcome TEXT, PRIMARY KEY (topic, key)) WITHOUT ROWID"


class Database:
    """A file in the folder that DATA names, for all threads of the service."""

    def __init__(self, name, *schema):
        folder = pathlib.Path(os.environ.get("DATA", "."))
        folder.mkdir(parents=True, exist_ok=True)
        self.lock = threading.Lock()
        self.connection = sqlite3.connect(folder / name, check_same_thread=False)
        self.connection.row_factory = sqlite3.Row
        self.connection.execute("PRAGMA journal_mode=WAL")
        with self.connection:
            for statement in (INBOX, *schema):
                self.connection.execute(statement)

    def one(self, statement, *values):
        """A row, or None."""
        with self.lock:
            return self.connection.execute(statement, values).fetchone()

    def change(self, statement, *values):
        """How many rows were changed."""
        with self.lock, self.connection:
            return self.connection.execute(statement, values).rowcount

    def once(self, topic, key, work, publisher):
        """Does `work(connection)`, which returns the events that come of it as [(topic, event)], unless that was done for this record."""
        with self.lock, self.connection:
            found = self.connection.execute("SELECT outcome FROM dealt WHERE topic = ? AND key = ?", (topic, key)).fetchone()
            if found is None:
                outcome = work(self.connection)
                self.connection.execute("INSERT INTO dealt VALUES (?, ?, ?)", (topic, key, json.dumps(outcome)))
            else:
                outcome = json.loads(found["outcome"])
        if found is not None and not outcome:
            print(f"{topic}: {key} was dealt with before", flush=True)
            return
        for next_topic, event in outcome:
            publisher.publish(next_topic, key, event)
        self.change("UPDATE dealt SET outcome = '[]' WHERE topic = ? AND key = ?", topic, key)
