#!/usr/bin/python3
"""Knows what is on the shelf: reserves it for an order, and puts it back when the order comes to nothing."""
import threading

import events_kafka_python as events
import web
from faults import Failing, faults

publisher = events.Publisher()


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


def heard(topic, event):
    """The same work by events."""
    if topic == "payment-failed":
        release(event)
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
        publish("stock-reserved", event)
    else:
        publish("stock-rejected", event, reason=reason)


def release(event):
    faults.work()
    if shelf.release(event["orderId"]):
        publish("stock-released", event, reason=event.get("reason"))


def publish(topic, order, **more):
    event = {name: order[name] for name in ("orderId", "customer", "amount") if name in order}
    publisher.publish(topic, order["orderId"], {**event, **more})


if __name__ == "__main__":
    web.in_background(events.consume, ["order-placed", "payment-failed"], "inventory", heard)
    web.serve(Inventory)
