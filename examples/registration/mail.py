#!/usr/bin/python3
"""Writes a welcome mail for every new user into a folder, its cache, and shows it. Its link confirms the user."""
import html
import os
import pathlib
import re
import secrets

import events_kafka_python as events
import web
from dealt import Database
from faults import Failing, faults

USERS = os.environ.get("USERS_URL", "http://users")
HERE = os.environ.get("PUBLIC_URL", "http://127.0.0.1:8082")  # where readers of mails find this service
CACHE = pathlib.Path(os.environ.get("DATA", ".")) / "mails"
PLAIN = re.compile(r"[0-9a-zA-Z_-]{1,64}")  # what may become the name of a file

WELCOME = """<!doctype html>
<title>Welcome, {name}</title>
<h1>Welcome, {name}</h1>
<p>A package of {package} is on its way to you, if there is any left.</p>
<p>That it was you who registered, tell us here: <a href="{link}">{link}</a></p>
"""
REFUSED = """<!doctype html>
<title>Hello, {name}</title>
<h1>Hello, {name}</h1>
<p>Somebody, perhaps you, tried to register with this address: {reason}. There is nothing to do.</p>
"""

database = Database("mail.db", "CREATE TABLE IF NOT EXISTS links (token TEXT PRIMARY KEY, user TEXT UNIQUE)")
publisher = events.Publisher()
CACHE.mkdir(exist_ok=True)


class Mail(web.Service):
    def reply(self, method, path, body, query):
        if method == "GET" and len(path) == 2 and path[0] == "mails":
            return self.mail_of(path[1])
        if method == "GET" and len(path) == 2 and path[0] == "confirm":
            return self.confirm(path[1])
        return super().reply(method, path, body, query)

    def mail_of(self, user, said=""):
        file = CACHE / f"{user}.html"
        if not PLAIN.fullmatch(user) or not file.exists():
            return 404, {"error": f"no mail to {user}"}
        return 200, file.read_text() + said

    def confirm(self, token):
        link = database.one("SELECT user FROM links WHERE token = ?", token)
        if link is None:
            return 404, {"error": "this link is none of ours"}
        status, answer = web.call("POST", f"{USERS}/users/{link['user']}/confirmation", {})
        if status != 200:
            return 502 if status != 404 else 404, {"error": answer.get("error", "users does not answer")}
        return self.mail_of(link["user"], "<p><strong>Confirmed. Thank you.</strong></p>\n")


def heard(topic, user):
    reason = None
    try:
        faults.work()
    except Failing:
        reason = "the mail could not be written"
    if topic == "user-refused":
        database.once(topic, user["userId"], lambda _: told_so(user), publisher)
    else:
        database.once(topic, user["userId"], lambda connection: welcomed(connection, user, reason), publisher)


def welcomed(connection, user, reason):
    told = {"userId": user["userId"], "package": user["package"]}
    if reason:
        return [("mail-failed", {"type": "MAIL_FAILED", **told, "reason": reason})]
    token = secrets.token_urlsafe(16)
    connection.execute("INSERT INTO links VALUES (?, ?)", (token, user["userId"]))
    write(user, WELCOME, package=user["package"], link=f"{HERE}/confirm/{token}")
    return [("mail-written", {"type": "MAIL_WRITTEN", **told})]


def told_so(user):
    write(user, REFUSED, reason=user["reason"])
    return []


def write(user, text, **told):
    if not PLAIN.fullmatch(user["userId"]):
        raise ValueError("a user without a name that a file can have")
    unfinished = CACHE / f".{user['userId']}.new"
    unfinished.write_text(text.format(name=html.escape(user["name"]), **{each: html.escape(value) for each, value in told.items()}))
    unfinished.replace(CACHE / f"{user['userId']}.html")  # nobody sees half a mail


if __name__ == "__main__":
    web.in_background(events.consume, ["user-created", "user-refused"], "mail", heard)
    web.serve(Mail)
