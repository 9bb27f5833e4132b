"""Chains of services that hand no context on, as one trace each in a real Jaeger."""
import json
import time
import urllib.parse

import harness
import processes
from harness import ask, wait_for
from test_collector_store import envelope, order


def in_the_past(number):
    """The same order, a moment ago: Jaeger looks back two days."""
    shift = time.time_ns() - 10_000_000_000 - int(order(0)[0][1][0]["startTimeUnixNano"])
    hops = order(number)
    for _, spans in hops:
        for each in spans:
            for field in ("startTimeUnixNano", "endTimeUnixNano"):
                each[field] = str(int(each[field]) + shift)
    return hops


class RealJaeger(harness.Case):
    def setUp(self):
        self.jaeger = self.keep(processes.Jaeger(PROGRAM, folder=self.folder()))

    def collect(self, *arguments):
        return self.collector(arguments=("--forward", self.jaeger.otlp, *arguments))

    def post(self, collect, hops):
        for service, spans in hops:
            answer = ask(collect.address, "/v1/traces", method="POST", body=envelope(spans, service),
                         fields={"Content-Type": "application/json"})
            self.assert_status(answer, 200)

    def by_original(self, trace, service="stock"):
        tags = urllib.parse.quote(json.dumps({"chain.original_trace_id": trace}))
        return processes.json_of(f"{self.jaeger.url}/api/traces?service={service}&limit=10&tags={tags}")["data"] or []

    def whole(self, chain):
        """The trace once all its spans are there: Jaeger stores them one by one."""
        trace = self.jaeger.trace(chain)
        return trace if trace and len(trace["spans"]) == 5 else None

    def test_a_chain_is_one_trace_and_is_found_by_the_id_in_a_log(self):
        collect = self.collect()
        for number in range(1, 11):
            self.post(collect, in_the_past(number))
        for number in range(1, 11):
            logged = f"{number:024x}{3:08x}"  # what stock has in its log
            found = wait_for(lambda trace=logged: self.by_original(trace), f"the chain of {logged} in Jaeger", within=20)
            wait_for(lambda chain=found[0]["traceID"]: self.whole(chain), "all its spans", within=20)
            found = self.by_original(logged)
            self.assertEqual([trace["traceID"].zfill(32) for trace in found], [f"{number:024x}{1:08x}"])
            self.assertEqual(len(found[0]["spans"]), 5)
            self.assertEqual({each["serviceName"] for each in found[0]["processes"].values()}, {"frontend", "orders", "stock"})
            roots = [each for each in found[0]["spans"] if not each["references"]]
            self.assertEqual(len(roots), 1, "one tree")

    def test_a_late_span_follows_under_the_same_name_and_nothing_comes_twice(self):
        collect = self.collect()
        hops = in_the_past(1)
        self.post(collect, hops[:2])
        chain = f"{1:024x}{1:08x}"
        wait_for(lambda: len((self.jaeger.trace(chain) or {"spans": []})["spans"]) == 4, "the chain without stock", within=20)
        self.post(collect, hops[2:])
        wait_for(lambda: len(self.jaeger.trace(chain)["spans"]) == 5, "stock's span in the same trace", within=20)
        ids = [each["spanID"] for each in self.jaeger.trace(chain)["spans"]]
        self.assertEqual(len(ids), len(set(ids)))
        self.assertIn("outrider_collector_forward_late_spans_total 1", ask(collect.address, "/metrics").body.decode())

    def test_whole_chains_are_sampled_and_failed_ones_are_kept(self):
        collect = self.collect("--sample", "0%")
        for number in range(1, 21):
            hops = in_the_past(number)
            if number == 13:
                hops[2][1][0]["status"] = {"code": 2}
            self.post(collect, hops)
        chain = wait_for(lambda: self.whole(f"{13:024x}{1:08x}"), "the chain that failed", within=20)
        tags = [tag["value"] for each in chain["spans"] for tag in each["tags"] if tag["key"] == "chain.sampled.why"]
        self.assertEqual(tags, ["error"] * 5)
        def decided():
            text = ask(collect.address, "/metrics").body.decode()
            return 'outrider_collector_forward_chains_total{why="none"} 19' in text
        wait_for(decided, "the others to be sampled out", within=20)
        self.assertEqual(len(self.jaeger.traces("frontend")), 1)


if __name__ == "__main__":
    PROGRAM = processes.jaeger_or_none()
    if PROGRAM is None:
        harness.skip_all("there is no Jaeger")
    harness.main()
