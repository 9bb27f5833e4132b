"""The registration of examples/registration: its six services with a sidecar beside each, people who register, and what their chains are, hop by
hop: "~source" is behind what no service told, but was inferred."""
import itertools
import json
import re

import examples
import wire

SYSTEM = examples.described("registration").REGISTRATION
PEOPLE = itertools.count(1)
FINAL = ("spam", "refused", "removed")

REGISTERED = """
registration POST 201
  registration send users ~echo
    behaviour process users
"""
SPAM = REGISTERED + """
      behaviour send user-spam ~echo
        users process user-spam
"""
ACCEPTED = REGISTERED + """
      behaviour send user-accepted ~echo
        users process user-accepted
"""
REFUSED = ACCEPTED + """
          users send user-refused ~echo
            mail process user-refused
"""
CREATED = ACCEPTED + """
          users send user-created ~echo
            mail process user-created
"""
REMOVED = CREATED + """
              mail send mail-failed ~echo
                users process mail-failed
                  users send user-removed ~echo
                    behaviour process user-removed
"""
ORDERED = CREATED + """
              mail send mail-written ~echo
                orders process mail-written
                  orders send package-ordered ~echo
                    stock process package-ordered
"""
SENT = ORDERED + """
                      stock send stock-reserved ~echo
                        orders process stock-reserved
                          orders send package-sent ~echo
                            users process package-sent
"""
CANCELLED = ORDERED + """
                      stock send stock-insufficient ~echo
                        orders process stock-insufficient
                          orders send package-cancelled ~echo
                            users process package-cancelled
"""


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
