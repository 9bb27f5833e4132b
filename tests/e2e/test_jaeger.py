"""A chain that the collector forwarded is one trace in a real Jaeger, and is drawn from it."""

import harness
import processes
from chains import Chains, canonical, drawn, is_work, lines, of_jaeger
from shop import Shop
from shop_shapes import PAID_BY_CALLS, PAID_BY_EVENTS


class RealJaeger(harness.Case):
    def setUp(self):
        self.jaeger = self.keep(processes.Jaeger(PROGRAM, folder=self.folder()))
        self.collect = self.collector(arguments=["--forward", self.jaeger.otlp])
        self.shop = Shop(self.keep, self.collect.url)
        self.chains = Chains(self.collect.url, "order")

    def ordered(self, by, shape):
        """The id of the chain of an order that has been paid."""
        _, order = self.shop.order(by=by)
        self.shop.wait_for_state(order["orderId"], "paid")
        return self.chains.whole(order["orderId"], len(lines(shape)), work=is_work)[0]["id"]

    def forwarded(self, chain_id, shape):
        """The trace, once Jaeger has all of it."""
        def look():
            trace = self.jaeger.trace(chain_id)
            return trace if trace and sum(map(is_work, of_jaeger(trace))) >= len(lines(shape)) else None
        return harness.wait_for(look, f"{chain_id} in Jaeger", 30)

    def test_has_the_trace_whole(self):
        chain_id = self.ordered("events", PAID_BY_EVENTS)
        trace = self.forwarded(chain_id, PAID_BY_EVENTS)
        self.assertEqual(canonical(drawn(of_jaeger(trace), is_work)), canonical(lines(PAID_BY_EVENTS)))
        done = harness.run("chain", chain_id, "--from", self.jaeger.url)
        self.assertEqual(done.returncode, 0, done.stderr)
        for shown in ("frontend", "orders", "inventory", "payment", "(queue order-placed)", "(queue payment-charged)"):
            self.assertIn(shown, done.stdout)

    def test_finds_it_by_the_ids_that_its_parts_had(self):
        chain_id = self.ordered("calls", PAID_BY_CALLS)
        trace = self.forwarded(chain_id, PAID_BY_CALLS)
        originals = {(span.service, span.attributes["chain.original_trace_id"]) for span in of_jaeger(trace)}
        self.assertIn(("frontend", chain_id), originals)
        self.assertGreaterEqual(len(originals), 6)
        for service, original in originals:
            asked = f'{self.jaeger.url}/api/traces?service={service}&tags=%7B%22chain.original_trace_id%22%3A%22{original}%22%7D'
            self.assertEqual([each["traceID"] for each in processes.json_of(asked)["data"]], [chain_id])

    def test_took_every_span(self):
        chains = [self.ordered("calls", PAID_BY_CALLS) for _ in range(20)]
        for chain_id in chains:
            trace = self.forwarded(chain_id, PAID_BY_CALLS)
            self.assertEqual(drawn(of_jaeger(trace)), lines(PAID_BY_CALLS))
        for sidecar in self.shop.sidecars.values():
            self.assertEqual({state for state, count in harness.span_states(sidecar.metrics()).items() if count}, {"delivered"})


if __name__ == "__main__":
    PROGRAM = processes.jaeger_or_none()
    if PROGRAM is None:
        harness.skip_all("there is no Jaeger")
    harness.main()
