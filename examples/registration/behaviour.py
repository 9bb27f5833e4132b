#!/usr/bin/python3
"""Screens who registers: by e-mail, by name, and by how often a mailbox does. Publishes USER_ACCEPTED or USER_IS_SPAM."""
import collections
import os
import re
import time

import events
import web
from dealt import Database
from faults import Failing, faults

THROWAWAY = {"mailinator.example", "throwaway.example", "10minutes.example"}
SELLING = re.compile(r"https?:|www\.|\b(casino|lottery|viagra|crypto|bonus)\b", re.IGNORECASE)
MOST = int(os.environ.get("REGISTRATIONS_A_MINUTE", "3"))  # of one mailbox

database = Database("behaviour.db")
publisher = events.Publisher()


class Rate:
    """How often each mailbox registered within the last minute, in memory: who was killed begins to count anew."""

    def __init__(self):
        self.seen = collections.OrderedDict()  # mailbox: times; who was heard of last is at the end

    def more(self, mailbox, now):
        times = [each for each in self.seen.pop(mailbox, ()) if now - each < 60] + [now]
        self.seen[mailbox] = times[-MOST - 1:]
        if len(self.seen) > 10_000:
            self.seen.popitem(last=False)
        return len(times)

    def forget(self, mailbox):
        self.seen.pop(mailbox, None)


rate = Rate()


def spam(user):
    """Why this is not somebody who wants to be our user; None when nothing speaks against it."""
    local, _, domain = user["email"].lower().rpartition("@")
    if domain in THROWAWAY:
        return f"{domain} is for throwing away"
    if sum(map(str.isdigit, local)) >= 8:
        return "the e-mail address is a number"
    if SELLING.search(user["name"]):
        return "the name sells something"
    if rate.more(user["mailbox"], time.monotonic()) > MOST:
        return f"more than {MOST} registrations of one mailbox within a minute"
    return None


def heard(topic, user):
    if topic == "user-removed":
        database.once(topic, user["userId"], lambda _: again(user), publisher)
        return

    def screen(_):
        reason = spam(user) if not failed else "it could not be screened"
        if reason:
            return [("user-spam", {**user, "type": "USER_IS_SPAM", "reason": reason})]
        return [("user-accepted", {**user, "type": "USER_ACCEPTED"})]
    failed = False
    try:
        faults.work()
    except Failing:
        failed = True
    database.once(topic, user["userId"], screen, publisher)


def again(user):
    """It was our fault, so whoever was removed may try as often as anybody."""
    rate.forget(user["mailbox"])
    return []


if __name__ == "__main__":
    web.in_background(events.consume, ["users", "user-removed"], "behaviour", heard)
    web.serve(web.Service)
