"""Delivery of spans: encodings, batches, retries, counters that add up, and the OTEL_* environment."""
import json
import time

import harness
from harness import reply, wait_for


class Case(harness.Case):
    def setUp(self):
        self.received = self.receiver()

    def start(self, environment=None, otlp=True, **settings):
        return self.sidecar(self.origin(), otlp=self.received if otlp else None, environment=environment, settings=self.json_spans(**settings))

    def ask(self, proxy, count=1):
        with harness.Client(proxy.inbound) as client:
            for number in range(count):
                self.assert_status(client.request(f"/{number}"), 200)

    def states(self, proxy):
        return harness.span_states(proxy.metrics())


class Delivery(Case):
    def test_json_goes_to_v1_traces_of_the_base_url(self):
        proxy = self.start()
        self.ask(proxy)
        self.received.wait_for_spans(1)
        export, = self.received.exports
        self.assertEqual((export.target, export.fields["content-type"]), ("/v1/traces", "application/json"))
        self.assertIn("outrider", export.fields["user-agent"].lower())

    def test_protobuf_is_the_default(self):
        proxy = self.sidecar(self.origin(), otlp=self.received)
        self.ask(proxy)
        wait_for(lambda: self.received.exports, "an export")
        self.assertEqual(self.received.exports[0].fields["content-type"], "application/x-protobuf")

    def test_a_full_url_is_used_as_it_is(self):
        proxy = self.start(otlp=False, **{"tracing.otlp_traces": f"{self.received.url}/my/place"})
        self.ask(proxy)
        wait_for(lambda: self.received.exports, "an export")
        self.assertEqual(self.received.exports[0].target, "/my/place")

    def test_gzip_and_headers(self):
        proxy = self.start(**{"tracing.compression": "gzip", "tracing.headers.x-tenant": "blue"})
        self.ask(proxy)
        self.received.wait_for_spans(1)
        fields = self.received.exports[0].fields
        self.assertEqual((fields["content-encoding"], fields["x-tenant"]), ("gzip", "blue"))

    def test_one_connection_carries_many_exports(self):
        proxy = self.start()
        for _ in range(5):
            self.ask(proxy)
            time.sleep(0.15)  # so that each has a batch of its own
        self.received.wait_for_spans(5)
        self.assertGreater(len(self.received.exports), 1)
        self.assertEqual(self.received.connections, 1)

    def test_a_full_batch_does_not_wait(self):
        proxy = self.start(**{"tracing.batch.delay": "60s", "tracing.batch.size": "10"})
        self.ask(proxy, 25)
        self.received.wait_for_spans(20, within=5)
        self.assertTrue(all(len(export.spans()) <= 10 for export in self.received.exports))

    def test_nothing_is_sent_when_there_is_nothing_to_send(self):
        proxy = self.start()
        time.sleep(0.5)  # several batch delays
        self.assertEqual(self.received.exports, [])
        self.ask(proxy)
        self.received.wait_for_spans(1)

    def test_its_own_exports_are_not_traced(self):
        proxy = self.start()
        self.ask(proxy, 3)
        self.received.wait_for_spans(3)
        self.assertNotIn("traceparent", self.received.exports[0].fields)
        time.sleep(0.4)
        self.assertEqual(len(self.received.spans()), 3)
        self.assertTrue(proxy.metrics())


class Retries(Case):
    def test_what_can_be_retried_is(self):
        for status in (429, 502, 503, 504):
            self.received.answers.append(reply(status, reason="Later"))
        proxy = self.start()
        self.ask(proxy, 3)
        self.received.wait_for_spans(3, within=40)
        self.assertEqual(len({span["spanId"] for span in self.received.spans()}), 3)

    def test_retry_after_is_honoured(self):
        self.received.answers.append(reply(503, reason="Later", fields=[("Retry-After", "2")]))
        proxy = self.start()
        self.ask(proxy)
        self.received.wait_for_spans(1)
        self.assertGreaterEqual(self.received.exports[0].at - self.received.refused[0].at, 1.9)

    def test_what_cannot_be_retried_is_dropped_and_counted(self):
        self.received.answers.append(reply(400, reason="Bad Request"))
        proxy = self.start()
        self.ask(proxy)
        wait_for(lambda: self.received.refused, "the export")
        wait_for(lambda: self.states(proxy)["rejected"] == 1, "the span to be counted as rejected")
        self.ask(proxy)
        self.received.wait_for_spans(1)
        self.assertEqual(len(self.received.refused), 1)

    def test_a_partial_success_is_never_sent_again(self):
        answer = json.dumps({"partialSuccess": {"rejectedSpans": "1", "errorMessage": "no"}})
        self.received.answers.append(reply(200, answer, fields=[("Content-Type", "application/json")]))
        proxy = self.start()
        self.ask(proxy)
        self.received.wait_for_spans(1)
        wait_for(lambda: self.states(proxy)["rejected"] == 1, "the rejected span to be counted")
        time.sleep(0.3)
        self.assertEqual(len(self.received.exports), 1)

    def test_a_receiver_that_is_down_at_first_gets_everything(self):
        port = harness.processes.free_ports(1)[0]
        proxy = self.sidecar(self.origin(), otlp=f"http://127.0.0.1:{port}")
        self.ask(proxy, 20)
        collector = self.collector(port=port)
        wait_for(lambda: len(collector.traces("orders")) == 20, "20 traces", within=60)

    def test_the_counters_add_up(self):
        self.received.answers += [reply(503, reason="Later"), reply(400, reason="Bad")]
        proxy = self.start()
        self.ask(proxy, 30)
        wait_for(lambda: sum(self.states(proxy).values()) == 30, "every span to be in exactly one state")
        self.ask(proxy, 30)
        wait_for(lambda: self.states(proxy)["queued"] == self.states(proxy)["spooled"] == 0, "all to be delivered or dropped", within=40)
        states = self.states(proxy)
        self.assertEqual(sum(states.values()), 60, states)
        self.assertEqual(states["delivered"], len(self.received.spans()), states)
        self.assertEqual(states["rejected"], len(self.received.refused[1].spans()), states)


class Isolation(Case):
    def test_a_receiver_that_hangs_fails_no_request(self):
        self.received.answers += [None] * 50
        proxy = self.start(**{"tracing.request_timeout": "2s"})
        slowest = 0
        with harness.Client(proxy.inbound) as client:
            for _ in range(500):
                started = time.monotonic()
                self.assert_status(client.request(), 200)
                slowest = max(slowest, time.monotonic() - started)
        self.assertLess(slowest, 1)


class Destinations(Case):
    def test_a_file_gets_json_lines(self):
        path = self.folder() / "spans.jsonl"
        proxy = self.sidecar(self.origin(), settings={"tracing.exporter": "file", "tracing.file": str(path)})
        self.ask(proxy, 3)
        wait_for(lambda: path.exists() and path.read_text().count('"spanId"') == 3, "3 spans in the file")
        for line in path.read_text().splitlines():
            json.loads(line)

    def test_a_grpc_port_is_named_as_such(self):
        def speak_http_2(connection):
            connection.recv(65536)
            connection.sendall(b"\0\0\6\4\0\0\0\0\0\0\5\0\0\x40\0\0\0\0\4\1\0\0\0\0")  # SETTINGS, as a gRPC server begins
            connection.recv(1)
        peer = self.origin(raw=speak_http_2)
        proxy = self.sidecar(self.origin(), otlp=f"http://{peer}")
        self.ask(proxy)
        proxy.wait_for_log(r"(?i)this is grpc; use 4318")

    def test_grpc_as_protocol_is_an_error_that_names_the_http_endpoint(self):
        for how in ({"more": ["--set", "tracing.protocol=grpc"]}, {"environment": {"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}}):
            with self.subTest(str(how)):
                done = harness.run("run", *self.arguments(self.origin(), otlp="http://127.0.0.1:4317"), *how.get("more", []),
                                   environment=how.get("environment"))
                self.assertEqual(done.returncode, 2, done.stdout + done.stderr)
                self.assertIn("4318", done.stdout + done.stderr)


class Environment(Case):
    def started_with(self, **environment):
        settings = {"tracing.protocol": "http/json"} if "OTEL_EXPORTER_OTLP_PROTOCOL" not in environment else {}
        return self.sidecar(self.origin(), environment=environment, settings={**settings})

    def test_the_standard_variables_work(self):
        proxy = self.started_with(OTEL_EXPORTER_OTLP_ENDPOINT=self.received.url, OTEL_EXPORTER_OTLP_PROTOCOL="http/json",
                                  OTEL_EXPORTER_OTLP_HEADERS="x-tenant=blue,x-other=a%20b", OTEL_EXPORTER_OTLP_COMPRESSION="gzip",
                                  OTEL_RESOURCE_ATTRIBUTES="team=checkout,service.name=ignored", OTEL_BSP_SCHEDULE_DELAY="50")
        self.ask(proxy)
        self.received.wait_for_spans(1)
        export = self.received.exports[0]
        self.assertEqual((export.fields["x-tenant"], export.fields["x-other"], export.fields["content-encoding"]), ("blue", "a b", "gzip"))
        self.assertEqual(export.resource()["team"], "checkout")

    def test_the_service_name_beats_the_resource_attributes(self):
        arguments = ["--inbound", "127.0.0.1:0", "--app", str(self.origin()), "--admin", "127.0.0.1:0", "--state", str(self.folder()),
                     "--set", "tracing.batch.delay=50ms", "--set", "tracing.protocol=http/json"]
        proxy = self.keep(harness.Sidecar(arguments, {"OTEL_SERVICE_NAME": "by-name", "OTEL_RESOURCE_ATTRIBUTES": "service.name=by-attribute",
                                                      "OTEL_EXPORTER_OTLP_ENDPOINT": self.received.url}))
        self.ask(proxy)
        self.received.wait_for_spans(1)
        self.assertEqual(self.received.exports[0].resource()["service.name"], "by-name")

    def test_the_sampler_can_be_chosen(self):
        proxy = self.started_with(OTEL_EXPORTER_OTLP_ENDPOINT=self.received.url, OTEL_TRACES_SAMPLER="always_off")
        self.ask(proxy, 5)
        proxy.stop()
        self.assertEqual(self.received.exports, [])

    def test_only_true_is_true_and_empty_is_unset(self):
        for value, spans in (("true", 0), ("1", 1), ("", 1)):
            with self.subTest(value):
                self.received.exports.clear()
                proxy = self.started_with(OTEL_EXPORTER_OTLP_ENDPOINT=self.received.url, OTEL_SDK_DISABLED=value)
                self.ask(proxy)
                self.assertEqual(proxy.stop(), 0)
                self.assertEqual(len(self.received.spans()), spans)

    def test_a_bad_number_warns_and_is_ignored(self):
        proxy = self.started_with(OTEL_EXPORTER_OTLP_ENDPOINT=self.received.url, OTEL_BSP_MAX_EXPORT_BATCH_SIZE="many")
        self.assertIn("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", proxy.log())
        self.ask(proxy)
        self.received.wait_for_spans(1)

    def test_a_flag_beats_them(self):
        proxy = self.sidecar(self.origin(), otlp=self.received, settings=self.json_spans(),
                             environment={"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"})
        self.ask(proxy)
        self.received.wait_for_spans(1)


if __name__ == "__main__":
    harness.main()
