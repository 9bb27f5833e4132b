#!/usr/bin/python3
"""Knows what is left of each welcome package, in SQLite: reserves one, or says that there is not enough."""
import events_kafka_python as events
import web
from dealt import Database
from faults import Failing, faults

database = Database("stock.db", "CREATE TABLE IF NOT EXISTS shelf (package TEXT PRIMARY KEY, remaining INTEGER CHECK (remaining >= 0))",
                    "INSERT OR IGNORE INTO shelf VALUES ('tea', 1000), ('coffee', 1000), ('samovar', 0)")
publisher = events.Publisher()


class Stock(web.Service):
    def reply(self, method, path, body, query):
        if method == "GET" and len(path) == 2 and path[0] == "stock":
            row = database.one("SELECT * FROM shelf WHERE package = ?", path[1])
            return (200, dict(row)) if row else (404, {"error": f"we have no {path[1]}"})
        return super().reply(method, path, body, query)


def heard(topic, order):
    reason = None
    try:
        faults.work()
    except Failing:
        reason = "the shelf cannot be reached"
    database.once(topic, order["userId"], lambda connection: reserved(connection, order, reason), publisher)


def reserved(connection, order, reason):
    told = {"packageId": order["packageId"], "userId": order["userId"], "package": order["package"]}
    taken = not reason and connection.execute("UPDATE shelf SET remaining = remaining - 1 WHERE package = ? AND remaining > 0",
                                              (order["package"],)).rowcount
    if taken:
        return [("stock-reserved", {"type": "STOCK_RESERVED", **told})]
    return [("stock-insufficient", {"type": "STOCK_INSUFFICIENT", **told, "reason": reason or f"no {order['package']} left"})]


if __name__ == "__main__":
    web.in_background(events.consume, ["package-ordered"], "stock", heard)
    web.serve(Stock)
