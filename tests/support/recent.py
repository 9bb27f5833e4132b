"""Recently bought products: its services with a sidecar beside each, customers who order, and what SQL says of it."""
import itertools
import json
import uuid

import examples
import wire

RECENT = examples.described("recent_products").RECENT_PRODUCTS
AGGREGATORS = ("aggregator-1", "aggregator-2")
CUSTOMERS = itertools.count(1)


class Recent(examples.Running):
    def __init__(self, keep, collector, **how):
        super().__init__(RECENT, keep, collector, **how)

    def order(self, product="tea", quantity=2, customer=None, key=None):
        """(status, the order or what is wrong). Each customer is another one, where none is named."""
        wish = {"customer": customer or f"customer-{next(CUSTOMERS)}@example.org", "product": product, "quantity": quantity}
        answer = wire.ask(self.sidecars["orders"].inbound, "/orders", method="POST", body=json.dumps(wish).encode(),
                          fields={"Content-Type": "application/json", "Idempotency-Key": key or str(uuid.uuid4())})
        return answer.status, json.loads(answer.body)

    def order_surely(self, **wish):
        """The order of a customer who asks again, with the same key, until it is there: an answer may be lost with who is killed."""
        key = str(uuid.uuid4())

        def placed():
            try:
                status, order = self.order(key=key, **wish)
            except (OSError, wire.Closed, ValueError):
                return None
            return order if status in (200, 201) else None
        return wire.wait_for(placed, "the order to be placed", 60)

    def ordered(self):
        """Orders of a day by product, as SQL has them."""
        return self.direct("orders", "/orders")["ordersInADay"]

    def page(self):
        return self.direct("home", "/recent")

    def shown(self):
        """Orders of a day by product, as the page has them."""
        return {each["product"]: each["orders"] for each in self.page()["products"]}

    def wait_until_shown(self, within=60):
        """Until the page has what SQL has, and nothing is left that would change it."""
        def settled():
            page = self.page()
            shown = {each["product"]: each["orders"] for each in page["products"]}
            return shown == self.ordered() and page["freshness"]["state"] == "fresh" and page["freshness"]["lag"] == 0
        try:
            wire.wait_for(settled, "the page to have what SQL has", within)
        except AssertionError as error:
            raise AssertionError(f"{error}: {self.page()}, and SQL {self.ordered()}") from error

    def state(self, name):
        """What an aggregator says of itself; nothing where it does not answer."""
        try:
            return examples.direct(self.ports[name], "/healthz")
        except (OSError, wire.Closed, AssertionError):
            return {"role": "gone"}

    def active(self, but=(), within=60):
        """The aggregator that counts."""
        return wire.wait_for(lambda: next((name for name in AGGREGATORS if name not in but and self.state(name)["role"] == "active"), None),
                             "an aggregator to count", within)

    def wait_for_group(self):
        """Until one counts and the other one stands by."""
        wire.wait_for(lambda: sorted(self.state(name)["role"] for name in AGGREGATORS) == ["active", "standby"], "one to count, one to stand by", 60)

    def kill(self, name):
        """kill -9, as it is anywhere in its work."""
        self.services[name].kill()

    def day_passes(self):
        """For all services at once; their clock never goes back."""
        clock = self.places["shared"] / "clock"
        ahead = float(clock.read_text()) if clock.exists() else 0
        written = clock.with_suffix(".new")
        written.write_text(f"{ahead + 24 * 3600 + 90}\n")
        written.rename(clock)
