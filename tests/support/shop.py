"""The shop: its four services with a sidecar beside each, and orders that are placed.

Nothing in the services hands a context on: each hop between what enters and what leaves one is inferred.
"""
import itertools
import pathlib

import examples
import processes
import wire

SHOP = examples.described("shop").SHOP
PAYMENT = pathlib.Path(processes.OUTRIDER).resolve().parent / "shop_payment"
CUSTOMERS = itertools.count(1)
FINAL = ("paid", "rejected", "cancelled")


class Shop(examples.Running):
    def __init__(self, keep, collector, **how):
        super().__init__(SHOP, keep, collector, **how)

    def order(self, sku="tea", quantity=2, by="calls", customer=None):
        """(status, what the frontend answered). Each customer is another one, where none is named."""
        customer = customer or f"customer-{next(CUSTOMERS)}@example.org"
        return self.ask("frontend", "/orders" + ("?by=events" if by == "events" else ""), "POST",
                        {"customer": customer, "sku": sku, "quantity": quantity})

    def state(self, number):
        return self.direct("orders", f"/orders/{number}")

    def wait_for_state(self, number, *wanted, within=60):
        """The order, once it is in one of these states (or in any that is final)."""
        def look():
            order = self.state(number)
            return order if order["state"] in (wanted or FINAL) else None
        return wire.wait_for(look, f"order {number} to be {' or '.join(wanted or FINAL)}", within)
