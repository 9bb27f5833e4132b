#!/usr/bin/python3
"""Takes orders and sees to it that they are carried out: by calling inventory and payment, or by telling them on Kafka."""
import itertools
import os
import threading

import events
import web
from faults import NotPublished, faults

INVENTORY = os.environ.get("INVENTORY_URL", "http://inventory")
PAYMENT = os.environ.get("PAYMENT_URL", "http://payment")
PATIENCE = float(os.environ.get("CALL_TIMEOUT", "2"))  # seconds; less than the frontend has
PRICES = {"tea": 420, "coffee": 850, "cocoa": 510, "samovar": 89_900}  # in cents

# What an event about an order makes of it.
OUTCOMES = {"stock-rejected": "rejected", "payment-charged": "paid", "payment-failed": "payment failed", "stock-released": "cancelled"}
FINAL = ("rejected", "paid", "cancelled")

publisher = events.Publisher()


class Book:
    """Every order, in memory."""

    def __init__(self):
        self.lock, self.orders = threading.Lock(), {}
        self.numbers = itertools.count(int(os.environ.get("FIRST_ORDER", "4711")))

    def enter(self, customer, sku, quantity):
        with self.lock:
            number = str(next(self.numbers))
            self.orders[number] = {"orderId": number, "customer": customer, "sku": sku, "quantity": quantity,
                                   "amount": PRICES[sku] * quantity, "state": "placed"}
            return self.orders[number]

    def find(self, number):
        with self.lock:
            return self.orders.get(number)

    def change(self, number, state, reason=None):
        """What is final stays; an event that comes twice changes nothing."""
        with self.lock:
            order = self.orders.get(number)
            if order is None or order["state"] in FINAL or order["state"] == state:
                return order
            changed = {**order, "state": state, **({"reason": reason} if reason else {})}
            self.orders[number] = changed
            return changed


book = Book()


class Orders(web.Service):
    def reply(self, method, path, body, query):
        if method == "GET" and len(path) == 2 and path[0] == "orders":
            order = book.find(path[1])
            return (200, order) if order else (404, {"error": f"no order {path[1]}"})
        if method == "POST" and path == ["orders"]:
            return self.place(body, query.get("by", "calls"))
        return super().reply(method, path, body, query)

    def place(self, wish, by):
        sku, quantity = wish.get("sku"), wish.get("quantity", 1)
        if sku not in PRICES:
            return 404, {"error": f"we do not sell {sku}"}
        if not isinstance(quantity, int) or quantity < 1 or by not in ("calls", "events"):
            return 400, {"error": "an order has a quantity of 1 or more, and is carried out by calls or by events"}
        order = book.enter(str(wish.get("customer", "guest")), sku, quantity)
        return by_calls(order) if by == "calls" else by_events(order)


def by_calls(order):
    """Reserve, then charge; what was reserved is released when the customer cannot pay."""
    number = order["orderId"]
    status, answer = web.call("POST", f"{INVENTORY}/orders/{number}/reservation", order, PATIENCE)
    if status not in (200, 201):
        changed = book.change(number, "rejected", answer.get("error"))
        return (409 if status == 409 else 502), changed
    status, answer = web.call("POST", f"{PAYMENT}/orders/{number}/charge", order, PATIENCE)
    if status in (200, 201):
        return 201, book.change(number, "paid")
    book.change(number, "payment failed", answer.get("error"))
    released, _ = web.call("DELETE", f"{INVENTORY}/orders/{number}/reservation", patience=PATIENCE)
    changed = book.change(number, "cancelled") if released == 200 else book.find(number)
    return (402 if status == 402 else 504 if status == 504 else 502), changed


def by_events(order):
    """Publishes that it was placed, and leaves the rest to who hears of it."""
    try:
        publisher.publish("order-placed", order["orderId"], order)
    except NotPublished as error:
        book.change(order["orderId"], "rejected", f"not published: {error}")
        return 503, {"error": f"the order could not be placed: {error}"}
    return 202, order


def heard(topic, event):
    """An outcome, from inventory or payment."""
    faults.work()
    order = book.change(event.get("orderId"), OUTCOMES[topic], event.get("reason"))
    print(f"{topic}: order {event.get('orderId')} is {order['state'] if order else 'not known here'}", flush=True)


if __name__ == "__main__":
    web.in_background(events.consume, list(OUTCOMES), "orders", heard)
    web.serve(Orders)
