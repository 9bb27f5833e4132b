"""The same trace in a real Jaeger, and drawn from it."""
import os
import sys

import harness
import processes
from shop import SPANS_OF_AN_ORDER, Shop, assert_one_trace


class RealJaeger(harness.Case):
    def setUp(self):
        self.jaeger = self.keep(processes.Jaeger(PROGRAM, folder=self.folder()))
        self.shop = Shop(self, self.jaeger.otlp)

    def test_has_the_trace_whole(self):
        self.shop.order()
        trace = self.jaeger.trace_with("frontend", SPANS_OF_AN_ORDER, within=20)
        assert_one_trace(self, trace)
        drawn = harness.run("chain", trace["traceID"], "--from", self.jaeger.url)
        self.assertEqual(drawn.returncode, 0, drawn.stderr)
        for shown in ("frontend", "orders", "stock", "shipping", "(queue order-placed)"):
            self.assertIn(shown, drawn.stdout)

    def test_took_every_span(self):
        for _ in range(20):
            self.shop.order()
        harness.wait_for(lambda: len([t for t in self.jaeger.traces("frontend") if len(t["spans"]) == SPANS_OF_AN_ORDER]) == 20, "20 whole traces", within=30)
        for sidecar in self.shop.sidecars.values():
            self.assertEqual({state for state, count in harness.span_states(sidecar.metrics()).items() if count}, {"delivered"})


if __name__ == "__main__":
    PROGRAM = processes.jaeger_program()
    if PROGRAM is None:
        if os.environ.get("CI") == "true":
            sys.exit("error: CI tests against a real Jaeger, and there is no Go here to build it with")
        harness.skip_all("no Go here, so NOTHING WAS TESTED AGAINST A REAL JAEGER")
    harness.main()
