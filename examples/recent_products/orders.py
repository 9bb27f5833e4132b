#!/usr/bin/python3
"""Takes orders into SQL, tells of each on Kafka, at least once, whenever it is killed, and hears which of them have been counted."""
import os
import threading
import time

import clock
import events
import order_book
import outbox
import publisher
import web

PATIENCE = 5_000  # milliseconds after which an event that waits is something to tell

book = order_book.OrderBook(os.environ.get("DATABASE", "orders.db"), int(os.environ.get("FIRST_ORDER", "4711")))


class Relay:
    """Publishes what the outbox holds, in its order; goes on with what a killed process has left there."""

    def __init__(self):
        self.more = threading.Event()

    def run(self):
        kafka = publisher.Publisher(order_book.TOPIC)
        while True:
            self.more.wait(0.5)
            self.more.clear()
            while rows := outbox.waiting(book.database):
                there = kafka.publish(rows)
                outbox.published(book.database, there)
                if len(there) < len(rows):
                    time.sleep(0.5)


relay = Relay()


class Orders(web.Service):
    def reply(self, method, path, body, query):
        if method == "GET" and len(path) == 2 and path[0] == "orders":
            number = order_book.number_of(path[1])
            order = None if number is None else book.find(number)
            return (200, order) if order else (404, {"error": f"no order {path[1]}"})
        if method == "GET" and path == ["orders"]:
            return 200, {"ordersInADay": book.in_a_day(clock.now())}
        if method == "POST" and path == ["orders"]:
            return self.place(body)
        return super().reply(method, path, body, query)

    def place(self, wish):
        try:
            order, new = book.place(wish, self.headers.get("Idempotency-Key"))
        except order_book.Refused as refused:
            status, error = refused.args
            return status, {"error": error}
        relay.more.set()
        return (201 if new else 200), order

    def respond(self, method, path, body, query):
        if path == ["healthz"]:
            return 200, outbox_state()
        return super().respond(method, path, body, query)


def heard(topic, event):
    """An order is in the counts of a day."""
    number = order_book.number_of(event["orderId"])
    if number is None or not book.counted(number):
        print(f"{topic}: there is no order {event['orderId']!r} here", flush=True)


def outbox_state():
    since, count = outbox.oldest(book.database)
    waits = clock.now() - since if count else 0
    return {"status": "up" if waits < PATIENCE else "events wait", "unpublished": count, "unpublishedForMs": waits}


if __name__ == "__main__":
    web.in_background(relay.run)
    web.in_background(events.consume, ["orders-counted"], "orders", heard)
    web.serve(Orders)
