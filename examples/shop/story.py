"""Orders that are carried out by calls and by events: some are paid, some lack stock, some are undone because payment fails."""
import json
import time

from demo.processes import Failed, fetch

TITLE = "The shop: four services without a line of tracing code, and a sidecar beside each."
WAYS = {"calls": "By calls    frontend → orders → inventory, payment",
        "events": "By events   frontend → orders ⇢ inventory ⇢ payment ⇢ orders      (each ⇢ a topic of Kafka)"}
WISHES = ((2, "tea"), (5, "cocoa"), (1, "samovar"))
FINAL = ("paid", "rejected", "cancelled")
# Of an order that is paid: SERVER and CLIENT spans by calls; by events also what each record was sent and processed in.
SPANS = {"calls": 7, "events": 9}
FAULTS = {"frontend": '{"slow": "300ms"}', "orders": '{"duplicating": true}', "inventory": '{"dropping": 1}', "payment": '{"failing": 0.5}'}


class Customer:
    """Who orders, through the frontend's sidecar. How an order stands is asked of orders itself, past every sidecar: who asks through
    them makes a chain, too."""

    def __init__(self, stage):
        self.frontend, self.orders = stage.through("frontend"), stage.past("orders")

    def place(self, quantity, sku, by):
        """(status, order)"""
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
        for by in WAYS:
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


def tell(stage):
    """Both ways; returns the numbers of the orders, by way and goods."""
    customer, numbers = Customer(stage), {}
    customer.warm_up()
    for by, way in WAYS.items():
        print(f"\n{way}")
        numbers[by] = customer.order_all(by)
    for by, ordered in numbers.items():
        stage.wait_for_chain(f"order={ordered['tea']}", SPANS[by])
    for ordered in numbers.values():
        stage.show("chain", "--key", f"order={ordered['tea']}")
    return numbers


def what_to_try(stage, numbers):
    """Commands to copy; each makes or shows something else."""
    frontend, undone = stage.through("frontend"), ("--key", f"order={numbers['events']['samovar']}")
    requests = ["Order something:"]
    requests += [f"  curl -d '{{\"customer\": \"you\", \"sku\": \"tea\"}}' {way}" for way in (f"{frontend}/orders", f"'{frontend}/orders?by=events'")]
    stage.what_to_try(requests, FAULTS, [
        stage.line("chain", *undone) + "   # undone, as its payment failed",
        stage.line("chain", *undone, "--as", "sequence", "--draw", "svg") + " > order.svg",
        stage.line("topology")])
