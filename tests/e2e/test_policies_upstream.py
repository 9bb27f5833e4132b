"""Policies on the way to an upstream: time, retries, breakers, the choice of endpoints."""
import collections
import json
import sys
import threading
import time

import harness
from harness import ask, reply, wait_for

TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = f"00-{TRACE}-b7ad6b7169203331-01"
TIMEOUT = "x-outrider-timeout-ms"

# A server in a process of its own, so that it can be gone: it listens on the port it is given and answers 200.
SERVER = """
import http.server, sys
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")
    def log_message(self, *_):
        pass
class Server(http.server.ThreadingHTTPServer):
    allow_reuse_address = True
    daemon_threads = True
server = Server(("127.0.0.1", int(sys.argv[1])), Handler)
print("listening", flush=True)
server.serve_forever()
"""


class Governed(harness.Case):
    def governed(self, policies, app=None, more=(), **upstreams):
        """A sidecar with these policies (a list of mappings, as YAML would have them) and endpoints by upstream."""
        folder = self.folder()
        (folder / "policies.yaml").write_text(json.dumps({"policies": policies}))
        settings = {"service": "orders", "outbound": {"listen": "127.0.0.1:0"}, "admin": "127.0.0.1:0",
                    "state": str(folder), "policies": str(folder / "policies.yaml"),
                    "upstreams": {name: {"endpoints": [str(each) for each in endpoints]} for name, endpoints in upstreams.items()}}
        if app is not None:
            settings["inbound"] = [{"listen": "127.0.0.1:0", "app": str(app)}]
        return self.sidecar_from(json.dumps(settings), more)

    def one(self, **rules):
        """One policy for the upstream 'stock'."""
        return [{"name": "protect-stock", "match": {"upstream": "stock"}, **rules}]

    def failing(self, times, status=503, fields=()):
        """An origin that answers `status` so many times, and 200 from then on."""
        seen = []

        def handler(exchange):
            seen.append(time.monotonic())
            exchange.read()
            return reply(status if len(seen) <= times else 200, body="answer", fields=fields if len(seen) <= times else ())
        origin = self.origin(handler)
        origin.times = seen
        return origin


class Timeouts(Governed):
    def test_a_policy_s_time_replaces_the_setting_s(self):
        silent = self.origin(lambda exchange: time.sleep(5))
        proxy = self.governed(self.one(timeout={"first_byte": "300ms"}), more=["--set", "timeouts.first_byte=20s"], stock=[silent])
        started = time.monotonic()
        self.assert_status(ask(proxy.outbound, host="stock"), 504)
        self.assertLess(time.monotonic() - started, 2)

    def test_the_total_holds_over_attempts(self):
        silent = self.origin(lambda exchange: time.sleep(5))
        proxy = self.governed(self.one(timeout={"first_byte": "400ms", "total": "600ms"}, retry={"when": ["timeout"], "attempts": 5}),
                              stock=[silent])
        started = time.monotonic()
        answer = ask(proxy.outbound, host="stock")
        self.assert_status(answer, 504)
        self.assertIn(b"timeout.total (600 ms)", answer.body)
        self.assertLess(time.monotonic() - started, 1.5)
        self.assertEqual(len(silent.requests), 2)


class Deadlines(Governed):
    """client -> orders' sidecar -> orders -> orders' sidecar -> stock's sidecar -> stock"""

    def chain(self, stock, hand_on=("traceparent",), calls=1):
        self.stock = self.origin(stock)
        self.stock_side = self.sidecar(self.stock, service="stock", outbound=False, settings={"workers": 2})

        def orders(exchange):
            request = exchange.read()
            fields = {name: request.get(name) for name in hand_on if request.get(name)}
            answers = [ask(self.proxy.outbound, fields=fields, host="stock") for _ in range(calls)]
            return reply(answers[-1].status, body=answers[-1].body)
        self.orders = self.origin(orders)
        host, port = self.stock_side.inbound
        self.proxy = self.sidecar(self.orders, routes={"stock": f"{host}:{port}"}, settings={"workers": 2})
        return self.proxy

    def told_to(self, origin):
        return [request.get(TIMEOUT) for request in origin.requests]

    def test_what_is_left_is_found_by_the_trace_when_the_application_drops_it(self):
        proxy = self.chain(harness.origins.echo)
        answer = ask(proxy.inbound, fields={TIMEOUT: "4000"})
        self.assert_status(answer, 200)
        [first], [second] = self.told_to(self.orders), self.told_to(self.stock)
        self.assertLessEqual(int(first), 4000)
        self.assertLess(int(second), int(first) + 1)
        self.assertGreater(int(second), 1000)

    def test_the_time_spent_at_one_hop_is_not_there_for_the_next(self):
        def slow(exchange):
            exchange.read()
            time.sleep(0.3)
            return reply(body="late")
        proxy = self.chain(slow, calls=2)
        self.assert_status(ask(proxy.inbound, fields={TIMEOUT: "4000"}), 200)
        first, second = map(int, self.told_to(self.stock))
        self.assertLessEqual(second, first - 300)

    def test_a_deadline_that_passes_is_504_and_says_whose_it_was(self):
        def stuck(exchange):
            exchange.read()
            time.sleep(3)
            return reply(body="too late")
        proxy = self.chain(stuck)
        started = time.monotonic()
        answer = ask(proxy.inbound, fields={TIMEOUT: "500"})
        took = time.monotonic() - started
        self.assert_status(answer, 504)
        # The time is over at all hops within a millisecond, and any of them may be the first to say so.
        self.assertRegex(json.loads(answer.body)["detail"],
                         r"deadline .*has passed on the way (into '(orders|stock)'|from 'orders' to 'stock')")
        self.assertGreater(took, 0.4)
        self.assertLess(took, 1.5)
        wait_for(lambda: sum(each.total("outrider_failures_total", reason="deadline_exceeded") for each in (proxy, self.stock_side)) >= 1,
                 "the failure to be counted")

    def test_a_call_that_inherits_its_deadline_is_cut_off_by_it(self):
        silent = self.origin(lambda exchange: time.sleep(5))
        answers = []

        def orders(exchange):
            request = exchange.read()
            answers.append(ask(proxy.outbound, fields={"traceparent": request.get("traceparent")}, host="stock"))
            time.sleep(0.3)  # both are over at the same moment: an answer at once could still be in time
            return reply(body="did without")
        proxy = self.sidecar(self.origin(orders), routes={"stock": silent}, settings={"workers": 2})
        started = time.monotonic()
        self.assert_status(ask(proxy.inbound, fields={TIMEOUT: "400"}), 504)
        self.assertLess(time.monotonic() - started, 1.5)
        wait_for(lambda: answers, "the application's own call to be answered", within=2)
        self.assert_status(answers[0], 504)
        self.assertRegex(json.loads(answers[0].body)["detail"], "inbound request .* by its trace has passed on the way from 'orders' to 'stock'")

    def test_a_deadline_is_gone_with_its_exchange(self):
        proxy = self.chain(harness.origins.echo)
        self.assert_status(ask(proxy.inbound, fields={TIMEOUT: "4000", "traceparent": PARENT}), 200)
        self.assertIsNotNone(self.told_to(self.stock)[-1])

        def told_nothing():
            self.assert_status(ask(proxy.outbound, fields={"traceparent": PARENT}, host="stock"), 200)
            return self.told_to(self.stock)[-1] is None
        # The client may have its answer a moment before the worker has closed the exchange; long before its four seconds.
        wait_for(told_nothing, "the deadline to be forgotten", within=1)

    def test_without_the_trace_there_is_none(self):
        proxy = self.chain(harness.origins.echo, hand_on=())
        self.assert_status(ask(proxy.inbound, fields={TIMEOUT: "4000"}), 200)
        self.assertEqual(self.told_to(self.stock), [None])

    def test_grpc_says_it_its_own_way(self):
        proxy = self.chain(harness.origins.echo, hand_on=("grpc-timeout",))
        self.assert_status(ask(proxy.inbound, fields={"grpc-timeout": "3S"}), 200)
        for origin in (self.orders, self.stock):
            [request] = origin.requests
            value = request.get("grpc-timeout")
            self.assertRegex(value, r"^[12]\d{3}m$|^3000m$")
            self.assertLess(abs(int(value[:-1]) - int(request.get(TIMEOUT))), 5)

    def test_nobody_is_asked_when_nothing_is_left(self):
        app = self.origin()
        proxy = self.sidecar(app)
        for fields in ({TIMEOUT: "0"}, {"grpc-timeout": "0m"}, {"grpc-timeout": "10u"}):
            started = time.monotonic()
            self.assert_status(ask(proxy.inbound, fields=fields), 504)
            self.assertLess(time.monotonic() - started, 1)
        self.assertEqual(app.requests, [])

    def test_a_caller_cannot_lengthen_anything(self):
        silent = self.origin(lambda exchange: time.sleep(5))
        proxy = self.sidecar(silent, settings={"timeouts.total": "500ms"})
        started = time.monotonic()
        self.assert_status(ask(proxy.inbound, fields={TIMEOUT: "60000"}), 504)
        self.assertLess(time.monotonic() - started, 2)


class Retries(Governed):
    def test_a_listed_status_is_tried_again(self):
        origin = self.failing(1)
        proxy = self.governed(self.one(retry={"when": [503], "attempts": 2}), stock=[origin])
        self.assert_status(ask(proxy.outbound, host="stock"), 200)
        self.assertEqual(len(origin.times), 2)
        self.assertEqual(proxy.total("outrider_policy_decisions_total", rule="retry", outcome="retried"), 1)

    def test_another_endpoint_is_asked_where_there_is_one(self):
        bad, good = self.failing(10_000), self.origin(lambda exchange: reply(body="good"))
        proxy = self.governed(self.one(retry={"when": [503], "attempts": 2, "budget": "100%"}), stock=[bad, good])
        for _ in range(30):
            self.assertEqual(ask(proxy.outbound, host="stock").body, b"good")
        self.assertGreater(len(bad.times), 0)

    def test_each_attempt_has_its_span(self):
        receiver = self.receiver()
        proxy = self.governed(self.one(retry={"when": [503], "attempts": 3}), stock=[self.failing(2)],
                              more=["--otlp", receiver.url, "--set", "tracing.protocol=http/json", "--set", "tracing.batch.delay=100ms"])
        self.assert_status(ask(proxy.outbound, host="stock"), 200)
        spans = receiver.wait_for_spans(3)
        counts = sorted(harness.attributes(span).get("http.request.resend_count", 0) for span in spans)
        self.assertEqual([int(count) for count in counts], [0, 1, 2])
        self.assertEqual(len({span["traceId"] for span in spans}), 1)

    def test_who_accepts_no_connection_is_passed_over(self):
        dead, alive = harness.processes.free_ports(1)[0], self.origin(lambda exchange: reply(body="alive"))
        proxy = self.governed(self.one(retry={"when": ["connect"], "attempts": 2, "budget": "100%"}), stock=[f"127.0.0.1:{dead}", alive])
        for _ in range(10):
            self.assertEqual(ask(proxy.outbound, host="stock", method="POST", body=b"x").body, b"alive")

    def test_a_reset_is_tried_again_with_the_body(self):
        def reset_once(exchange):
            request = exchange.read()
            bodies.append(request.body)
            if len(bodies) == 1:
                exchange.reset()
                return None
            return reply(body="stored")
        bodies = []
        proxy = self.governed(self.one(retry={"when": ["reset"], "attempts": 2}), stock=[self.origin(reset_once)])
        self.assert_status(ask(proxy.outbound, host="stock", method="PUT", body=b"b" * 50_000), 200)
        self.assertEqual(bodies, [b"b" * 50_000] * 2)

    def test_what_is_not_idempotent_is_sent_once(self):
        origin = self.failing(1)
        proxy = self.governed(self.one(retry={"when": [503], "attempts": 2}), stock=[origin])
        self.assert_status(ask(proxy.outbound, host="stock", method="POST", body=b"order"), 503)
        self.assertEqual(len(origin.times), 1)

    def test_a_body_beyond_the_replay_bound_is_sent_once(self):
        origin = self.failing(1)
        proxy = self.governed(self.one(retry={"when": [503], "attempts": 2}), stock=[origin])
        answer = ask(proxy.outbound, host="stock", method="PUT", body=b"b" * 100_000)
        self.assert_status(answer, 503)
        self.assertEqual(origin.requests[0].body, b"b" * 100_000)

    def test_a_failing_upstream_gets_a_fifth_more_load_at_most(self):
        origin = self.failing(10_000)
        proxy = self.governed(self.one(retry={"when": [503], "attempts": 3, "budget": "20%", "budget_floor": 0, "backoff": "0ms"}),
                              stock=[origin])
        with harness.Client(proxy.outbound) as client:
            for _ in range(300):
                self.assert_status(client.request(host="stock"), 503)
        self.assertLessEqual(len(origin.times), 300 * 1.2)
        self.assertGreater(len(origin.times), 300 * 1.1)
        self.assertGreater(proxy.total("outrider_policy_decisions_total", rule="retry", outcome="budget_spent"), 200)

    def test_retry_after_is_waited_for(self):
        origin = self.failing(1, fields=[("Retry-After", "1")])
        proxy = self.governed(self.one(retry={"when": [503], "attempts": 2}), stock=[origin])
        self.assert_status(ask(proxy.outbound, host="stock"), 200)
        self.assertGreaterEqual(origin.times[1] - origin.times[0], 0.99)

    def test_a_retry_after_that_is_too_long_is_the_client_s_to_wait_for(self):
        origin = self.failing(1, status=429, fields=[("Retry-After", "7")])
        proxy = self.governed(self.one(retry={"when": [429], "attempts": 2}), stock=[origin])
        answer = ask(proxy.outbound, host="stock")
        self.assert_status(answer, 429)
        self.assertEqual(answer.get("Retry-After"), "7")
        self.assertEqual(len(origin.times), 1)


class Breakers(Governed):
    def serve(self, port):
        server = self.keep(harness.processes.Process([sys.executable, "-c", SERVER, port]))
        server.wait_for_log("listening")
        return server

    def test_opens_with_an_outage_and_closes_soon_after_its_end(self):
        port = harness.processes.free_ports(1)[0]
        server = self.serve(port)
        proxy = self.governed(self.one(breaker={"consecutive": 5, "open": "800ms", "probes": 1, "ramp": "0s"}),
                              stock=[f"127.0.0.1:{port}"])
        for _ in range(20):
            self.assert_status(ask(proxy.outbound, host="stock"), 200)
        server.kill()
        causes = collections.Counter()
        for _ in range(200):
            answer = ask(proxy.outbound, host="stock")
            self.assertIn(answer.status, (502, 503))
            causes["destination_unavailable" in answer.get("Proxy-Status", "")] += 1
        # What the outage costs the upstream's callers: five attempts, and one for each time it is probed.
        self.assertLessEqual(causes[False], 10)
        self.assertGreaterEqual(causes[False], 5)
        self.serve(port)
        back = time.monotonic()
        wait_for(lambda: ask(proxy.outbound, host="stock").status == 200, "the first success", within=5)
        self.assertLess(time.monotonic() - back, 1)
        for _ in range(20):
            self.assert_status(ask(proxy.outbound, host="stock"), 200)

    def test_is_not_opened_by_what_clients_do(self):
        slow = self.origin(lambda exchange: time.sleep(0.3) or reply(body="slow"))
        proxy = self.governed(self.one(breaker={"consecutive": 2, "open": "10s"}), stock=[slow])
        for _ in range(5):  # leave before the answer, or give no time
            with harness.Client(proxy.outbound) as client:
                client.send("GET / HTTP/1.1\r\nHost: stock\r\n\r\n")
                client.reset()
            self.assert_status(ask(proxy.outbound, host="stock", fields={TIMEOUT: "20"}), 504)
        self.assert_status(ask(proxy.outbound, host="stock"), 200)

    def test_opens_for_calls_that_are_slow(self):
        slow = self.origin(lambda exchange: time.sleep(0.15) or reply(body="slow"))
        proxy = self.governed(self.one(breaker={"slow": "50% over 100ms", "min_calls": 5, "window": "10s", "open": "10s"}), stock=[slow])
        for _ in range(5):
            self.assert_status(ask(proxy.outbound, host="stock"), 200)
        self.assert_status(ask(proxy.outbound, host="stock"), 503)


class Endpoints(Governed):
    def endpoints(self, proxy):
        return json.loads(proxy.get("/api/state").body)["upstreams"]["stock"]

    def test_one_that_fails_is_ejected_and_said_so(self):
        good = [self.origin(lambda exchange: reply(body="good")) for _ in range(2)]
        bad = self.origin(lambda exchange: reply(500, body="bad"))
        proxy = self.governed(self.one(eject={"consecutive": 3, "time": "30s"}, balance={"kind": "round_robin"}), stock=[*good, bad])
        bodies = collections.Counter(ask(proxy.outbound, host="stock").body for _ in range(60))
        self.assertEqual(bodies[b"bad"], 3)
        [ejected] = [each for each in self.endpoints(proxy) if each["ejected"]]
        self.assertEqual(ejected["endpoint"], str(bad))
        self.assertEqual(ejected["failures"], 3)
        self.assertIn("3 failures", ejected["why"])

    def test_a_slow_one_of_four_gets_little(self):
        counts = collections.Counter()

        def answering(name, after):
            def handler(exchange):
                counts[name] += 1
                exchange.read()
                time.sleep(after)
                return reply(body=name)
            return handler
        origins = [self.origin(answering(f"fast{i}", 0.02)) for i in range(3)] + [self.origin(answering("slow", 0.2))]
        proxy = self.sidecar_from(json.dumps({"service": "orders", "outbound": {"listen": "127.0.0.1:0"}, "admin": "127.0.0.1:0",
                                              "state": str(self.folder()),
                                              "upstreams": {"stock": {"endpoints": [str(each) for each in origins]}}}))
        self.open_loop(proxy, per_second=50, seconds=1)  # everyone is met once
        counts.clear()
        self.open_loop(proxy, per_second=100, seconds=6)
        total = sum(counts.values())
        self.assertGreater(total, 500)
        self.assertLess(counts["slow"] / total, 0.05, counts)
        for name in ("fast0", "fast1", "fast2"):
            self.assertGreater(counts[name] / total, 0.2, counts)
        self.assertEqual([each["under_way"] for each in self.endpoints(proxy)], [0] * 4)

    def open_loop(self, proxy, per_second, seconds):
        """Requests at their times, whether others have been answered or not."""
        threads, begin = [], time.monotonic()
        for number in range(per_second * seconds):
            time.sleep(max(0, begin + number / per_second - time.monotonic()))
            thread = threading.Thread(target=lambda: ask(proxy.outbound, host="stock"))
            thread.start()
            threads.append(thread)
        for thread in threads:
            thread.join()


if __name__ == "__main__":
    harness.main()
