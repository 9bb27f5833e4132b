"""A request through four services and a topic is one trace, in the embedded collector and in the terminal."""
import re

import harness
import processes
from harness import wait_for
from shop import SPANS_OF_AN_ORDER, Shop, assert_one_trace


class OneTrace(harness.Case):
    def setUp(self):
        self.collect = self.collector()
        self.shop = Shop(self, self.collect)

    def test_is_whole_in_the_embedded_collector(self):
        self.shop.order()
        trace = self.collect.trace_with("frontend", SPANS_OF_AN_ORDER)
        assert_one_trace(self, trace)
        self.assertEqual(sorted(processes.json_of(f"{self.collect.url}/api/services")["data"]), ["frontend", "orders", "shipping", "stock"])
        self.assertEqual(self.collect.trace(trace["traceID"])["traceID"], trace["traceID"])

    def test_is_drawn_as_a_tree_with_times(self):
        self.shop.order()
        trace = self.collect.trace_with("frontend", SPANS_OF_AN_ORDER)
        drawn = harness.run("chain", trace["traceID"], "--from", self.collect.url)
        self.assertEqual(drawn.returncode, 0, drawn.stderr)
        lines = [line for line in drawn.stdout.splitlines() if re.search(r"frontend|orders|stock|shipping", line)]
        self.assertGreaterEqual(len(lines), SPANS_OF_AN_ORDER, drawn.stdout)
        depths = [re.search(r"[a-z]", line).start() for line in lines]
        self.assertEqual(depths[0], min(depths), drawn.stdout)
        self.assertGreater(max(depths), depths[0], drawn.stdout)
        self.assertRegex(drawn.stdout, r"\d+(\.\d+)? ?(us|µs|ms|s)")

    def test_each_request_has_its_own(self):
        for _ in range(5):
            self.shop.order()
        wait_for(lambda: len([t for t in self.collect.traces("frontend") if len(t["spans"]) == SPANS_OF_AN_ORDER]) == 5, "5 whole traces")


if __name__ == "__main__":
    harness.main()
