"""Who counts a partition. Kafka's consumer group says who should; SQL, where the counts are, says who may.

A claim gets a number (epoch) that is one more than the last one, and every transaction of an owner begins by comparing its own with
that in SQL. Who slept through the claim of another one finds that out there, and has changed nothing. An owner that is alive says so, and
is not claimed from while it does: of two that both believe in their right, for as long as the group takes to tell them, one works.
"""
SCHEMA = """
CREATE TABLE IF NOT EXISTS partitions(
    name TEXT PRIMARY KEY, epoch INTEGER NOT NULL, holder TEXT, renewed REAL NOT NULL,
    next_offset INTEGER, end_offset INTEGER, complete_to INTEGER NOT NULL) WITHOUT ROWID;
"""


class Overtaken(Exception):
    """Another process has claimed the partition."""


def claim(database, partition, holder, seconds, lease):
    """(epoch, the offset to go on at or None), or None while another owner is at work. `seconds` are of a clock that all processes share
    and that does not jump; an owner that was silent for `lease` of them is not waited for."""
    with database.changing():
        row = database.row("SELECT holder, renewed FROM partitions WHERE name = ?", partition)
        # A time in the future is from before the machine was started anew.
        if row and row[0] not in (None, holder) and 0 <= seconds - row[1] < lease:
            return None
        database.run("INSERT OR IGNORE INTO partitions VALUES(?, 0, NULL, 0, NULL, NULL, 0)", partition)
        database.run("UPDATE partitions SET epoch = epoch + 1, holder = ?, renewed = ? WHERE name = ?", holder, seconds, partition)
        return database.row("SELECT epoch, next_offset FROM partitions WHERE name = ?", partition)


def renew(database, partition, epoch, seconds):
    """Within a transaction of the owner, before anything else in it."""
    if not database.run("UPDATE partitions SET renewed = ? WHERE name = ? AND epoch = ?", seconds, partition, epoch):
        raise Overtaken(f"{partition} was claimed by another one after claim {epoch}")


def release(database, partition, epoch):
    """Nobody has to wait for this owner any more."""
    with database.changing():
        database.run("UPDATE partitions SET holder = NULL WHERE name = ? AND epoch = ?", partition, epoch)
