"""The shop by HTTP calls, no service handing a context on: what became of each order is one chain, hop by hop, in the collector and in
a real Jaeger behind it."""
import concurrent.futures

import harness
import processes
from chains import Chains, drawn, lines, of_jaeger
from shop import Shop
from shop_shapes import COMPENSATED_BY_CALLS, INSUFFICIENT_BY_CALLS, PAID_BY_CALLS, TWICE_BY_CALLS

AT_ONCE = 20


class Shopping(harness.Case):
    @classmethod
    def setUpClass(cls):
        def keep(started):
            cls.addClassCleanup(started.close)
            return started
        cls.jaeger = keep(processes.Jaeger(PROGRAM)) if PROGRAM else None
        forward = ["--forward", cls.jaeger.otlp] if cls.jaeger else []
        cls.collect = keep(processes.Collector(arguments=forward))
        cls.shop = Shop(keep, cls.collect.url, environment={"CALL_TIMEOUT": "6"})
        cls.chains = Chains(cls.collect.url, "order")

    def setUp(self):
        for name in self.shop.services:
            self.shop.fault(name)

    def ordered(self, status, **wish):
        """The number of an order that was answered with this status."""
        answered, order = self.shop.order(**wish)
        self.assertEqual(answered, status, order)
        return order["orderId"]

    def assert_chain(self, number, shape):
        """The order's chain is exactly this, in the collector and in Jaeger. Returns what the collector says of it, and its spans."""
        chain, spans = self.chains.whole(number, len(lines(shape)))
        self.assertEqual(drawn(spans), lines(shape))
        for span in spans:
            self.assertLessEqual(span.key("order"), {number}, span.name)
            if span.source:
                self.assertGreaterEqual(span.confidence, 0.5 if span.source == "timing" else 0.9, span.name)
        self.assertIn({"order": number}.items(), [dict([each]).items() for each in self.keys_of(chain)])
        if self.jaeger:
            trace = harness.wait_for(lambda: self.in_jaeger(chain["id"], len(spans)), f"the chain of order {number} in Jaeger", 30)
            self.assertEqual(drawn(of_jaeger(trace)), lines(shape))
        return chain, spans

    @staticmethod
    def keys_of(chain):
        return [(name, value) for name, values in chain["keys"].items() for value in (values if isinstance(values, list) else [values])]

    def in_jaeger(self, chain_id, spans):
        trace = self.jaeger.trace(chain_id)
        return trace if trace and len(trace["spans"]) >= spans else None

    def told(self, number):
        return " ".join(harness.run("chain", "--key", f"order={number}", "--from", self.collect.url, "--wait", "20s").stdout.split())


class ShopByCalls(Shopping):
    def test_an_order_that_is_paid(self):
        self.assert_chain(self.ordered(201), PAID_BY_CALLS)

    def test_insufficient_stock_ends_it_before_payment(self):
        self.assert_chain(self.ordered(409, sku="cocoa", quantity=5), INSUFFICIENT_BY_CALLS)

    def test_what_was_reserved_is_released_when_payment_fails(self):
        number = self.ordered(402, sku="samovar", quantity=1)
        self.assert_chain(number, COMPENSATED_BY_CALLS)
        self.assertEqual(self.shop.state(number)["state"], "cancelled")

    def test_a_slow_payment_is_where_the_time_went(self):
        self.shop.fault("payment", slow="300ms")
        chain, spans = self.assert_chain(self.ordered(201), PAID_BY_CALLS)
        self.assertGreater(int(chain["durationNano"]), 300_000_000)
        done = harness.run("chain", "--key", f"order={self.number_of(spans)}", "--from", self.collect.url)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("payment", done.stdout)

    @staticmethod
    def number_of(spans):
        number, = set().union(*(span.key("order") for span in spans))
        return number

    def test_a_payment_that_never_answers_is_named(self):
        self.shop.fault("payment", dropping=1)
        number = self.ordered(504)
        chain, spans = self.chains.whole(number, 9)
        shape = [line for line in drawn(spans)]
        asked = [line.split(" ~")[0].strip() for line in shape if "payment" in line][0]
        self.assertRegex(asked, r"^orders → payment POST( \d+)?$")  # nobody answered: the sidecar's 504, or no status
        self.assertEqual(shape[-2:], ["      orders → inventory DELETE 200 ~echo", "        inventory DELETE 200"])
        failed = [span for span in spans if span.service == "orders" and span.name == "POST" and span.attributes["span.kind"] == "client" and span.attributes.get("error.type")]
        self.assertEqual(len(failed), 1)
        self.assertGreater(chain["errors"], 0)
        self.assertIn(f"payment POST /orders/{number}/charge: timed out after 1.5", self.told(number))

    def test_calls_that_are_made_twice_are_seen_twice(self):
        self.shop.fault("orders", duplicating=True)
        self.assert_chain(self.ordered(201), TWICE_BY_CALLS)

    def test_orders_at_once_have_each_a_chain_of_its_own(self):
        with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
            numbers = list(pool.map(lambda each: self.ordered(201, customer=f"customer-{each}@example.org"), range(AT_ONCE)))
        self.assertEqual(len(set(numbers)), AT_ONCE)
        for number in numbers:
            self.assert_chain(number, PAID_BY_CALLS)


class ShopWithARule(Shopping):
    """A shop of its own, as the rule says no for a while afterwards."""

    def test_a_payment_that_keeps_failing_is_left_alone(self):
        self.shop.fault("payment", failing=1)
        for _ in range(5):
            self.ordered(502)
        number = self.ordered(502)
        self.chains.whole(number, 8)
        self.assertIn(f"orders → payment POST /orders/{number}/charge: refused by protect-payment (breaker)", self.told(number))


if __name__ == "__main__":
    PROGRAM = processes.jaeger_or_none()
    harness.main()
