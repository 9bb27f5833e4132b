#!/usr/bin/python3
"""Counts what was bought within the last day and keeps the result in the cache. Of several, one counts each partition; the others stand by."""
import contextlib
import json
import os
import signal
import socket
import time

import confluent_kafka

import cache
import clock
import outbox
import ownership
import publisher
import tally
import web
from faults import Dropping, Failing, faults

TOPIC = "orders-placed"
GROUP = "recent-products"
NAME = os.environ.get("NAME", f"{socket.gethostname()}-{os.getpid()}")
SESSION = int(os.environ.get("SESSION_TIMEOUT_MS", "6000"))  # after such a silence the group gives the partition to another one
LEASE = SESSION / 2000  # seconds; so that the next one need not wait for it
TICK = 1.0  # seconds
SHOWN_AFTER = 0.1  # seconds; while there is more to count, the cache is written no more often


class Desk:
    """What this process has in hand: the partitions that the group gave to it, and of those the ones it may work on."""

    def __init__(self, database, store, kafka):
        self.database, self.cache, self.kafka = database, store, kafka
        self.joined, self.given, self.owned = False, set(), {}  # whether the group knows us; (topic, number); and to the Tally of each
        self.cache_away = 0.0  # until when it is not asked
        self.working_on = None  # an offset
        self.outcomes = {"counted": 0, "duplicate": 0, "too late": 0, "dropped": 0, "unreadable": 0, "overtaken": 0}

    def state(self):
        role = "active" if self.owned else "standby" if self.joined else "joining"
        claims = {each.partition: each.epoch for each in list(self.owned.values())}
        return {"role": role, "name": NAME, "claims": claims, "workingOn": self.working_on, "outcomes": self.outcomes}

    def claim(self, given):
        """Whether it is ours now."""
        partition = name_of(given)
        claimed = ownership.claim(self.database, partition, NAME, time.monotonic(), LEASE)
        if claimed:
            epoch, offset = claimed
            self.owned[given] = tally.Tally(self.database, partition, epoch)
            print(f"active: {partition}, claim {epoch}, from {'the beginning' if offset is None else offset}", flush=True)
        return claimed is not None

    def lose(self, given, why):
        self.owned.pop(given, None)
        self.working_on = None
        self.outcomes["overtaken"] += 1
        print(f"standby: {why}", flush=True)

    def release(self, given):
        owned = self.owned.pop(given, None)
        if owned:
            ownership.release(self.database, owned.partition, owned.epoch)

    def deal_with(self, owned, record):
        """What became of one record; twice when duplicating. What fails is tried again, until it does not."""
        while True:
            try:
                faults.work()
                return [self.count(owned, record) for _ in range(faults.times())]
            except Dropping:
                owned.skip(record.offset(), time.monotonic())
                return ["dropped"]
            except Failing:
                print(f"{TOPIC}: offset {record.offset()} failed; once more", flush=True)
                time.sleep(0.05)

    @staticmethod
    def count(owned, record):
        try:
            event = tally.Event.of(json.loads(record.value() or b"null"))
        except (ValueError, RecursionError) as error:
            print(f"{TOPIC}: offset {record.offset()}: {error}", flush=True)
            owned.skip(record.offset(), time.monotonic())
            return "unreadable"
        return owned.count(event, record.offset(), clock.now(), time.monotonic())

    def publish(self, owned):
        """What SQL has to tell, this process's work or what a killed one has left."""
        while rows := outbox.waiting(self.database, owned.partition):
            there = self.kafka.publish(rows)
            outbox.published(self.database, there)
            if len(there) < len(rows):
                return

    def show(self, owned):
        """Brings the counts into the cache, and says so of the orders that are in there for the first time. A cache that is away is asked
        once a second, as counting goes on without it."""
        if time.monotonic() < self.cache_away:
            return
        try:
            while self.show_some(owned):
                pass
        except cache.GONE as error:
            self.cache_away = time.monotonic() + TICK
            print(f"the cache cannot be reached: {error}", flush=True)

    def show_some(self, owned, most=500):
        """Whether there is more."""
        rows = owned.uncached(most)
        document = tally.document(self.database, clock.now())
        outcome = self.cache.write(document, self.bought_by({customer for _, customer, _ in rows}))
        if outcome == "overtaken":
            return False
        if outcome == "new":  # a cache that was emptied: what everybody bought
            self.cache.write(document, self.bought_by(tally.customers(self.database)))
        if rows:
            owned.cached(rows, document["version"], clock.now(), time.monotonic())
            self.publish(owned)
        return len(rows) == most

    def bought_by(self, customers):
        return {customer: tally.bought_by(self.database, customer) for customer in customers}


def name_of(given):
    return "%s/%d" % given


class Consumer:
    """The group's side of it. librdkafka fetches what is owned, from where SQL says; what is given and not owned yet waits for its owner."""

    def __init__(self, desk):
        self.desk, self.stopping = desk, False
        self.asked, self.ticked, self.shown, self.unshown = 0.0, 0.0, 0.0, set()
        self.kafka = confluent_kafka.Consumer({
            "bootstrap.servers": publisher.BOOTSTRAP, "group.id": GROUP, "client.id": NAME, "auto.offset.reset": "earliest",
            "enable.auto.commit": False, "session.timeout.ms": SESSION, "heartbeat.interval.ms": max(100, SESSION // 12),
            "fetch.wait.max.ms": 20, "topic.metadata.refresh.interval.ms": 5000})
        self.kafka.subscribe([TOPIC], on_assign=self.on_assign, on_revoke=self.on_revoke)

    def on_assign(self, consumer, partitions):
        self.desk.joined = True
        self.desk.given = {(each.topic, each.partition) for each in partitions}
        print("given: " + (", ".join(map(name_of, self.desk.given)) or "nothing, standby"), flush=True)
        self.asked = 0.0
        self.fetch()

    def on_revoke(self, consumer, partitions):
        for given in list(self.desk.owned):
            self.desk.release(given)
        self.desk.joined, self.desk.given = False, set()
        consumer.unassign()

    def fetch(self):
        """Has librdkafka fetch what is owned, and nothing else."""
        places = [confluent_kafka.TopicPartition(*given, self.offset(owned)) for given, owned in self.desk.owned.items()]
        self.kafka.assign(places)

    def offset(self, owned):
        """Where SQL says that the counts end."""
        offset, = self.desk.database.row("SELECT next_offset FROM partitions WHERE name = ?", owned.partition)
        return confluent_kafka.OFFSET_BEGINNING if offset is None else offset

    def run(self):
        while not self.stopping:
            self.claim_what_is_given()
            record = self.kafka.poll(0 if self.unshown else 0.05)
            if record is not None and record.error():
                print(f"{TOPIC}: {record.error()}", flush=True)
            elif record is not None:
                self.take(record)
            if time.monotonic() - self.ticked >= TICK:
                self.tick()
            if self.unshown and (record is None or time.monotonic() - self.shown >= SHOWN_AFTER):
                self.show()
        self.kafka.close()  # leaves the group; on_revoke lets go of what is owned

    def claim_what_is_given(self):
        if self.desk.given <= self.desk.owned.keys() or time.monotonic() - self.asked < 0.1:
            return
        self.asked = time.monotonic()
        if [given for given in self.desk.given - self.desk.owned.keys() if self.desk.claim(given)]:
            self.fetch()
            self.ticked = 0.0

    def take(self, record):
        given = (record.topic(), record.partition())
        with self.as_owner(given) as owned:
            if not owned:
                return  # fetched before it was lost
            self.desk.working_on = record.offset()
            for outcome in self.desk.deal_with(owned, record):
                self.desk.outcomes[outcome] += 1
                print(f"{TOPIC}: offset {record.offset()}: {outcome}", flush=True)
            self.desk.publish(owned)
            self.kafka.commit(offsets=[confluent_kafka.TopicPartition(*given, record.offset() + 1)], asynchronous=True)
            self.unshown.add(given)

    def tick(self):
        """Every second: what is too old goes, and how far the counts are is said, even if nobody orders anything."""
        self.ticked = time.monotonic()
        for given in list(self.desk.owned):
            with self.as_owner(given) as owned:
                now = clock.now()
                owned.tick(now, time.monotonic(), self.bounds(given))
                self.desk.publish(owned)
                self.unshown.add(given)

    def show(self):
        """Once for all that was counted since."""
        self.shown = time.monotonic()
        for given in self.unshown:
            with self.as_owner(given) as owned:
                if owned:
                    self.desk.show(owned)
        self.unshown = set()

    @contextlib.contextmanager
    def as_owner(self, given):
        """Yields None where it is not ours. Who was overtaken stands by again."""
        try:
            yield self.desk.owned.get(given)
            self.desk.working_on = None
        except ownership.Overtaken as overtaken:
            self.desk.lose(given, overtaken)
            self.fetch()

    def bounds(self, given):
        """The offsets of the oldest record in the topic and of the next one; None while Kafka does not tell."""
        try:
            return self.kafka.get_watermark_offsets(confluent_kafka.TopicPartition(*given), timeout=1.0)
        except confluent_kafka.KafkaException:
            return None


class Aggregator(web.Service):
    desk = None

    def respond(self, method, path, body, query):
        if path == ["healthz"]:
            return 200, {"status": "up", **self.desk.state()}
        return super().respond(method, path, body, query)


def main():
    desk = Desk(tally.open_database(os.environ.get("DATABASE", "recent.db")), cache.Cache(), publisher.Publisher(tally.COUNTED, tally.CHANGED))
    Aggregator.desk = desk
    consumer = Consumer(desk)

    def stop(*_):
        consumer.stopping = True
    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    web.in_background(web.serve, Aggregator)
    consumer.run()


if __name__ == "__main__":
    main()
