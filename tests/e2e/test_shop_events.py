"""The shop by events on a real Kafka, no service handing a context on: what became of each order is one chain, hop by hop, in the
collector and in a real Jaeger behind it."""
import concurrent.futures

import harness
import kafka_case
import processes
from chains import Chains, as_in, canonical, drawn, is_work, lines, of_jaeger
from shop import SHOP, Shop
from shop_shapes import COMPENSATED_BY_EVENTS, INSUFFICIENT_BY_EVENTS, PAID_BY_EVENTS, STUCK_AT_PAYMENT, TWICE_BY_EVENTS

AT_ONCE = 20


class ShopByEvents(kafka_case.KafkaCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()

        def keep(started):
            cls.addClassCleanup(started.close)
            return started
        for topic in SHOP.topics:
            cls.cluster.create_topic(topic)
        cls.jaeger = keep(processes.Jaeger(PROGRAM)) if PROGRAM else None
        forward = ["--forward", cls.jaeger.otlp] if cls.jaeger else []
        cls.collect = keep(processes.Collector(arguments=forward))
        cls.shop = Shop(keep, cls.collect.url, brokers=cls.cluster.bootstrap())
        cls.chains = Chains(cls.collect.url, "order")

    def setUp(self):
        for name in self.shop.services:
            self.shop.fault(name)

    def ordered(self, *wanted, **wish):
        """The number of an order that came to one of these states, or to its end."""
        status, order = self.shop.order(by="events", **wish)
        self.assertEqual(status, 202, order)
        if wanted != ("placed",):
            self.shop.wait_for_state(order["orderId"], *wanted)
        return order["orderId"]

    def assert_chain(self, number, shape):
        """The order's chain is exactly this, in the collector and in Jaeger; returns what the collector says of it."""
        chain, spans = self.chains.whole(number, len(lines(shape)), work=is_work)
        self.assertEqual(canonical(as_in(shape, drawn(spans, is_work))), canonical(lines(shape)))
        for span in spans:
            self.assertLessEqual(span.key("order"), {number}, span.name)
            if span.source:
                self.assertGreaterEqual(span.confidence, 0.5 if span.source == "timing" else 0.9, span.name)
        if self.jaeger:
            trace = harness.wait_for(lambda: self.in_jaeger(chain["id"], len(spans)), f"the chain of order {number} in Jaeger", 30)
            self.assertEqual(canonical(as_in(shape, drawn(of_jaeger(trace), is_work))), canonical(lines(shape)))
        return chain

    def in_jaeger(self, chain_id, spans):
        trace = self.jaeger.trace(chain_id)
        return trace if trace and len(trace["spans"]) >= spans else None

    def test_an_order_that_is_paid(self):
        self.assert_chain(self.ordered("paid"), PAID_BY_EVENTS)

    def test_insufficient_stock_is_told_to_orders(self):
        self.assert_chain(self.ordered("rejected", sku="cocoa", quantity=5), INSUFFICIENT_BY_EVENTS)

    def test_what_was_reserved_is_released_when_payment_fails(self):
        self.assert_chain(self.ordered("cancelled", sku="samovar", quantity=1), COMPENSATED_BY_EVENTS)

    def test_a_slow_payment_is_where_the_time_went(self):
        self.shop.fault("payment", slow="400ms")
        chain = self.assert_chain(self.ordered("paid"), PAID_BY_EVENTS)
        self.assertGreater(int(chain["durationNano"]), 400_000_000)

    def test_a_payment_that_takes_longer_than_others_are_compared(self):
        for _ in range(3):
            self.ordered("paid")
        self.shop.fault("payment", slow="8s")
        chain = self.assert_chain(self.ordered("paid"), PAID_BY_EVENTS)
        self.assertGreater(int(chain["durationNano"]), 8_000_000_000)

    def test_a_payment_that_drops_is_where_an_order_is_stuck(self):
        for _ in range(8):  # what usually comes of it
            self.ordered("paid")
        self.shop.fault("payment", dropping=1)
        number = self.ordered("placed")
        self.assert_chain(number, STUCK_AT_PAYMENT)
        self.assertEqual(self.shop.state(number)["state"], "placed")
        told = harness.run("chain", "--key", f"order={number}", "--from", self.collect.url).stdout
        self.assertRegex(told, r"payment +process stock-reserved")
        self.assertRegex(" ".join(told.split()), r"(stuck|waiting): payment took stock-reserved\[\d+\]@\d+ .* and nothing (came|has come) of it")

    def test_events_that_are_published_twice_are_seen_twice(self):
        self.shop.fault("inventory", duplicating=True)
        self.assert_chain(self.ordered("paid"), TWICE_BY_EVENTS)

    def test_orders_at_once_have_each_a_chain_of_its_own(self):
        with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
            numbers = list(pool.map(lambda each: self.ordered("paid", customer=f"customer-{each}@example.org"), range(AT_ONCE)))
        self.assertEqual(len(set(numbers)), AT_ONCE)
        for number in numbers:
            with self.subTest(order=number):
                self.assert_chain(number, PAID_BY_EVENTS)


if __name__ == "__main__":
    PROGRAM = processes.jaeger_or_none()
    kafka_case.main()
