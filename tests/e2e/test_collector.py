"""`outrider collect` and `outrider chain`: both encodings in, Jaeger's JSON out, in bounded memory."""
import gzip
import json

import harness
from harness import ask, wait_for

TRACE = "0af7651916cd43dd8448eb211c80319c"


def span(span_id, parent="", trace=TRACE, name="GET", start=1_700_000_000_000_000_000, took=5_000_000, kind=2):
    return {"traceId": trace, "spanId": span_id, "parentSpanId": parent, "name": name, "kind": kind,
            "startTimeUnixNano": str(start), "endTimeUnixNano": str(start + took), "attributes": [], "status": {}}


def envelope(spans, service="shop"):
    return {"resourceSpans": [{"resource": {"attributes": [{"key": "service.name", "value": {"stringValue": service}}]},
                               "scopeSpans": [{"scope": {"name": "test"}, "spans": spans}]}]}


class Collect(harness.Case):
    def setUp(self):
        self.collect = self.collector()

    def post(self, body, fields=None, path="/v1/traces"):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        return ask(self.collect.address, path, method="POST", body=data, fields={"Content-Type": "application/json", **(fields or {})})

    def test_takes_json(self):
        answer = self.post(envelope([span("1" * 16), span("2" * 16, "1" * 16)]))
        self.assert_status(answer, 200)
        trace = wait_for(lambda: self.collect.trace(TRACE), "the trace")
        self.assertEqual({each["spanID"] for each in trace["spans"]}, {"1" * 16, "2" * 16})
        child = next(each for each in trace["spans"] if each["spanID"] == "2" * 16)
        self.assertEqual(child["references"][0], {"refType": "CHILD_OF", "traceID": TRACE, "spanID": "1" * 16})
        self.assertEqual((child["startTime"], child["duration"]), (1_700_000_000_000_000, 5000))

    def test_takes_gzip(self):
        self.assert_status(self.post(gzip.compress(json.dumps(envelope([span("1" * 16)])).encode()), {"Content-Encoding": "gzip"}), 200)
        wait_for(lambda: self.collect.trace(TRACE), "the trace")

    def test_takes_protobuf_from_a_sidecar(self):
        proxy = self.sidecar(self.origin(), otlp=self.collect)
        ask(proxy.inbound, "/orders/7")
        trace = self.collect.trace_with("orders", 1)
        tags = {tag["key"]: tag["value"] for tag in trace["spans"][0]["tags"]}
        self.assertEqual((tags["url.path"], tags["http.response.status_code"], tags["span.kind"]), ("/orders/7", 200, "server"))

    def test_answers_in_the_encoding_it_was_asked_in(self):
        self.assertTrue(self.post(envelope([span("1" * 16)])).get("Content-Type").startswith("application/json"))
        proto = ask(self.collect.address, "/v1/traces", method="POST", body=b"", fields={"Content-Type": "application/x-protobuf"})
        self.assert_status(proto, 200)
        self.assertEqual(proto.get("Content-Type"), "application/x-protobuf")

    def test_refuses_what_it_cannot_read(self):
        cut = self.post(b"{not json")
        self.assert_status(cut, 400)
        self.assertRegex(cut.body.decode(), r"no JSON at byte \d")
        wrong = self.post(envelope([{**span("1" * 16), "startTimeUnixNano": True}]))
        self.assert_status(wrong, 400)
        self.assertIn("'startTimeUnixNano' is of type boolean, not number, in span 1 of the request", wrong.body.decode())
        self.assert_status(self.post(b"\xff\xff\xff", {"Content-Type": "application/x-protobuf"}), 400)
        self.assert_status(self.post(b"x", {"Content-Type": "text/plain"}), 415)
        self.assert_status(self.post(b"not gzip", {"Content-Encoding": "gzip"}), 400)
        self.assert_status(self.post(envelope([span("1" * 16)])), 200)

    def test_a_bomb_is_refused(self):
        bomb = gzip.compress(b" " * (256 << 20))
        before = self.collect.resident_bytes()
        self.assertIn(self.post(bomb, {"Content-Encoding": "gzip"}).status, (400, 413))
        self.assertLess(self.collect.resident_bytes() - before, 128 << 20)

    def test_an_unknown_trace_is_404(self):
        self.assert_status(ask(self.collect.address, "/api/traces/" + "f" * 32, host="127.0.0.1"), 404)

    def test_a_name_that_was_rebound_in_dns_is_refused(self):
        self.assert_status(ask(self.collect.address, "/api/services", host="evil.example"), 403)

    def test_lists_services_and_their_traces(self):
        self.post(envelope([span("1" * 16)], "shop"))
        self.post(envelope([span("2" * 16, trace="1" * 32)], "till"))
        wait_for(lambda: len(harness.processes.json_of(f"{self.collect.url}/api/services")["data"]) == 2, "two services")
        self.assertEqual([trace["traceID"] for trace in self.collect.traces("till")], ["1" * 32])
        self.assertEqual(self.collect.traces("nobody"), [])

    def test_memory_is_bounded_and_the_last_traces_are_kept(self):
        count, size = 60_000, 500
        for start in range(0, count, size):
            spans = [span(f"{n + 1:016x}", trace=f"{n + 1:032x}", name="x" * 200) for n in range(start, start + size)]
            self.assert_status(self.post(envelope(spans)), 200)
        wait_for(lambda: self.collect.trace(f"{count:032x}"), "the last trace")
        self.assertLess(self.collect.resident_bytes(), 256 << 20)
        self.assertEqual(len(self.collect.traces("shop", limit=5)), 5)


class Chain(harness.Case):
    def setUp(self):
        self.collect = self.collector()

    def put(self, spans, service="shop"):
        ask(self.collect.address, "/v1/traces", method="POST", body=json.dumps(envelope(spans, service)).encode(),
            fields={"Content-Type": "application/json"})

    def draw(self, trace=TRACE, url=None):
        return harness.run("chain", trace, "--from", url or self.collect.url)

    def test_draws_children_under_their_parents_in_order_of_time(self):
        second = 1_000_000_000
        self.put([span("3" * 16, "1" * 16, name="later", start=1_700_000_002 * second), span("1" * 16, name="root", start=1_700_000_000 * second),
                  span("2" * 16, "1" * 16, name="earlier", start=1_700_000_001 * second)])
        done = self.draw()
        self.assertEqual(done.returncode, 0, done.stderr)
        at = {name: done.stdout.index(name) for name in ("root", "earlier", "later")}
        self.assertTrue(at["root"] < at["earlier"] < at["later"], done.stdout)

    def test_draws_a_trace_whose_root_is_missing(self):
        self.put([span("2" * 16, "1" * 16, name="orphan"), span("3" * 16, "2" * 16, name="child")])
        done = self.draw()
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("orphan", done.stdout)
        self.assertIn("child", done.stdout)

    def test_survives_a_cycle(self):
        self.put([span("1" * 16, "2" * 16, name="one"), span("2" * 16, "1" * 16, name="two")])
        done = self.draw()
        self.assertIn("one", done.stdout)
        self.assertIn("two", done.stdout)

    def test_what_spans_contain_cannot_steer_the_terminal(self):
        self.put([span("1" * 16, name="\x1b[2Jevil\x07")])
        self.assertNotIn("\x1b[2J", self.draw().stdout)

    def test_says_when_there_is_no_such_trace(self):
        done = self.draw("f" * 32)
        self.assertEqual(done.returncode, 1)
        self.assertIn("f" * 32, done.stderr)

    def test_says_when_nobody_answers(self):
        url = f"http://127.0.0.1:{harness.processes.free_ports(1)[0]}"
        done = self.draw(url=url)
        self.assertEqual(done.returncode, 1)
        self.assertIn(url.partition("//")[2], done.stderr)

    def test_an_id_that_is_none_is_a_usage_error(self):
        self.assertEqual(self.draw("xyz").returncode, 2)


if __name__ == "__main__":
    harness.main()
