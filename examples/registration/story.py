"""People register: one becomes a user, one is spam, one gets no package, one no mail; and what became of each."""
import json
import re
import time

from demo.processes import Failed, fetch

TITLE = "The registration: six services without a line of tracing code, and a sidecar beside each."
WAY = "registration ⇢ behaviour ⇢ users ⇢ mail ⇢ orders ⇢ stock ⇢ orders ⇢ users      (each ⇢ a topic of Kafka)"
WISHES = {
    "user": {"email": "ada@example.org", "name": "Ada", "package": "tea"},
    "spam": {"email": "lucky@throwaway.example", "name": "Win at www.casino.example", "package": "tea"},
    "short": {"email": "anton@example.org", "name": "Anton", "package": "samovar"},
    "unwritten": {"email": "emmy@example.org", "name": "Emmy", "package": "coffee"},
}
SPANS = {"user": 15, "spam": 5, "short": 15, "unwritten": 9}  # of each chain, less those of fetches and commits
FAULTS = {"registration": '{"duplicating": true}', "behaviour": '{"slow": "2s"}', "users": '{"failing": 0.5}', "mail": '{"dropping": 1}',
          "stock": '{"failing": 1}'}


class Visitor:
    """Who registers, through the sidecar of registration. How that stands is asked of users itself, past every sidecar: who asks through
    them makes a chain, too."""

    def __init__(self, stage):
        self.registration, self.users, self.mail = stage.through("registration"), stage.past("users"), stage.past("mail")

    def register(self, wish):
        """(status, id)"""
        status, text = fetch(f"{self.registration}/register", wish)
        answer = json.loads(text)
        if "userId" not in answer:
            raise Failed(f"a registration was answered {status} {answer}")
        return status, answer["userId"]

    def outcome(self, user, within=60):
        """The user, once nothing more becomes of it."""
        deadline = time.monotonic() + within
        while True:
            found = json.loads(fetch(f"{self.users}/users/{user}")[1])
            if found.get("state") in ("spam", "refused", "removed") or found.get("package") in ("sent", "cancelled"):
                return found
            if time.monotonic() > deadline:
                raise Failed(f"user {user} is still {found} after {within} s")
            time.sleep(0.05)

    def link(self, user):
        """Where the welcome mail says that one confirms."""
        return re.search(r'href="([^"]+)"', fetch(f"{self.mail}/mails/{user}")[1])[1]


def told(user):
    package = {"sent": "package sent", "cancelled": "no package"}.get(user["package"])
    return ", ".join(filter(None, (user["state"], package))) + (f": {user['reason']}" if user.get("reason") else "")


def tell(stage):
    """Returns the ids by what became of them, and the link of the welcome mail."""
    visitor, ids = Visitor(stage), {}
    visitor.outcome(visitor.register({"email": "warm.up@example.org", "name": "Warm Up"})[1])  # clients connect
    print(f"\n{WAY}")
    for what, wish in WISHES.items():
        stage.fault("mail", failing=1 if what == "unwritten" else 0)
        status, ids[what] = visitor.register(wish)
        print(f"  user {ids[what]}   {wish['name'][:16]:16}   {status} registered, then {told(visitor.outcome(ids[what]))}")
    stage.fault("mail", failing=0)
    for what, user in ids.items():
        stage.wait_for_chain(f"user={user}", SPANS[what])
    for what in ("user", "unwritten"):
        stage.show("chain", "--key", f"user={ids[what]}")
    print(f"\nAs expected (flows.yaml)? {as_expected(stage, len(ids) + 1)}")
    return ids, visitor.link(ids["user"])


def as_expected(stage, runs, within=30):
    """What the flow of a registration says of all runs, once they are over."""
    deadline = time.monotonic() + within
    while (flow := stage.flow("registration"))["completed"] + flow["compensated"] + flow["faulty"] < runs and time.monotonic() < deadline:
        time.sleep(0.1)
    return ", ".join(f"{flow[each]} {each}" for each in ("completed", "compensated", "faulty", "running"))


def what_to_try(stage, said):
    """Commands to copy; each makes or shows something else."""
    ids, link = said
    key = ("--key", f"user={ids['short']}")
    stage.what_to_try(["Register somebody:",
                       f"  curl -d '{{\"email\": \"you@example.org\", \"name\": \"You\", \"package\": \"tea\"}}' {stage.through('registration')}/register",
                       "Confirm Ada, whose mail this link shows:", f"  {link}"], FAULTS, [
        stage.line("chain", *key) + "   # no samovar left",
        stage.line("chain", *key, "--as", "sequence", "--draw", "svg") + " > registration.svg",
        stage.line("flows") + "   # what is expected, and what was not so",
        stage.line("topology")])
