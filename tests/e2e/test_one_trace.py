"""What becomes of an order is one trace, in the embedded collector and in the terminal, though no service hands a context on."""
import re

import harness
import processes
from chains import Chains, canonical, drawn, is_work, lines, of_jaeger
from harness import wait_for
from shop import SHOP, Shop
from shop_shapes import PAID_BY_CALLS, PAID_BY_EVENTS

SERVICES = SHOP.names


class OneTrace(harness.Case):
    def setUp(self):
        self.collect = self.collector()
        self.shop = Shop(self.keep, self.collect.url)
        self.chains = Chains(self.collect.url, "order")

    def ordered(self, by):
        """The chain of an order that has been paid, and its shape."""
        _, order = self.shop.order(by=by)
        self.shop.wait_for_state(order["orderId"], "paid")
        shape = lines(PAID_BY_CALLS if by == "calls" else PAID_BY_EVENTS)
        return self.chains.whole(order["orderId"], len(shape), work=is_work)[0], shape

    def test_is_whole_in_the_embedded_collector(self):
        for by in ("calls", "events"):
            chain, shape = self.ordered(by)
            trace = self.collect.trace(chain["id"])
            self.assertEqual(canonical(drawn(of_jaeger(trace), is_work)), canonical(shape))
            self.assertIn(chain["id"], [each["traceID"] for each in self.collect.traces("frontend")])
        self.assertEqual(sorted(processes.json_of(f"{self.collect.url}/api/services")["data"]), sorted(SERVICES))

    def test_is_drawn_as_a_tree_with_times(self):
        chain, shape = self.ordered("events")
        done = harness.run("chain", chain["id"], "--from", self.collect.url)
        self.assertEqual(done.returncode, 0, done.stderr)
        found = [line for line in done.stdout.splitlines() if re.search("|".join(SERVICES), line)]
        self.assertGreaterEqual(len(found), len(shape), done.stdout)
        depths = [re.search(r"[a-z]", line).start() for line in found]
        self.assertEqual(depths[0], min(depths), done.stdout)
        self.assertGreater(max(depths), depths[0], done.stdout)
        self.assertRegex(done.stdout, r"\d+(\.\d+)? ?(us|µs|ms|s)")

    def test_each_order_has_its_own(self):
        chains = [self.ordered(by)[0]["id"] for by in ("calls", "events", "calls", "events", "calls")]
        self.assertEqual(len(set(chains)), 5)

    def test_is_found_by_the_ids_that_its_parts_had(self):
        """Those are what application logs name."""
        chain, _ = self.ordered("calls")
        originals = {span.attributes["chain.original_trace_id"] for span in self.chains.spans(chain["id"])
                     if "chain.original_trace_id" in span.attributes}
        self.assertGreaterEqual(len(originals), 3, "each hop without a context began a trace")
        for original in originals:
            wait_for(lambda each=original: self.chains.spans(each), original)
            self.assertEqual({span.id for span in self.chains.spans(original)}, {span.id for span in self.chains.spans(chain["id"])})
            done = harness.run("chain", original, "--from", self.collect.url)
            self.assertIn("payment", done.stdout, done.stderr)


if __name__ == "__main__":
    harness.main()
