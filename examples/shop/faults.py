"""What can be made to go wrong in a service while it runs: curl -d '{"slow": "300ms", "failing": 0.5}' http://SERVICE/fault

slow         every piece of work takes this much longer
failing      this share of the work fails: 500 to a caller, the bad event on a topic
dropping     this share is not done at all: a caller gets no answer, a record is taken and nothing comes of it
duplicating  calls are made and events are published twice

They start as FAULT_SLOW, FAULT_FAILING, FAULT_DROPPING and FAULT_DUPLICATING in the environment say.
"""
import os
import random
import re
import threading
import time

SECONDS = {"ms": 0.001, "s": 1.0}


class Failing(Exception):
    """A piece of work that fails by order."""


class Dropping(Exception):
    """A piece of work that is not done, by order."""


def seconds(text):
    found = re.fullmatch(r"(\d+(?:\.\d+)?)(ms|s)", text if isinstance(text, str) else "")
    if not found or float(found[1]) * SECONDS[found[2]] > 60:
        raise ValueError(f"slow: {text!r} is not a time like 300ms or 1.5s, up to 60s")
    return float(found[1]) * SECONDS[found[2]]


def share(name, value):
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= 1:
        raise ValueError(f"{name}: {value!r} is not a number from 0 to 1")
    return float(value)


class Faults:
    """The switches of this process."""

    def __init__(self, environment=os.environ):
        self.lock = threading.Lock()
        self.now = {"slow": "0ms", "failing": 0.0, "dropping": 0.0, "duplicating": False}
        told = {name: environment.get(f"FAULT_{name.upper()}", "") for name in self.now}
        self.set({name: self.typed(name, text) for name, text in told.items() if text})

    @staticmethod
    def typed(name, text):
        if name == "slow":
            return text
        return text.lower() in ("true", "1") if name == "duplicating" else float(text)

    def set(self, wanted):
        """Changes what is named and leaves the rest; a ValueError says what is wrong."""
        for name, value in wanted.items():
            if name not in self.now:
                raise ValueError(f"no fault is called {name!r}; there are {', '.join(self.now)}")
            if name == "slow":
                seconds(value)
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


faults = Faults()
