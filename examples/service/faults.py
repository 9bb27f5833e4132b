"""What can be made to go wrong in a service while it runs: curl -d '{"slow": "300ms", "failing": 0.5}' http://SERVICE/fault

slow         every piece of work takes this much longer
failing      this share of the work fails: 500 to a caller, the bad event on a topic
dropping     this share is not done at all: a caller gets no answer, a record is taken and nothing comes of it
duplicating  calls are made and events are published twice
uncommitted  what was done with a record is committed this much later: time to kill the service in between

They start as FAULT_SLOW, FAULT_FAILING, FAULT_DROPPING, FAULT_DUPLICATING and FAULT_UNCOMMITTED in the environment say.
"""
import json
import os
import random
import re
import threading
import time

SECONDS = {"ms": 0.001, "s": 1.0}
TIMES = ("slow", "uncommitted")


class Failing(Exception):
    """A piece of work that fails by order."""


class Dropping(Exception):
    """A piece of work that is not done, by order."""


class NotPublished(Exception):
    """An event that Kafka did not take."""


def seconds(text, name="slow"):
    found = re.fullmatch(r"(\d+(?:\.\d+)?)(ms|s)", text if isinstance(text, str) else "")
    if not found or float(found[1]) * SECONDS[found[2]] > 60:
        raise ValueError(f"{name}: {text!r} is not a time like 300ms or 1.5s, up to 60s")
    return float(found[1]) * SECONDS[found[2]]


def share(name, value):
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= 1:
        raise ValueError(f"{name}: {value!r} is not a number from 0 to 1")
    return float(value)


class Faults:
    """The switches of this process."""

    def __init__(self, environment=os.environ):
        self.lock = threading.Lock()
        self.now = {"slow": "0ms", "failing": 0.0, "dropping": 0.0, "duplicating": False, "uncommitted": "0ms"}
        told = {name: environment.get(f"FAULT_{name.upper()}", "") for name in self.now}
        self.set({name: self.typed(name, text) for name, text in told.items() if text})

    @staticmethod
    def typed(name, text):
        if name in TIMES:
            return text
        return text.lower() in ("true", "1") if name == "duplicating" else float(text)

    def set(self, wanted):
        """Changes what is named and leaves the rest; a ValueError says what is wrong."""
        for name, value in wanted.items():
            if name not in self.now:
                raise ValueError(f"no fault is called {name!r}; there are {', '.join(self.now)}")
            if name in TIMES:
                seconds(value, name)
            elif name == "duplicating":
                if not isinstance(value, bool):
                    raise ValueError(f"duplicating: {value!r} is neither true nor false")
            else:
                share(name, value)
        with self.lock:
            self.now = {**self.now, **wanted}
        return self.now

    def work(self):
        """Called where a piece of work begins: takes its time, and may end it."""
        now = self.now
        time.sleep(seconds(now["slow"]))
        if random.random() < now["dropping"]:
            raise Dropping
        if random.random() < now["failing"]:
            raise Failing

    def times(self):
        """How often a call is made or an event is published."""
        return 2 if self.now["duplicating"] else 1

    def until_commit(self):
        """Seconds between a record that was dealt with and its commit."""
        return seconds(self.now["uncommitted"])


faults = Faults()


def heard(handle, topic, key, value):
    """Deals with a record: it is left as it is when it makes no sense or a fault says so, and tried again until Kafka takes what comes of it."""
    who = (key or b"").decode(errors="replace")
    while True:
        try:
            handle(topic, json.loads(value))
            return
        except NotPublished as error:
            print(f"{topic}: {who} again in a second: {error}", flush=True)
            time.sleep(1)
        except (Dropping, Failing):
            print(f"{topic}: {who} is left as it is", flush=True)
            return
        except (ValueError, TypeError, KeyError, RecursionError) as error:  # a record that is none of ours stops nobody
            print(f"{topic}: {who} is left as it is: {error!r}", flush=True)
            return
