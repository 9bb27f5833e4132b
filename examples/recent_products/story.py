"""Orders that are counted within a day and shown on a page: before, after, and while one of two aggregators is killed."""
import json
import signal
import time
import urllib.request

from demo.processes import DIRECT, Failed, fetch

TITLE = ("Recently bought products: orders in SQL, events, an aggregation of a day, a cache and a page; no line of tracing code, and a sidecar "
         "beside each.")
WISHES = (("ada@example.org", "tea", 2), ("bob@example.org", "coffee", 1), ("ada@example.org", "honey", 1), ("eve@example.org", "tea", 3),
          ("bob@example.org", "samovar", 1), ("ada@example.org", "biscuits", 4))
AGGREGATORS = ("aggregator-1", "aggregator-2")
SPANS = 7  # of an order that is on the page: POST, and each of three topics sent to and processed from
FAULTS = {"orders": '{"duplicating": true}', "aggregator-1": '{"dropping": 1}', "aggregator-2": '{"slow": "2s"}', "home": '{"failing": 0.5}'}


class Customers:
    """Who orders and looks at the page, through the sidecars. How things stand is asked past them: that is nobody's chain."""

    def __init__(self, stage):
        self.stage, self.orders, self.home = stage, stage.through("orders"), stage.through("home")

    def order(self, customer, product, quantity):
        status, text = fetch(f"{self.orders}/orders", {"customer": customer, "product": product, "quantity": quantity})
        if status != 201:
            raise Failed(f"an order of {quantity} {product} was answered {status} {text}")
        return json.loads(text)

    def ordered(self):
        """Orders by product, as SQL has them."""
        return json.loads(fetch(f"{self.stage.past('orders')}/orders")[1])["ordersInADay"]

    def page(self):
        return json.loads(fetch(f"{self.stage.past('home')}/recent")[1])

    def shown(self):
        """Orders by product, as the page has them."""
        return {each["product"]: each["orders"] for each in self.page()["products"]}

    def wait_until_shown(self, within=60):
        """Seconds until the page has what SQL has."""
        begun = time.monotonic()
        while self.shown() != self.ordered():
            if time.monotonic() > begun + within:
                raise Failed(f"the page has {self.shown()} after {within} s, and SQL has {self.ordered()}")
            time.sleep(0.02)
        return time.monotonic() - begun

    def show_page(self, when):
        """What a visitor sees, with the fields that say how fresh it is."""
        with DIRECT.open(urllib.request.Request(f"{self.home}/recent"), timeout=20) as answer:
            page, fields = json.load(answer), answer.headers
        goods = ", ".join(f"{each['orders']} x {each['product']}" for each in page["products"]) or "nothing"
        print(f"{when}: {goods}\n    Freshness: {fields['Freshness']}, complete up to {fields['Freshness-Age']} s ago, "
              f"{fields.get('Freshness-Lag', '?')} to be counted")


def active(stage, but=""):
    """The aggregator that counts."""
    for name in AGGREGATORS:
        try:
            if name != but and json.loads(fetch(f"{stage.past(name)}/healthz", timeout=1)[1])["role"] == "active":
                return name
        except OSError:
            pass  # ended
    return None


def wait_for_active(stage, but="", within=60):
    deadline = time.monotonic() + within
    while not (name := active(stage, but)):
        if time.monotonic() > deadline:
            raise Failed(f"no aggregator counts after {within} s")
        time.sleep(0.02)
    return name


def place_orders(customers):
    """The numbers of the orders."""
    numbers = []
    for customer, product, quantity in WISHES:
        order = customers.order(customer, product, quantity)
        print(f"  order {order['orderId']}   {quantity} {product:8} {customer}")
        numbers.append(order["orderId"])
    return numbers


def count_once(stage, customers):
    """Every event twice, and every record worked on twice: the counts stay what SQL says."""
    for name in ("orders", *AGGREGATORS):
        stage.fault(name, duplicating=True)
    for customer, product, quantity in WISHES[:3]:
        customers.order(customer, product, quantity)
    customers.wait_until_shown()
    for name in ("orders", *AGGREGATORS):
        stage.fault(name, duplicating=False)
    customers.show_page("Three more, each event published and counted twice")


def take_over(stage, customers):
    """Kills the aggregator that counts, with kill -9, while orders go on."""
    gone = wait_for_active(stage)
    stage.processes.running[gone].send_signal(signal.SIGKILL)
    killed, placed, stale = time.monotonic(), 0, False
    while not (successor := active(stage, but=gone)):
        customers.order("ada@example.org", "cocoa", 1)
        placed += 1
        stale = stale or customers.page()["freshness"]["state"] == "stale"
        if time.monotonic() > killed + 60:
            raise Failed("nobody took over")
        time.sleep(0.2)
    customers.wait_until_shown()
    said = "; meanwhile it said that it was stale" if stale else ""
    print(f"\n{gone} was killed: {successor} has taken over, and {placed} orders placed meanwhile are on the page after "
          f"{time.monotonic() - killed:.1f} s{said}")
    customers.show_page("The page")
    stage.start_service(stage.system.service(gone))
    stage.processes.wait_for_log(gone, "given: ")


def tell(stage):
    """Returns the number of an order to look at. What the flow tells as duplicate is what was published twice here."""
    customers = Customers(stage)
    wait_for_active(stage)
    customers.order("ada@example.org", "tea", 1)  # clients connect, so that what is shown is how it is afterwards
    customers.wait_until_shown()
    print("\nBy events   orders (SQL) ⇢ aggregator (SQL, Redis) ⇢ orders, home")
    customers.show_page("Before")
    numbers = place_orders(customers)
    took = customers.wait_until_shown()
    customers.show_page(f"After {took * 1000:.0f} ms")
    count_once(stage, customers)
    take_over(stage, customers)
    stage.wait_for_chain(f"order={numbers[-1]}", SPANS)
    stage.show("chain", "--key", f"order={numbers[-1]}")
    stage.show("flows")
    return numbers[-1]


def what_to_try(stage, number):
    """Commands to copy; each makes or shows something else."""
    orders, home, counting = stage.through("orders"), stage.through("home"), wait_for_active(stage)
    pid, folder = stage.processes.running[counting].pid, stage.processes.folder
    requests = [
        "Order something, and look at the page:",
        f"  curl -d '{{\"customer\": \"you\", \"product\": \"tea\"}}' {orders}/orders",
        f"  curl -i '{home}/recent?customer=you'   # in a browser: {home}/?customer=you",
        f"  curl {stage.past('orders')}/orders   # what SQL says, to compare with",
        "Take something away:",
        f"  kill -STOP {pid}   # {counting} counts; the other one takes over, and -CONT wakes it up to find that out (or -KILL it)",
        f"  kill {stage.processes.running['cache'].pid}   # Redis: the last good page, which says so; and back: "
        f"redis-server --port {stage.places['cache']} --bind 127.0.0.1 --save '' &",
        f"  echo 90000 > {folder}/shared/clock   # a day and an hour pass",
    ]
    stage.what_to_try(requests, FAULTS, [
        stage.line("chain", "--key", f"order={number}"),
        stage.line("flows") + "   # what should have become of each order, and did not",
        stage.line("topology"),
        f"curl {stage.past('home')}/freshness   # 503 when stale; its sidecar: http://127.0.0.1:{stage.ports['home'].admin}/api/health"])
