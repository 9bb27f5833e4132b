#!/usr/bin/python3
"""Knows what is on the shelf: reserves it for an order, and puts it back when the order comes to nothing."""
import json
import os
import threading
import time

import kafka
import kafka.errors

import web
from faults import Dropping, Failing, faults

BOOTSTRAP = os.environ.get("KAFKA_BOOTSTRAP", "127.0.0.1:9092")


class Shelf:
    """What is left, and what was decided for each order, in memory: who asks twice gets the same answer and takes no more."""

    def __init__(self):
        self.lock = threading.Lock()
        self.left = {"tea": 800, "coffee": 1200, "cocoa": 3, "samovar": 5}
        self.decided = {}  # order: "reserved", "rejected" or "released"
        self.taken = {}  # order: (sku, quantity)

    def reserve(self, order):
        """(what is decided, whether that is new)"""
        number, sku, quantity = order["orderId"], order["sku"], order["quantity"]
        with self.lock:
            if number in self.decided:
                return self.decided[number], False
            enough = self.left.get(sku, 0) >= quantity
            self.decided[number] = "reserved" if enough else "rejected"
            if enough:
                self.left[sku] -= quantity
                self.taken[number] = (sku, quantity)
            return self.decided[number], True

    def reject(self, order):
        """Whether that is new."""
        with self.lock:
            new = order["orderId"] not in self.decided
            self.decided.setdefault(order["orderId"], "rejected")
            return new

    def release(self, number):
        """Whether something was reserved for the order."""
        with self.lock:
            if self.decided.get(number) != "reserved":
                return False
            sku, quantity = self.taken.pop(number)
            self.left[sku] += quantity
            self.decided[number] = "released"
            return True

    def short(self, sku):
        return f"only {self.left.get(sku, 0)} of {sku} left"


shelf = Shelf()


class Inventory(web.Service):
    def reply(self, method, path, body, query):
        if method == "GET" and len(path) == 2 and path[0] == "stock":
            return 200, {"sku": path[1], "left": shelf.left.get(path[1], 0)}
        if len(path) == 3 and path[0] == "orders" and path[2] == "reservation":
            if method == "POST":
                return self.reserve(body)
            if method == "DELETE":
                return 200, {"orderId": path[1], "released": shelf.release(path[1])}
        return super().reply(method, path, body, query)

    def reserve(self, order):
        decided, new = shelf.reserve(order)
        if decided != "reserved":
            return 409, {"orderId": order["orderId"], "error": shelf.short(order["sku"])}
        return (201 if new else 200), {"orderId": order["orderId"], "sku": order["sku"], "reserved": order["quantity"]}


class Assigned(kafka.ConsumerRebalanceListener):
    def on_partitions_revoked(self, revoked):
        pass

    def on_partitions_assigned(self, assigned):
        print("consuming order-placed, payment-failed", flush=True)


class Events:
    """The same work by events, with the client that is written in Python."""

    def __init__(self):
        self.producer = kafka.KafkaProducer(bootstrap_servers=BOOTSTRAP, acks="all", linger_ms=0)
        self.consumer = kafka.KafkaConsumer(bootstrap_servers=BOOTSTRAP, group_id="inventory", auto_offset_reset="earliest",
                                            enable_auto_commit=False, fetch_max_wait_ms=20, heartbeat_interval_ms=1000,
                                            metadata_max_age_ms=5000)
        self.consumer.subscribe(["order-placed", "payment-failed"], listener=Assigned())

    def run(self):
        """One record after the other; each is committed when it has been dealt with."""
        for record in self.consumer:
            try:
                self.deal_with(record.topic, json.loads(record.value))
            except (Dropping, Failing):
                print(f"{record.topic}: order {record.key.decode()} is left as it is", flush=True)
            place = kafka.TopicPartition(record.topic, record.partition)
            self.consumer.commit({place: kafka.OffsetAndMetadata(record.offset + 1, "")})

    def deal_with(self, topic, event):
        if topic == "payment-failed":
            self.release(event)
            return
        try:
            faults.work()
            decided, new = shelf.reserve(event)
            reason = shelf.short(event["sku"])
        except Failing:
            decided, new, reason = "rejected", shelf.reject(event), "the shelf cannot be reached"
        if not new:
            print(f"{topic}: order {event['orderId']} was dealt with before", flush=True)
        elif decided == "reserved":
            self.publish("stock-reserved", event)
        else:
            self.publish("stock-rejected", event, reason=reason)

    def release(self, event):
        faults.work()
        if shelf.release(event["orderId"]):
            self.publish("stock-released", event, reason=event.get("reason"))

    def publish(self, topic, order, **more):
        event = {name: order[name] for name in ("orderId", "customer", "amount") if name in order}
        for _ in range(faults.times()):
            self.producer.send(topic, json.dumps({**event, **more}).encode(), order["orderId"].encode()).get(timeout=10)
        print(f"{topic}: order {order['orderId']}", flush=True)


def follow():
    """Starts again when Kafka was away."""
    while True:
        try:
            Events().run()
        except kafka.errors.KafkaError as error:
            print(f"Kafka: {error!r}", flush=True)
            time.sleep(1)


if __name__ == "__main__":
    web.in_background(follow)
    web.serve(Inventory)
