"""The admin and probe listeners: health, metrics, state, effective configuration; and who may change anything."""
import json
import re
import threading

import harness
import processes
from harness import Client, ask, reply, wait_for


class Health(harness.Case):
    def test_livez_is_the_sidecars_own(self):
        port = processes.free_ports(1)[0]
        proxy = self.sidecar(f"127.0.0.1:{port}")
        self.assert_status(proxy.get("/livez"), 200)

    def test_readyz_follows_the_applications_port(self):
        port = processes.free_ports(1)[0]
        proxy = self.sidecar(f"127.0.0.1:{port}", settings={"health.app.every": "100ms", "health.app.fall": "2", "health.app.rise": "1"})
        wait_for(lambda: proxy.get("/readyz").status == 503, "unready without an application")
        application = harness.wire.socket.create_server(("127.0.0.1", port))
        wait_for(lambda: proxy.get("/readyz").status == 200, "ready with it")
        application.close()
        wait_for(lambda: proxy.get("/readyz").status == 503, "unready without it again")
        self.assert_status(proxy.get("/livez"), 200)

    def test_readyz_says_why(self):
        port = processes.free_ports(1)[0]
        proxy = self.sidecar(f"127.0.0.1:{port}", settings={"health.app.every": "100ms", "health.app.fall": "1"})
        wait_for(lambda: proxy.get("/readyz").status == 503, "unready without an application")
        self.assertIn(str(port).encode(), proxy.get("/readyz").body)

    def test_head_works_for_load_balancers(self):
        proxy = self.sidecar(self.origin())
        self.assert_status(proxy.get("/livez", method="HEAD"), 200)


class Metrics(harness.Case):
    def setUp(self):
        self.app = self.origin(lambda exchange: reply(503 if exchange.read().target == "/bad" else 200, "body"))
        self.proxy = self.sidecar(self.app, routes={"stock": self.origin()}, settings={"workers": 2})

    def test_requests_are_counted_by_direction_and_status(self):
        for _ in range(7):
            ask(self.proxy.inbound)
        ask(self.proxy.inbound, "/bad")
        ask(self.proxy.outbound, host="stock")
        wait_for(lambda: self.proxy.total("outrider_requests_total") == 9, "9 requests to be counted")
        text = self.proxy.get("/metrics").body.decode()
        self.assertRegex(text, r'outrider_requests_total\{[^}]*503[^}]*\} 1\b')
        self.assertRegex(text, r'outrider_requests_total\{[^}]*outbound[^}]*\} 1\b')

    def test_durations_are_histograms_that_add_up(self):
        for _ in range(5):
            ask(self.proxy.inbound)
        wait_for(lambda: self.proxy.total("outrider_request_duration_seconds_count") == 5, "5 durations")
        metrics = self.proxy.metrics()
        by_series = {}
        for series, value in metrics.items():
            if series.startswith("outrider_request_duration_seconds_bucket"):
                owner = re.sub(r',?le="[^"]*"', "", series)
                by_series.setdefault(owner, []).append(value)
        self.assertTrue(by_series)
        for buckets in by_series.values():
            self.assertEqual(buckets, sorted(buckets))

    def test_the_text_is_what_prometheus_reads(self):
        ask(self.proxy.inbound)
        answer = self.proxy.get("/metrics")
        self.assertRegex(answer.get("Content-Type"), r"^(text/plain|application/openmetrics-text)")
        declared, seen = set(), []
        for line in answer.body.decode().splitlines():
            if line.startswith("# TYPE "):
                name = line.split()[2]
                self.assertNotIn(name, declared, "declared twice")
                declared.add(name)
            elif line and not line.startswith("#"):
                self.assertRegex(line, r'^[a-zA-Z_:][a-zA-Z0-9_:]*(\{([a-z_]+="([^"\\\n]|\\.)*",?)*\})? [-+0-9.eEInfNa]+$')
                seen.append(line.rpartition(" ")[0])
                base = re.sub(r"_(bucket|sum|count)$", "", line.partition("{")[0].partition(" ")[0])
                self.assertTrue({base, line.partition("{")[0].partition(" ")[0]} & declared, line)
        self.assertEqual(len(seen), len(set(seen)), "a series appears twice")

    def test_labels_are_bounded_whatever_clients_send(self):
        with Client(self.proxy.inbound) as client:
            for number in range(1500):
                client.request(f"/{number}", method="M%d" % number if number % 3 else "GET", host=f"h{number}.example")
        series = [name for name in self.proxy.metrics() if name.startswith("outrider_requests_total")]
        self.assertLessEqual(len(series), 1000)
        self.assertLess(len(series), 40)


class Interface(harness.Case):
    def test_state_and_configuration_are_json(self):
        proxy = self.sidecar(self.origin(), routes={"stock": "127.0.0.1:1"}, settings={"timeouts.first_byte": "3s"})
        state = json.loads(proxy.get("/api/state").body)
        self.assertIsInstance(state, dict)
        text = proxy.get("/api/config").body.decode()
        self.assertIn("first_byte", json.dumps(json.loads(text)))
        self.assertRegex(text, r"(?s)first_byte.*--set")

    def test_secrets_are_not_told(self):
        proxy = self.sidecar(self.origin(), otlp="http://127.0.0.1:9", settings={"tracing.headers.authorization": "s3cr3t-value"})
        for path in ("/api/config", "/api/state", "/metrics"):
            self.assertNotIn(b"s3cr3t-value", proxy.get(path).body, path)

    def test_unknown_pages_are_404_and_other_methods_405(self):
        proxy = self.sidecar(self.origin())
        self.assert_status(proxy.get("/nothing"), 404)
        self.assert_status(proxy.get("/metrics", method="POST", body=b""), 405)

    def test_there_is_no_cors(self):
        proxy = self.sidecar(self.origin())
        for method in ("GET", "OPTIONS"):
            answer = proxy.get("/api/state", fields={"Origin": "http://evil.example"}, method=method)
            self.assertIsNone(answer.get("Access-Control-Allow-Origin"))

    def test_a_name_that_was_rebound_in_dns_is_refused(self):
        proxy = self.sidecar(self.origin())
        for path in ("/api/state", "/api/config"):
            answer = ask(proxy.admin, path, host="evil.example:7900")
            self.assertIn(answer.status, (403, 421), path)

    def test_beyond_loopback_a_token_is_required_at_start(self):
        done = harness.run("run", *self.arguments(self.origin(), admin=False), "--admin", "0.0.0.0:0")
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertIn("token", done.stdout + done.stderr)

    def test_beyond_loopback_a_token_is_required_of_every_request(self):
        token = self.folder() / "token"
        token.write_text("t0ken\n")
        proxy = self.sidecar(self.origin(), admin=False, more=["--admin", "0.0.0.0:0", "--set", f"admin.token=${{file:{token}}}"])
        listener = ("127.0.0.1", proxy.admin[1])
        for fields in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "t0ken"}):
            self.assertIn(proxy.get("/api/state", fields, listener).status, (401, 403), fields)
            self.assertIn(proxy.get("/metrics", fields, listener).status, (401, 403), fields)
        self.assert_status(proxy.get("/api/state", {"Authorization": "Bearer t0ken"}, listener), 200)

    def test_slow_and_silent_clients_do_not_stop_it(self):
        proxy = self.sidecar(self.origin())
        held = [Client(proxy.admin) for _ in range(30)]
        self.addCleanup(lambda: [client.socket.close() for client in held])
        for client in held:
            client.send("GET /metrics HTT")
        self.assert_status(proxy.get("/livez"), 200)


class Changes(harness.Case):
    """A change needs POST, JSON, an allowed Host and no foreign Origin."""

    def setUp(self):
        self.proxy = self.sidecar(self.origin())
        self.host = "%s:%d" % self.proxy.admin

    def change(self, method="POST", host=None, type="application/json", **fields):
        return ask(self.proxy.admin, "/api/log_level", method=method, body=b'{"level": "debug"}', host=host or self.host,
                   fields={"Content-Type": type, **fields})

    def test_the_log_level_can_be_changed(self):
        self.assertIn(self.change().status, (200, 204))

    def test_everything_else_is_refused(self):
        for how in ({"method": "GET"}, {"method": "PUT"}, {"host": "evil.example"}, {"type": "text/plain"},
                    {"type": "application/x-www-form-urlencoded"}, {"Origin": "http://evil.example"}):
            with self.subTest(how):
                self.assertIn(self.change(**how).status, (403, 405, 415, 421))

    def test_a_bad_level_is_400(self):
        answer = ask(self.proxy.admin, "/api/log_level", method="POST", body=b'{"level": "loud"}', host=self.host,
                     fields={"Content-Type": "application/json"})
        self.assert_status(answer, 400)


class Probes(harness.Case):
    def test_serve_health_and_metrics_and_nothing_else(self):
        proxy = self.sidecar(self.origin(), more=["--probes", "127.0.0.1:0"])
        for path in ("/livez", "/readyz", "/metrics"):
            wait_for(lambda: proxy.get(path, listener=proxy.probes).status == 200, path)
        for path in ("/api/state", "/api/config", "/api/log_level"):
            self.assert_status(proxy.get(path, listener=proxy.probes), 404)

    def test_need_no_token_beyond_loopback(self):
        proxy = self.sidecar(self.origin(), more=["--probes", "0.0.0.0:0"])
        self.assert_status(proxy.get("/livez", listener=("127.0.0.1", proxy.probes[1])), 200)


class Busy(harness.Case):
    def test_readyz_is_answered_while_requests_are_stuck(self):
        release = threading.Event()

        def stuck(exchange):
            exchange.read()
            release.wait(20)
            return reply()
        proxy = self.sidecar(self.origin(stuck))
        clients = [Client(proxy.inbound) for _ in range(50)]
        self.addCleanup(lambda: [client.socket.close() for client in clients])
        for client in clients:
            client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        wait_for(lambda: proxy.get("/readyz").status == 200, "readiness")
        release.set()


if __name__ == "__main__":
    harness.main()
