#!/usr/bin/python3
"""Who our users are, in SQLite: made of those who were accepted, removed again when they cannot be written to, and told of their package."""
import events_kafka_python as events
import web
from dealt import Database
from faults import Failing, faults

TOPICS = ["user-accepted", "user-spam", "mail-failed", "package-sent", "package-cancelled"]

database = Database("users.db", """
    CREATE TABLE IF NOT EXISTS users (id TEXT PRIMARY KEY, email TEXT UNIQUE, mailbox TEXT, name TEXT, state TEXT, confirmed INTEGER DEFAULT 0,
                                      package TEXT DEFAULT 'none', reason TEXT)""")
publisher = events.Publisher()


class Users(web.Service):
    def reply(self, method, path, body, query):
        if method == "GET" and path == ["users"]:
            row = database.one("SELECT COUNT(*) AS count FROM users WHERE state = 'created'")
            return 200, {"users": row["count"]}
        if method == "GET" and len(path) == 2 and path[0] == "users":
            row = database.one("SELECT * FROM users WHERE id = ?", path[1])
            return (200, shown(row)) if row else (404, {"error": f"no user {path[1]}"})
        if method == "POST" and len(path) == 3 and path[0] == "users" and path[2] == "confirmation":
            changed = database.change("UPDATE users SET confirmed = 1 WHERE id = ? AND state = 'created'", path[1])
            return (200, {"userId": path[1], "confirmed": True}) if changed else (404, {"error": f"no user {path[1]}"})
        return super().reply(method, path, body, query)


def shown(row):
    user = {"userId": row["id"], "name": row["name"], "state": row["state"], "confirmed": bool(row["confirmed"]), "package": row["package"]}
    return {**user, **({"reason": row["reason"]} if row["reason"] else {})}


def heard(topic, event):
    works = {"user-accepted": accepted, "user-spam": spam, "mail-failed": not_written_to, "package-sent": package, "package-cancelled": package}
    failed = False
    try:
        faults.work()
    except Failing:
        if topic != "user-accepted":
            raise
        failed = True
    database.once(topic, event["userId"], lambda connection: works[topic](connection, event, failed), publisher)


def accepted(connection, user, failed):
    """A new user, unless the e-mail address is somebody's already."""
    reason = "the database cannot be reached" if failed else None
    if not reason and connection.execute("SELECT 1 FROM users WHERE email = ?", (user["email"].lower(),)).fetchone():
        reason = "there is a user with this e-mail address"
    email = None if reason else user["email"].lower()
    connection.execute("INSERT INTO users (id, email, mailbox, name, state, reason) VALUES (?, ?, ?, ?, ?, ?)",
                       (user["userId"], email, user["mailbox"], user["name"], "refused" if reason else "created", reason))
    if reason:
        return [("user-refused", {**user, "type": "USER_REFUSED", "reason": reason})]
    return [("user-created", {**user, "type": "USER_CREATED"})]


def spam(connection, user, _):
    connection.execute("INSERT INTO users (id, name, state, reason) VALUES (?, ?, 'spam', ?)", (user["userId"], user["name"], user["reason"]))
    return []


def not_written_to(connection, event, _):
    """Undone: a user who gets no mail cannot confirm, and may register again."""
    connection.execute("UPDATE users SET state = 'removed', email = NULL, reason = ? WHERE id = ?", (event["reason"], event["userId"]))
    row = connection.execute("SELECT mailbox FROM users WHERE id = ?", (event["userId"],)).fetchone()
    return [("user-removed", {"type": "USER_REMOVED", "userId": event["userId"], "mailbox": row["mailbox"], "reason": event["reason"]})]


def package(connection, event, _):
    state = "sent" if event["type"] == "PACKAGE_SENT" else "cancelled"
    connection.execute("UPDATE users SET package = ?, reason = ? WHERE id = ?", (state, event.get("reason"), event["userId"]))
    return []


if __name__ == "__main__":
    web.in_background(events.consume, TOPICS, "users", heard)
    web.serve(Users)
