#!/usr/bin/python3
"""Takes registrations: answers 201 once Kafka has USER_REGISTERED, and leaves the rest to who hears of it."""
import hashlib
import os
import re
import uuid

import events
import web
from faults import NotPublished

USERS = os.environ.get("USERS_URL", "http://users")
EMAIL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,63}")
PACKAGES = ("tea", "coffee", "samovar")

PAGE = """<!doctype html>
<title>Registration</title>
<h1>Register</h1>
<pre>curl -d '{"email": "ada@example.org", "name": "Ada", "package": "tea"}' http://THIS_ADDRESS/register</pre>
"""

publisher = events.Publisher()


def wrong_with(wish):
    """{field: what is wrong with it}"""
    email, name = wish.get("email"), wish.get("name")
    found = {}
    if not isinstance(email, str) or len(email) > 254 or not EMAIL.fullmatch(email):
        found["email"] = "is not an e-mail address"
    if not isinstance(name, str) or not name.strip() or len(name) > 100 or not name.isprintable():
        found["name"] = "has 1 to 100 printable characters"
    if wish.get("package", "tea") not in PACKAGES:
        found["package"] = f"is one of {', '.join(PACKAGES)}"
    return found


def mailbox_of(email):
    """What a mailbox is known by without saying whose it is; ada+news@example.org is ada's."""
    local, _, domain = email.lower().rpartition("@")
    return hashlib.sha256(f"{local.partition('+')[0]}@{domain}".encode()).hexdigest()[:16]


class Registration(web.Service):
    def reply(self, method, path, body, query):
        if method == "POST" and path == ["register"]:
            return self.register(body)
        if method == "GET" and len(path) == 2 and path[0] == "users":
            return web.call("GET", f"{USERS}/users/{path[1]}")
        if method == "GET" and path == [""]:
            return 200, PAGE
        return super().reply(method, path, body, query)

    def register(self, wish):
        wrong = wrong_with(wish)
        if wrong:
            return 400, {"error": "; ".join(f"{field} {why}" for field, why in wrong.items()), "fields": wrong}
        user = {"userId": uuid.uuid4().hex[:12], "email": wish["email"], "name": wish["name"].strip(), "package": wish.get("package", "tea"),
                "mailbox": mailbox_of(wish["email"])}
        try:
            publisher.publish("users", user["userId"], {"type": "USER_REGISTERED", **user})
        except NotPublished as error:
            return 503, {"error": f"not registered: {error}"}
        return 201, {"userId": user["userId"], "mailbox": user["mailbox"], "state": "registered"}


if __name__ == "__main__":
    web.serve(Registration)
