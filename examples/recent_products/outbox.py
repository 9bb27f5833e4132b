"""Events that are written in the same transaction as what they tell of, and published afterwards: at least once, whenever a process dies.

An event leaves the outbox when Kafka has acknowledged it; who is killed in between publishes it again, with the same id. `source` says
whose it is, where several processes share the table: each publishes its own.
"""
import json

SCHEMA = """
CREATE TABLE IF NOT EXISTS outbox(
    place INTEGER PRIMARY KEY AUTOINCREMENT, source TEXT NOT NULL, topic TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL,
    since INTEGER NOT NULL);
"""


def add(database, topic, key, event, now, source=""):
    """Within the transaction of the caller."""
    database.run("INSERT INTO outbox(source, topic, key, value, since) VALUES(?, ?, ?, ?, ?)", source, topic, key, json.dumps(event), now)


def waiting(database, source="", limit=200):
    """[(place, topic, key, value)] in the order in which they were added."""
    return database.rows("SELECT place, topic, key, value FROM outbox WHERE source = ? ORDER BY place LIMIT ?", source, limit)


def oldest(database):
    """(since when the first one waits, or None; how many there are)"""
    return database.row("SELECT min(since), count(*) FROM outbox")


def published(database, places):
    """These are with Kafka."""
    with database.changing():
        for place in places:
            database.run("DELETE FROM outbox WHERE place = ?", place)
