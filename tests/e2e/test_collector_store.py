"""`outrider collect --store`: what was acknowledged survives a kill, and chains go on where they were."""
import json
import os
import random
import resource
import signal
import subprocess
import threading
import time

import harness
import wire
from harness import ask, wait_for

START = 1_700_000_000_000_000_000


def span(trace, span_id, parent="", name="GET", kind=2, start=START, took=5_000_000):
    return {"traceId": trace, "spanId": span_id, "parentSpanId": parent, "name": name, "kind": kind,
            "startTimeUnixNano": str(start), "endTimeUnixNano": str(start + took), "attributes": [], "status": {}}


def envelope(spans, service="shop"):
    attributes = [{"key": key, "value": {"stringValue": value}}
                  for key, value in (("service.name", service), ("service.instance.id", f"{service}-1"))]
    return json.dumps({"resourceSpans": [{"resource": {"attributes": attributes},
                                          "scopeSpans": [{"scope": {"name": "test"}, "spans": spans}]}]}).encode()


def order(number):
    """What the sidecars of frontend, orders and stock tell, who hand no context on: three traces."""
    at = START + number * 100_000_000
    ids = [f"{number:024x}{hop:08x}" for hop in (1, 2, 3)]
    spans = [f"{number:08x}{hop:08x}" for hop in range(1, 6)]
    return [("frontend", [span(ids[0], spans[0], start=at, took=8_000_000),
                          span(ids[1], spans[1], kind=3, start=at + 1_000_000, took=6_000_000)]),
            ("orders", [span(ids[1], spans[2], spans[1], start=at + 1_500_000, took=5_000_000),
                        span(ids[2], spans[3], kind=3, start=at + 2_500_000, took=3_000_000)]),
            ("stock", [span(ids[2], spans[4], spans[3], start=at + 3_000_000, took=2_000_000)])]


class Case(harness.Case):
    def setUp(self):
        self.file = self.folder() / "spans.db"

    def start(self, *arguments):
        return self.collector(arguments=("--store", str(self.file), *arguments))

    def post(self, collect, body):
        return ask(collect.address, "/v1/traces", method="POST", body=body, fields={"Content-Type": "application/json"})

    def metric(self, collect, name):
        text = ask(collect.address, "/metrics").body.decode()
        return sum(float(line.rpartition(" ")[2]) for line in text.splitlines() if line.startswith((f"{name} ", f"{name}{{")))


class Killed(Case):
    def test_loses_nothing_that_it_had_acknowledged(self):
        acknowledged, number, chance = [], 0, random.Random(7)
        for _ in range(6):
            collect = self.start()
            for trace in acknowledged:
                self.assertIsNotNone(collect.trace(trace), f"{trace} was acknowledged and is gone")
            killer = threading.Timer(0.2 + chance.random(), lambda process=collect.process: process.send_signal(signal.SIGKILL))
            killer.start()
            while True:
                number += 1
                trace = f"{number:032x}"
                try:
                    answer = self.post(collect, envelope([span(trace, f"{number:016x}")]))
                except (OSError, wire.Closed):
                    break
                if answer.status != 200:
                    break
                acknowledged.append(trace)
            killer.join()
            collect.process.wait()
        self.assertGreater(len(acknowledged), 100)
        collect = self.start()
        for trace in acknowledged:
            self.assertIsNotNone(collect.trace(trace), f"{trace} was acknowledged and is gone")

    def test_has_the_same_chains_afterwards_and_joins_what_comes_then(self):
        collect = self.start()
        for number in range(1, 21):
            for service, spans in order(number) if number != 20 else order(number)[:2]:
                self.assert_status(self.post(collect, envelope(spans, service)), 200)
        wait_for(lambda: self.metric(collect, "outrider_collector_spans_waiting") == 0, "all chains to be decided")
        before = {number: self.chain(collect, number) for number in range(1, 20)}
        self.assertEqual({len(spans) for spans in before.values()}, {5})
        time.sleep(0.3)  # what was decided last is written within 100 ms
        collect.process.send_signal(signal.SIGKILL)
        collect.process.wait()
        collect = self.start()
        self.assertEqual({number: self.chain(collect, number) for number in range(1, 20)}, before)
        service, spans = order(20)[2]
        self.assert_status(self.post(collect, envelope(spans, service)), 200)
        wait_for(lambda: len(self.chain(collect, 20)) == 5, "the late span in its chain")

    def chain(self, collect, number):
        """The chain that the last trace of an order is part of, as sorted pairs of trace and span."""
        answer = ask(collect.address, f"/api/chains/{number:024x}{3:08x}", host="127.0.0.1")
        if answer.status != 200:
            return []
        return sorted((each["traceId"], each["spanId"]) for of in json.loads(answer.body)["resourceSpans"]
                      for scope in of["scopeSpans"] for each in scope["spans"])


class Disk(Case):
    def test_a_full_disk_is_told_to_the_sender_and_spans_are_taken_again_later(self):
        collect = self.start()
        self.assert_status(self.post(collect, envelope([span("1" * 32, "1" * 16)])), 200)
        held = self.metric(collect, "outrider_collector_spans")
        resource.prlimit(collect.process.pid, resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))
        big = envelope([span(f"{n:032x}", f"{n:016x}", name="x" * 500) for n in range(1, 400)])
        answer = self.post(collect, big)
        self.assert_status(answer, 503)
        self.assertEqual(answer.get("Retry-After"), "1")
        self.assertIn("could not be stored", json.loads(answer.body)["message"])
        self.assertGreaterEqual(self.metric(collect, 'outrider_collector_postponed_total{reason="store"}'), 1)
        self.assertEqual(self.metric(collect, "outrider_collector_spans"), held, "what is not stored is not held")
        resource.prlimit(collect.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        self.assert_status(self.post(collect, big), 200)

    def test_the_file_stays_within_its_bound(self):
        collect = self.start("--store-size", "4MiB")
        for start in range(0, 40_000, 500):
            self.assert_status(self.post(collect, envelope([span(f"{n + 1:032x}", f"{n + 1:016x}", name="x" * 100) for n in range(start, start + 500)])), 200)
        self.assertGreater(self.metric(collect, 'outrider_collector_store_rows_total{state="trimmed"}'), 0)
        self.assertLessEqual(os.path.getsize(self.file), 4 << 20)
        self.assertLess(sum(each.stat().st_size for each in self.file.parent.iterdir()), 16 << 20)


class BadFile(Case):
    def refused(self):
        done = harness.run("collect", "--listen", "127.0.0.1:0", "--store", self.file)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn(str(self.file), done.stderr)
        return done.stderr

    def test_a_file_of_something_else_is_named(self):
        self.file.write_bytes(b"no database at all" * 1000)
        self.assertIn("is not a database", self.refused())
        self.assertEqual(self.file.read_bytes(), b"no database at all" * 1000)

    def test_damage_is_named_with_what_to_do(self):
        collect = self.start()
        for n in range(1, 200):
            self.post(collect, envelope([span(f"{n:032x}", f"{n:016x}", name="x" * 500)]))
        collect.close()
        content = bytearray(self.file.read_bytes())
        content[len(content) // 2:len(content) // 2 + 2000] = b"\x55" * 2000
        self.file.write_bytes(content)
        self.assertRegex(self.refused(), "damaged.*Move it away")

    def test_two_collectors_do_not_share_a_file(self):
        collect = self.start()
        self.post(collect, envelope([span("1" * 32, "1" * 16)]))
        self.assertIn("another process uses the file", self.refused())


if __name__ == "__main__":
    harness.main()
