"""What is ordered, what becomes of it, and how that is shown."""
import json
import pathlib
import shlex
import shutil
import subprocess
import time
import urllib.parse

from .processes import Failed, fetch

TITLE = "The shop: four services without a line of tracing code, and a sidecar beside each."
WAYS = {"calls": "By calls    frontend → orders → inventory, payment",
        "events": "By events   frontend → orders ⇢ inventory ⇢ payment ⇢ orders      (each ⇢ a topic of Kafka)"}
WISHES = ((2, "tea"), (5, "cocoa"), (1, "samovar"))
FINAL = ("paid", "rejected", "cancelled")


class Shop:
    """The shop as a customer sees it: orders go through the frontend's sidecar. How they stand is asked of orders itself, past every
    sidecar: who asks through them makes a chain, too."""

    def __init__(self, ports):
        self.frontend = f"http://127.0.0.1:{ports['frontend'].inbound}"
        self.orders = f"http://127.0.0.1:{ports['orders'].app}"

    def place(self, quantity, sku, by):
        """(status, order) of a customer who orders something."""
        status, text = fetch(f"{self.frontend}/orders" + ("?by=events" if by == "events" else ""),
                             {"customer": f"{sku}-{quantity}-{by}@example.org", "sku": sku, "quantity": quantity})
        order = json.loads(text)
        if "orderId" not in order:
            raise Failed(f"an order of {quantity} {sku} was answered {status} {order}")
        return status, order

    def outcome(self, number, within=60):
        """The order, once nothing more becomes of it."""
        deadline = time.monotonic() + within
        while (order := json.loads(fetch(f"{self.orders}/orders/{number}")[1])).get("state") not in FINAL:
            if time.monotonic() > deadline:
                raise Failed(f"order {number} is still '{order.get('state')}' after {within} s")
            time.sleep(0.05)
        return order

    def warm_up(self):
        """One order each way: clients connect, so that what is shown is how it is afterwards."""
        for by in ("calls", "events"):
            self.outcome(self.place(1, "tea", by)[1]["orderId"])

    def order_all(self, by):
        """Places the orders and says what became of each; returns the number of each by its goods."""
        numbers = {}
        for quantity, sku in WISHES:
            status, placed = self.place(quantity, sku, by)
            order = self.outcome(placed["orderId"])
            said = f"{status} {placed['state']}, then {order['state']}" if by == "events" else f"{status} {order['state']}"
            print(f"  order {order['orderId']}   {quantity} {sku:8} {said}" + (f": {order['reason']}" if order.get("reason") else ""))
            numbers[sku] = order["orderId"]
        return numbers


def chains_of(collector, number):
    asked = urllib.parse.quote(f"order={number}", safe="")
    return json.loads(fetch(f"{collector}/api/chains?key={asked}")[1]).get("chains", [])


def wait_for_chain(collector, number, spans, within=60):
    """Until the chain has as many spans as were seen at the order, and is decided."""
    deadline = time.monotonic() + within
    while True:
        found = [each for each in chains_of(collector, number) if each["decided"] and each["spans"] >= spans]
        if found:
            return found[0]
        if time.monotonic() > deadline:
            raise Failed(f"the chain of order {number} never became whole: {chains_of(collector, number)}")
        time.sleep(0.1)


def at(collector):
    """The flags that name the collector, unless it is where they look by themselves."""
    return [] if collector == "http://127.0.0.1:4318" else ["--from", collector]


def name_of(outrider):
    """How the reader would call the program."""
    on_path = shutil.which("outrider")
    return "outrider" if on_path and pathlib.Path(on_path).resolve() == outrider.resolve() else str(outrider)


def show(outrider, *arguments):
    """Runs a command of ours as the reader would, on the reader's terminal."""
    print(f"\n$ {name_of(outrider)} {shlex.join(arguments)}", flush=True)
    done = subprocess.run([outrider.resolve(), *arguments], timeout=60, check=False)
    if done.returncode != 0:
        raise Failed(f"outrider {arguments[0]} ended with {done.returncode}")


FAULTS = {"frontend": '{"slow": "300ms"}', "orders": '{"duplicating": true}', "inventory": '{"dropping": 1}', "payment": '{"failing": 0.5}'}


def what_to_try(outrider, ports, collector, undone, brokers, folder):
    """Commands to copy; each makes or shows something else."""
    program, frontend = name_of(outrider), f"http://127.0.0.1:{ports['frontend'].inbound}"
    print("\nEverything keeps running until Ctrl-C. Order something:")
    for way in (f"{frontend}/orders", f"'{frontend}/orders?by=events'"):
        print(f"  curl -d '{{\"customer\": \"you\", \"sku\": \"tea\"}}' {way}")
    print("Make something go wrong:")
    for name, fault in FAULTS.items():
        print(f"  curl -d {shlex.quote(fault):24} http://127.0.0.1:{ports[name].app}/fault   # {name}")
    print("See what happened:")
    for command, more in (("chain", "   # undone, as its payment failed"), ("chain", " --as sequence --draw svg > order.svg"), ("topology", "")):
        key = [f"--key order={undone}"] if command == "chain" else []
        print("  " + " ".join([program, command, *key, *at(collector)]) + more)
    others = ", ".join(f"{name} {ports[name].admin}" for name in FAULTS if name != "frontend")
    print(f"  curl http://127.0.0.1:{ports['frontend'].admin}/metrics   # of the frontend's sidecar; others: {others}")
    print(f"Kafka: {brokers}; logs and configurations: {folder}")
