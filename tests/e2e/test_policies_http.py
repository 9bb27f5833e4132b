"""Policies on HTTP: who is refused is told why and when to come back; who waits holds no thread; what is held comes back."""
import json
import socket
import threading
import time

import harness
from governed import Governed, policies
from harness import Client, ask, reply, wait_for


PER_TENANT = """
  - name: orders-per-tenant
    match: {inbound: "POST /orders"}
    limit: {rate: 50/s, burst: 10, key: header:x-tenant}
"""


class Load(threading.Thread):
    """One client that sends as fast as `rate` allows until `end`, on a connection of its own; counts its answers."""

    def __init__(self, address, rate, end, fields, method="POST", target="/orders"):
        super().__init__(daemon=True)
        self.address, self.rate, self.end, self.how = address, rate, end, {"method": method, "fields": fields}
        self.target, self.statuses, self.answers = target, {}, []

    def run(self):
        with Client(self.address) as client:
            due = time.monotonic()
            while due < self.end:
                time.sleep(max(0, due - time.monotonic()))
                answer = client.request(self.target, **self.how)
                self.statuses[answer.status] = self.statuses.get(answer.status, 0) + 1
                self.answers.append((time.monotonic(), answer))
                due += 1 / self.rate


def bucket_admits(times, rate, burst):
    """How many requests at these times a token bucket that starts full admits."""
    level, last, admitted = burst, None, 0
    for at in sorted(times):
        level, last = min(burst, level + rate * (at - (last or at))), at
        if level >= 1:
            level, admitted = level - 1, admitted + 1
    return admitted


class Limits(Governed):
    def test_each_tenant_gets_exactly_its_own_rate_at_four_times_the_load(self):
        rate, burst, seconds, clients = 50, 10, 3, 4
        proxy = self.governed(policies(PER_TENANT))
        began = time.monotonic()
        loads = {tenant: [Load(proxy.inbound, rate, began + seconds, {"X-Tenant": tenant}) for _ in range(clients)]
                 for tenant in ("gold", "silver")}
        for load in sum(loads.values(), []):
            load.start()
        for load in sum(loads.values(), []):
            load.join(30)
        for tenant, each in loads.items():
            passed = sum(load.statuses.get(200, 0) for load in each)
            refused = sum(load.statuses.get(429, 0) for load in each)
            lasted = max(load.answers[-1][0] for load in each) - began
            self.assertEqual(passed + refused, sum(sum(load.statuses.values()) for load in each), "nothing else")
            self.assertLessEqual(passed, rate * lasted + burst, tenant)
            # Of a client that stalls for longer than the burst lasts, no bucket could admit more.
            ideal = bucket_admits([at for load in each for at, _ in load.answers], rate, burst)
            self.assertGreaterEqual(passed, 0.99 * ideal, tenant)
            self.assertGreater(refused, passed, "the load was far above the limit")
        self.assertEqual(self.decisions(proxy, policy="orders-per-tenant", outcome="refused"),
                         sum(load.statuses.get(429, 0) for each in loads.values() for load in each))

    def test_a_refusal_tells_rule_level_and_when_to_come_back(self):
        collector = self.collector()
        log = self.folder() / "access.log"
        proxy = self.governed(policies("""
  - name: one-a-minute
    match: {inbound: "GET /rare"}
    limit: {rate: 6/min, burst: 1}
"""), otlp=collector, settings={"access_log.format": "json", "access_log.path": str(log)})
        with Client(proxy.inbound) as client:
            self.assert_status(client.request("/rare"), 200)
            refused = client.request("/rare")
            self.assert_status(refused, 429)
            self.assert_status(client.request("/other"), 200)  # on the same connection
        self.assertEqual(refused.get("RateLimit-Policy"), '"one-a-minute";q=6;w=60')
        self.assertRegex(refused.get("RateLimit"), r'^"one-a-minute";r=0;t=(9|10)$')
        self.assertIn(int(refused.get("Retry-After")), (9, 10, 11, 12))
        self.assertEqual(refused.get("Proxy-Status"), "outrider; error=http_request_denied")
        self.assertEqual(refused.get("Content-Type"), "application/problem+json")
        problem = json.loads(refused.body)
        self.assertEqual({name: problem[name] for name in ("status", "title", "policy", "rule", "limit", "burst")},
                         {"status": 429, "title": "Too Many Requests", "policy": "one-a-minute", "rule": "limit",
                          "limit": 0.1, "burst": 1})
        self.assertIn("6/min", problem["detail"])
        self.assertTrue(problem["policy_version"])
        self.assertLessEqual(9, problem["retry_after"])
        # The same, where operators look.
        trace = wait_for(lambda: collector.trace(problem["trace_id"]), "the trace of the refusal")
        tags = {tag["key"]: tag["value"] for tag in trace["spans"][0]["tags"]}
        self.assertEqual(tags["outrider.decision"], "refused")
        self.assertEqual(tags["outrider.policy"], "one-a-minute")
        self.assertEqual(tags["outrider.rule"], "limit")
        self.assertEqual(tags["outrider.policy.version"], problem["policy_version"])
        self.assertEqual(tags["error.type"], "rate_limited")
        line = wait_for(lambda: next((json.loads(line) for line in log.read_text().splitlines() if '"status":429' in line), None),
                        "a line about the refusal")
        self.assertEqual((line["policy"], line["rule"], line["decision"]), ("one-a-minute", "limit", "refused"))
        self.assertEqual(self.decisions(proxy, policy="one-a-minute", rule="limit", mode="enforce", outcome="passed"), 1)
        self.assertEqual(self.decisions(proxy, policy="one-a-minute", rule="limit", mode="enforce", outcome="refused"), 1)

    def test_refused_clients_are_sent_back_at_different_times(self):
        proxy = self.governed(policies("""
  - name: rare
    match: {inbound: "GET /"}
    limit: {rate: 1/min, burst: 1}
"""))
        with Client(proxy.inbound) as client:
            client.request("/")
            waits = {json.loads(client.request("/").body)["retry_after"] for _ in range(20)}
        self.assertGreater(len(waits), 15)
        self.assertGreater(max(waits) - min(waits), 2, "up to a fifth of a minute")

    def test_a_refused_upload_is_not_taken_for_a_request(self):
        proxy = self.governed(policies("""
  - name: never
    match: {inbound: "POST /never"}
    limit: {rate: 1/day, burst: 1}
"""))
        ask(proxy.inbound, "/never", method="POST", body=b"x")
        hidden = b"GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"
        head = b"POST /never HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n"
        with Client(proxy.inbound) as client:  # whole: passed over, the connection goes on
            client.send(head % len(hidden) + hidden + b"GET /next HTTP/1.1\r\nHost: a\r\n\r\n")
            self.assert_status(client.response("POST"), 429)
            self.assertEqual(harness.told(client.response())["target"], "/next")
        with Client(proxy.inbound) as client:  # not whole: the connection ends
            client.send(head % 1000 + hidden)
            answer = client.response("POST")
            self.assert_status(answer, 429)
            self.assertEqual(answer.get("Connection"), "close")
            self.assertTrue(client.ended())

    def test_pace_spreads_a_burst_over_time(self):
        proxy = self.governed(policies("""
  - name: smooth
    match: {inbound: "GET /"}
    limit: {rate: 20/s, burst: 1, over: pace, queue: 100, longest_wait: 5s}
"""))
        arrivals, lock = [], threading.Lock()

        def one():
            answer = ask(proxy.inbound)
            with lock:
                arrivals.append((time.monotonic(), answer.status))
        threads = [threading.Thread(target=one) for _ in range(10)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
        self.assertEqual({status for _, status in arrivals}, {200})
        times = sorted(at for at, _ in arrivals)
        self.assertGreaterEqual(times[-1] - times[0], 0.4, "nine steps of 50 ms")
        self.assertEqual(self.decisions(proxy, policy="smooth", outcome="waited"), 9)

    def test_shadow_lets_all_pass_and_counts(self):
        receiver = self.receiver()
        proxy = self.governed(policies("""
  - name: planned
    mode: shadow
    match: {inbound: "GET /"}
    limit: {rate: 1/min, burst: 2}
"""), otlp=receiver, settings=self.json_spans())
        with Client(proxy.inbound) as client:
            self.assertEqual([client.request("/").status for _ in range(5)], [200] * 5)
        self.assertEqual(self.decisions(proxy, policy="planned", mode="shadow", outcome="refused"), 3)
        self.assertEqual(self.decisions(proxy, policy="planned", mode="enforce"), 0)
        told = [harness.attributes(span) for span in receiver.wait_for_spans(5)]
        self.assertEqual(sum(each.get("outrider.decision") == "shadow_refused" for each in told), 3)
        self.assertEqual(sum(each.get("outrider.shadow.policy") == "planned" for each in told), 3)

    def test_bytes_of_answers_are_counted_and_paid_for(self):
        body = b"x" * 100_000
        proxy = self.governed(policies("""
  - name: bandwidth
    match: {inbound: "GET /"}
    limit: {rate: 50KiB/s, burst: 50KiB}
"""), app=self.origin(lambda exchange: reply(body=body)))
        self.assert_status(ask(proxy.inbound), 200)
        refused = ask(proxy.inbound)
        self.assert_status(refused, 429)
        self.assertIn('qu="content-bytes"', refused.get("RateLimit-Policy"))
        time.sleep(json.loads(refused.body)["retry_after"])
        self.assert_status(ask(proxy.inbound), 200)


class Bulkheads(Governed):
    TEXT = policies("""
  - name: bulkhead
    match: {inbound: "GET /slow"}
    concurrency: {max: 2, queue: 2, longest_wait: 5s}
""")

    def start(self, **how):
        self.go, self.under_way, self.most, lock = threading.Event(), 0, 0, threading.Lock()

        def slow(exchange):
            if exchange.request.target != "/slow":
                return reply()
            with lock:
                self.under_way += 1
                self.most = max(self.most, self.under_way)
            self.go.wait(20)
            with lock:
                self.under_way -= 1
            return reply()
        return self.governed(self.TEXT, app=self.origin(slow), **how)

    def ask_together(self, address, count, target="/slow"):
        answers, lock = [], threading.Lock()

        def one():
            answer = ask(address, target)
            with lock:
                answers.append(answer)
        threads = [threading.Thread(target=one, daemon=True) for _ in range(count)]
        for thread in threads:
            thread.start()
        return answers, threads

    def test_so_many_at_once_so_many_wait_and_the_rest_is_refused(self):
        proxy = self.start()
        answers, threads = self.ask_together(proxy.inbound, 7)
        wait_for(lambda: len(answers) == 3, "the three that find no place")
        self.assertEqual({answer.status for answer in answers}, {503})
        self.assertEqual(answers[0].get("Proxy-Status"), "outrider; error=connection_limit_reached")
        self.assertIsNotNone(answers[0].get("Retry-After"))
        self.assertEqual(json.loads(answers[0].body)["policy"], "bulkhead")
        self.assert_status(ask(proxy.inbound, "/other"), 200)  # not this policy's affair
        self.go.set()
        for thread in threads:
            thread.join(20)
        self.assertEqual(sorted(answer.status for answer in answers), [200] * 4 + [503] * 3)
        self.assertEqual(self.most, 2)
        self.assertEqual(self.decisions(proxy, policy="bulkhead", outcome="waited"), 2)

    def test_who_leaves_the_queue_makes_room(self):
        proxy = self.start()
        _, threads = self.ask_together(proxy.inbound, 2)
        wait_for(lambda: self.under_way == 2, "both places to be taken")
        leaving = [socket.create_connection(proxy.inbound) for _ in range(2)]
        for each in leaving:
            each.sendall(b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
        wait_for(lambda: self.slots(proxy, "bulkhead") == (2, 2), "a full queue")
        for each in leaving:
            each.close()
        wait_for(lambda: self.slots(proxy, "bulkhead") == (2, 0), "both to be noticed", within=2)
        self.assertEqual(proxy.total("outrider_failures_total", reason="client_gone"), 2)
        more, later = self.ask_together(proxy.inbound, 2)
        wait_for(lambda: self.slots(proxy, "bulkhead") == (2, 2), "the places of those who left to be taken")
        self.assertEqual(more, [])
        self.go.set()
        for thread in threads + later:
            thread.join(20)
        self.assertEqual([answer.status for answer in more], [200, 200])
        self.assertEqual(self.most, 2)
        wait_for(lambda: self.slots(proxy, "bulkhead") == (0, 0), "all places to be free")

    def test_a_reset_and_a_cut_off_answer_give_their_places_back(self):
        def handler(exchange):
            if exchange.request.target == "/slow?cut":
                exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
                exchange.reset()
                return None
            return reply(body=b"x" * 200_000)
        proxy = self.governed(self.TEXT, app=self.origin(handler))
        for _ in range(5):
            with Client(proxy.inbound) as client:
                client.send(b"GET /slow?cut HTTP/1.1\r\nHost: a\r\n\r\n")
                self.assertFalse(client.response().whole)
            with Client(proxy.inbound) as client:
                client.send(b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
                client.reset()
        wait_for(lambda: self.slots(proxy, "bulkhead") == (0, 0), "all places to be free")
        self.assertEqual(self.decisions(proxy, policy="bulkhead", outcome="refused"), 0)

    def test_waits_cost_no_worker(self):
        proxy = self.start(workers=1)
        answers, threads = self.ask_together(proxy.inbound, 4)
        wait_for(lambda: self.under_way == 2, "both places to be taken")
        began = time.monotonic()
        for _ in range(50):
            self.assert_status(ask(proxy.inbound, "/other"), 200)
        self.assertLess(time.monotonic() - began, 5)
        self.go.set()
        for thread in threads:
            thread.join(20)
        self.assertEqual({answer.status for answer in answers}, {200})


class Tunnels(Governed):
    """A tunnel is one exchange for as long as it lasts."""

    TEXT = policies("""
  - name: chats
    match: {inbound: "GET /chat"}
    concurrency: {max: 1}
""", """
  - name: tunnels
    match: {outbound: CONNECT}
    concurrency: {max: 1}
""")

    @staticmethod
    def echo_all(connection):
        while data := connection.recv(65536):
            connection.sendall(data)

    def open_when_free(self, address, opening, opened):
        def look():
            client = Client(address)
            if client.send(opening).response("CONNECT").status == opened:
                return client
            client.socket.close()
            return None
        return wait_for(look, "a free place")

    def one_after_the_other(self, address, opening, opened):
        for end in (Client.reset, lambda client: client.socket.close(), Client.reset):
            first = self.open_when_free(address, opening, opened)
            first.send(b"hello")
            self.assertEqual(first.exactly(5), b"hello")
            with Client(address) as second:
                self.assert_status(second.send(opening).response(), 503)
            end(first)

    def test_a_websocket_holds_its_place_to_its_end(self):
        def handler(exchange):
            exchange.read()
            exchange.send(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
            self.echo_all(exchange.socket)
            exchange.close()
        proxy = self.governed(self.TEXT, app=self.origin(handler))
        self.one_after_the_other(proxy.inbound, "GET /chat HTTP/1.1\r\nHost: app\r\nConnection: Upgrade\r\n"
                                 "Upgrade: websocket\r\n\r\n", 101)

    def test_so_does_connect(self):
        target = self.origin(raw=self.echo_all)
        proxy = self.governed(self.TEXT)
        self.one_after_the_other(proxy.outbound, f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n", 200)


if __name__ == "__main__":
    harness.main()
