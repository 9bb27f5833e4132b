"""The registration of examples/registration: its six services with a sidecar beside each, people who register, and what their chains are."""
import itertools
import json
import re

import examples
import wire
from chains import hops

SYSTEM = examples.described("registration").REGISTRATION
PEOPLE = itertools.count(1)
FINAL = ("spam", "refused", "removed")

REGISTERED = hops("registration POST 201", ("users", "behaviour"))
SPAM = hops(REGISTERED, ("user-spam", "users"))
ACCEPTED = hops(REGISTERED, ("user-accepted", "users"))
REFUSED = hops(ACCEPTED, ("user-refused", "mail"))
CREATED = hops(ACCEPTED, ("user-created", "mail"))
REMOVED = hops(CREATED, ("mail-failed", "users"), ("user-removed", "behaviour"))
ORDERED = hops(CREATED, ("mail-written", "orders"), ("package-ordered", "stock"))
SENT = hops(ORDERED, ("stock-reserved", "orders"), ("package-sent", "users"))
CANCELLED = hops(ORDERED, ("stock-insufficient", "orders"), ("package-cancelled", "users"))


class Registration(examples.Running):
    def __init__(self, keep, collector, **how):
        super().__init__(SYSTEM, keep, collector, **how)

    def register(self, email=None, name="Ada", package="tea"):
        """(status, answer). Each has another address, where none is given."""
        return self.ask("registration", "/register", "POST", {"email": email or f"person-{next(PEOPLE)}@example.org", "name": name, "package": package})

    def user(self, user):
        """What users knows, or None."""
        answer = wire.ask(("127.0.0.1", self.ports["users"]), f"/users/{user}")
        return json.loads(answer.body) if answer.status == 200 else None

    def outcome(self, user, within=60):
        """The user, once nothing more becomes of it."""
        def look():
            found = self.user(user)
            return found if found and (found["state"] in FINAL or found["package"] != "none") else None
        return wire.wait_for(look, f"what becomes of user {user}", within)

    def mail(self, user):
        """The text of the mail to a user; asked past the sidecar."""
        answer = wire.ask(("127.0.0.1", self.ports["mail"]), f"/mails/{user}")
        assert answer.status == 200, answer.body
        return answer.body.decode()

    def link(self, user):
        """The path that the welcome mail's link leads to, and where."""
        found = re.search(r'href="http://([\d.]+):(\d+)(/confirm/[^"]+)"', self.mail(user))
        assert (found[1], int(found[2])) == self.sidecars["mail"].inbound, found[0]
        return found[3]
