"""The orders, in SQL: a row and its event in one transaction."""
import re
import uuid

import clock
import outbox
import sql
import window

TOPIC = "orders-placed"
PRODUCTS = ("tea", "coffee", "cocoa", "samovar", "biscuits", "honey")

SCHEMA = """
CREATE TABLE IF NOT EXISTS orders(
    number INTEGER PRIMARY KEY, event TEXT NOT NULL UNIQUE, customer TEXT NOT NULL, product TEXT NOT NULL, quantity INTEGER NOT NULL,
    placed_at INTEGER NOT NULL, counted INTEGER NOT NULL DEFAULT 0);
""" + outbox.SCHEMA


class Refused(Exception):
    """(status, what is wrong with a wish)"""


def judged(wish):
    """(customer, product, quantity) of what a customer sent, or Refused."""
    customer, product, quantity = wish.get("customer", "guest"), wish.get("product"), wish.get("quantity", 1)
    if product not in PRODUCTS:
        raise Refused(404, f"we do not sell {product!r}; there are {', '.join(PRODUCTS)}")
    if isinstance(quantity, bool) or not isinstance(quantity, int) or not 1 <= quantity <= 1000:
        raise Refused(400, "an order has a quantity from 1 to 1000")
    if not isinstance(customer, str) or not 1 <= len(customer) <= 100:
        raise Refused(400, "a customer has a name of up to 100 characters")
    return customer, product, quantity


def number_of(text):
    """The number of an order, None where it can be none."""
    return int(text) if isinstance(text, str) and re.fullmatch("[0-9]{1,18}", text) else None


class OrderBook:
    def __init__(self, path, first=4711):
        self.database = sql.Database(path, SCHEMA)
        self.first = first

    def place(self, wish, request=None):
        """(order, whether it is new). `request` is what the customer calls this wish: who sends it again gets the same order."""
        customer, product, quantity = judged(wish)
        if request is not None and not 1 <= len(request) <= 200:
            raise Refused(400, "an Idempotency-Key has up to 200 characters")
        event, now = request or str(uuid.uuid4()), clock.now()
        with self.database.changing():
            known = self.database.row("SELECT * FROM orders WHERE event = ?", event)
            if known:
                if known[2:5] != (customer, product, quantity):
                    raise Refused(422, "this Idempotency-Key belongs to another order")
                return order_of(known), False
            last, = self.database.row("SELECT max(number) FROM orders")
            row = (last + 1 if last else self.first, event, customer, product, quantity, now, 0)
            self.database.run("INSERT INTO orders VALUES(?, ?, ?, ?, ?, ?, ?)", *row)
            outbox.add(self.database, TOPIC, customer, {"eventId": event, **order_of(row)}, now)
        return order_of(row), True

    def in_a_day(self, now):
        """Orders by product: what whoever counts events should come to as well."""
        since = window.oldest_bucket(now) * window.BUCKET
        return dict(self.database.rows("SELECT product, count(*) FROM orders WHERE placed_at >= ? GROUP BY product ORDER BY 2 DESC", since))

    def counted(self, number):
        """Whether there is such an order."""
        with self.database.changing():
            return self.database.run("UPDATE orders SET counted = 1 WHERE number = ?", number) > 0

    def find(self, number):
        row = self.database.row("SELECT * FROM orders WHERE number = ?", number)
        return order_of(row) if row else None


def order_of(row):
    number, _, customer, product, quantity, placed_at, counted = row
    return {"orderId": str(number), "customer": customer, "product": product, "quantity": quantity, "placedAt": clock.text(placed_at),
            "placedAtMs": placed_at, "state": "counted" if counted else "placed"}
