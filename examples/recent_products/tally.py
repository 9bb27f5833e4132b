"""What was bought within the last day, in SQL, each order once: whatever comes twice, is read again or is worked on by two.

Counts, the ids of the events in them and the offset to go on at change in one transaction, which only the owner of the partition gets
through (ownership.py).
"""
import dataclasses
import json
import uuid

import outbox
import ownership
import sql
import window

COUNTED = "orders-counted"  # an order is in the counts
CHANGED = "recent-changed"  # and in the cache

SCHEMA = """
CREATE TABLE IF NOT EXISTS counted(event TEXT PRIMARY KEY, bucket INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS counted_by_bucket ON counted(bucket);
CREATE TABLE IF NOT EXISTS buckets(
    bucket INTEGER, product TEXT, orders INTEGER NOT NULL, quantity INTEGER NOT NULL, PRIMARY KEY(bucket, product)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS products(
    product TEXT PRIMARY KEY, orders INTEGER NOT NULL, quantity INTEGER NOT NULL, newest INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS bought(
    customer TEXT, product TEXT, newest INTEGER NOT NULL, PRIMARY KEY(customer, product)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS bought_by_time ON bought(newest);
CREATE TABLE IF NOT EXISTS uncached(
    place INTEGER PRIMARY KEY AUTOINCREMENT, source TEXT NOT NULL, customer TEXT NOT NULL, event TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS state(
    one INTEGER PRIMARY KEY CHECK(one = 1), series TEXT NOT NULL, version INTEGER NOT NULL, newest INTEGER NOT NULL);
""" + ownership.SCHEMA + outbox.SCHEMA


@dataclasses.dataclass(frozen=True)
class Event:
    """What `orders-placed` says."""
    id: str
    order: str
    customer: str
    product: str
    quantity: int
    placed_at: int

    @staticmethod
    def of(value):
        """From the JSON of a record; a ValueError where it is none of these."""
        try:
            event = Event(value["eventId"], value["orderId"], value["customer"], value["product"], value["quantity"], value["placedAtMs"])
        except (KeyError, TypeError) as error:
            raise ValueError(f"not an order: {error!r}") from error
        texts = (event.id, event.order, event.customer, event.product)
        numbers = (event.quantity, event.placed_at)
        sound = all(isinstance(each, str) and len(each) <= 1000 for each in texts) and all(type(each) is int and 0 <= each < 2**53 for each in numbers)
        if not sound:
            raise ValueError("not an order: something in it is of another kind")
        "".join(texts).encode()  # half a character is none, and a ValueError
        return event


class Tally:
    """The owner's hand on the counts of one partition."""

    def __init__(self, database, partition, epoch):
        self.database, self.partition, self.epoch = database, partition, epoch

    def count(self, event, offset, now, seconds):
        """What became of it: "counted", "duplicate", or "too late" when it is older than a day. Nothing when Overtaken."""
        moment = min(event.placed_at, now)  # a clock that is ahead must not keep an order for longer
        bucket = window.bucket_of(moment)
        with self.database.changing():
            self.go_on(offset, seconds, moment)
            if bucket < window.oldest_bucket(now):
                return "too late"
            if not self.database.run("INSERT OR IGNORE INTO counted VALUES(?, ?)", event.id, bucket):
                return "duplicate"
            self.add(event, moment, bucket, now)
        return "counted"

    def skip(self, offset, seconds):
        """A record that nothing comes of."""
        with self.database.changing():
            self.go_on(offset, seconds)

    def go_on(self, offset, seconds, moment=0):
        ownership.renew(self.database, self.partition, self.epoch, seconds)
        self.database.run("UPDATE partitions SET next_offset = ?, complete_to = max(complete_to, ?) WHERE name = ?",
                          offset + 1, moment, self.partition)

    def add(self, event, moment, bucket, now):
        self.database.run("INSERT INTO buckets VALUES(?, ?, 1, ?) ON CONFLICT DO UPDATE SET orders = orders + 1, "
                          "quantity = quantity + excluded.quantity",
                          bucket, event.product, event.quantity)
        self.database.run("INSERT INTO products VALUES(?, 1, ?, ?) ON CONFLICT DO UPDATE SET orders = orders + 1, "
                          "quantity = quantity + excluded.quantity, newest = max(newest, excluded.newest)", event.product, event.quantity, moment)
        self.database.run("INSERT INTO bought VALUES(?, ?, ?) ON CONFLICT DO UPDATE SET newest = max(newest, excluded.newest)",
                          event.customer, event.product, moment)
        self.database.run("UPDATE state SET version = version + 1, newest = max(newest, ?)", moment)
        orders, = self.database.row("SELECT orders FROM products WHERE product = ?", event.product)
        said = {"eventId": event.id, "orderId": event.order, "product": event.product, "customer": event.customer}
        outbox.add(self.database, COUNTED, event.product, {**said, "ordersInADay": orders}, now, self.partition)
        self.database.run("INSERT INTO uncached(source, customer, event) VALUES(?, ?, ?)", self.partition, event.customer, json.dumps(said))

    def tick(self, now, seconds, bounds):
        """Lets go of what is older than a day, and says how far the counts are. `bounds` are the offsets of the oldest record in the topic and of
        the next one, None where nobody knows; `now` is from before they were asked for."""
        first, end = bounds or (None, None)
        with self.database.changing():
            ownership.renew(self.database, self.partition, self.epoch, seconds)
            expire(self.database, now)
            self.database.run("UPDATE partitions SET end_offset = ?, next_offset = coalesce(next_offset, ?), complete_to = CASE WHEN "
                              "coalesce(next_offset, ?) >= ? THEN max(complete_to, ?) ELSE complete_to END WHERE name = ?",
                              end, first, first, end, now, self.partition)
            self.database.run("UPDATE state SET version = version + 1")

    def uncached(self, limit=500):
        """[(place, customer, what CHANGED will say)] of orders that are counted and not in the cache."""
        return self.database.rows("SELECT place, customer, event FROM uncached WHERE source = ? ORDER BY place LIMIT ?", self.partition, limit)

    def cached(self, rows, version, now, seconds):
        """These are in the cache now, which is told with the next events."""
        with self.database.changing():
            ownership.renew(self.database, self.partition, self.epoch, seconds)
            for place, customer, event in rows:
                if self.database.run("DELETE FROM uncached WHERE place = ?", place):
                    outbox.add(self.database, CHANGED, customer, {**json.loads(event), "version": version}, now, self.partition)


def open_database(path):
    """A killed process loses nothing; after a power cut some records are read and counted again, from where the file is."""
    database = sql.Database(path, SCHEMA, durable=False)
    with database.changing():
        database.run("INSERT OR IGNORE INTO state VALUES(1, ?, 0, 0)", str(uuid.uuid4()))
    return database


def expire(database, now):
    """Within a transaction."""
    oldest = window.oldest_bucket(now)
    gone = database.rows("SELECT product, sum(orders), sum(quantity) FROM buckets WHERE bucket < ? GROUP BY product", oldest)
    for product, orders, quantity in gone:
        database.run("UPDATE products SET orders = orders - ?, quantity = quantity - ? WHERE product = ?", orders, quantity, product)
    database.run("DELETE FROM buckets WHERE bucket < ?", oldest)
    database.run("DELETE FROM products WHERE orders = 0")
    database.run("DELETE FROM counted WHERE bucket < ?", oldest)
    database.run("DELETE FROM bought WHERE newest < ?", oldest * window.BUCKET)


def document(database, now, top=20):
    """What the page shows of all products, of one moment."""
    with database.reading():
        series, version, newest = database.row("SELECT series, version, newest FROM state")
        lag, unknown, complete_to = database.row(
            "SELECT sum(max(0, end_offset - next_offset)), sum(end_offset IS NULL), min(complete_to) FROM partitions")
        rows = database.rows("SELECT product, orders, quantity, newest FROM products ORDER BY orders DESC, newest DESC, product LIMIT ?", top)
    return {"series": series, "version": version, "computedAtMs": now, "newestMs": newest or None, "lag": None if unknown else lag,
            "completeToMs": complete_to or 0,
            "products": [dict(zip(("product", "orders", "quantity", "newestMs"), row)) for row in rows]}


def bought_by(database, customer, top=10):
    """What a customer has bought, the newest first."""
    rows = database.rows("SELECT product, newest FROM bought WHERE customer = ? ORDER BY newest DESC, product LIMIT ?", customer, top)
    return [dict(zip(("product", "newestMs"), row)) for row in rows]


def customers(database, limit=10_000):
    return [customer for customer, in database.rows("SELECT DISTINCT customer FROM bought LIMIT ?", limit)]
