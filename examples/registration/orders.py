#!/usr/bin/python3
"""Orders a welcome package for everybody who was written to, and tells whether it was sent."""
import uuid

import events
import web
from dealt import Database
from faults import faults

TOPICS = ["mail-written", "stock-reserved", "stock-insufficient"]

database = Database("orders.db", "CREATE TABLE IF NOT EXISTS packages (id TEXT PRIMARY KEY, user TEXT UNIQUE, package TEXT, state TEXT, reason TEXT)")
publisher = events.Publisher()


class Orders(web.Service):
    def reply(self, method, path, body, query):
        if method == "GET" and len(path) == 3 and path[0] == "users" and path[2] == "package":
            row = database.one("SELECT * FROM packages WHERE user = ?", path[1])
            return (200, dict(row)) if row else (404, {"error": f"no package for {path[1]}"})
        return super().reply(method, path, body, query)


def heard(topic, event):
    faults.work()
    work = ordered if topic == "mail-written" else answered
    database.once(topic, event["userId"], lambda connection: work(connection, event), publisher)


def ordered(connection, event):
    number = uuid.uuid4().hex[:12]
    connection.execute("INSERT INTO packages (id, user, package, state) VALUES (?, ?, ?, 'ordered')", (number, event["userId"], event["package"]))
    return [("package-ordered", {"type": "PACKAGE_ORDERED", "packageId": number, "userId": event["userId"], "package": event["package"]})]


def answered(connection, event):
    """What stock says of it."""
    sent, reason = event["type"] == "STOCK_RESERVED", event.get("reason")
    connection.execute("UPDATE packages SET state = ?, reason = ? WHERE id = ?", ("sent" if sent else "cancelled", reason, event["packageId"]))
    told = {"packageId": event["packageId"], "userId": event["userId"]}
    if sent:
        return [("package-sent", {"type": "PACKAGE_SENT", **told})]
    return [("package-cancelled", {"type": "PACKAGE_CANCELLED", **told, "reason": reason})]


if __name__ == "__main__":
    web.in_background(events.consume, TOPICS, "orders", heard)
    web.serve(Orders)
