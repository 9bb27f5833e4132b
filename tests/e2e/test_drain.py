"""SIGTERM: unready at once, open exchanges end well, connections close politely, exit code 0."""
import json
import signal
import socket
import threading
import time

import harness
from callers import Callers
from harness import Client, ask, reply, wait_for


class Drain(harness.Case):
    def held(self, **settings):
        """A sidecar whose application answers only when `go_on` is set, with one request waiting in it."""
        self.go_on, arrived = threading.Event(), threading.Event()

        def wait(exchange):
            exchange.read()
            if exchange.request.target == "/slow":
                arrived.set()
                self.go_on.wait(30)
            return reply(body="done")
        self.app = self.origin(wait)
        proxy = self.sidecar(self.app, routes={"stock": self.origin()}, settings={"probes": "127.0.0.1:0", **settings})
        self.client = Client(proxy.inbound)
        self.addCleanup(self.client.socket.close)
        self.client.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
        self.assertTrue(arrived.wait(5))
        return proxy

    def test_an_open_exchange_is_finished_and_the_connection_closed(self):
        proxy = self.held()
        proxy.signal(signal.SIGTERM)
        wait_for(lambda: self.ready(proxy) != 200, "the sidecar to be unready")
        wait_for(lambda: self.drains(proxy), "the drain to begin")
        self.go_on.set()
        answer = self.client.response()
        self.assertEqual(answer.body, b"done")
        self.assertEqual(answer.get("Connection", "").lower(), "close")
        self.assertTrue(self.client.ended())
        self.assertEqual(proxy.wait(), 0)

    def stopping(self, proxy):
        return json.loads(proxy.get("/api/state").body)["stopping"]

    def drains(self, proxy):
        """Unready is said before: callers are told a moment later."""
        stopping = self.stopping(proxy)
        return stopping and stopping["phase"] == "draining"

    def ready(self, proxy):
        try:
            return proxy.get("/readyz", listener=proxy.probes).status
        except (OSError, harness.Closed):
            return None

    def test_the_application_can_still_call_out_while_its_exchange_is_open(self):
        proxy = self.held()
        proxy.signal(signal.SIGTERM)
        wait_for(lambda: self.ready(proxy) == 503, "the sidecar to be unready")
        self.assert_status(ask(proxy.outbound, host="stock"), 200)
        self.go_on.set()
        self.assertEqual(self.client.response().body, b"done")
        self.assertEqual(proxy.wait(), 0)

    def test_it_does_not_wait_longer_than_told(self):
        proxy = self.held(drain="500ms")
        proxy.signal(signal.SIGTERM)
        self.assertEqual(proxy.wait(within=8), 0)

    def test_idle_connections_do_not_hold_it_up(self):
        proxy = self.sidecar(self.origin())
        with Client(proxy.inbound) as idle, Client(proxy.inbound):
            idle.request()
            proxy.signal(signal.SIGTERM)
            self.assertEqual(proxy.wait(within=8), 0)
            self.assertEqual(idle.rest(), b"")

    def test_spans_of_the_last_requests_are_delivered(self):
        receiver = self.receiver()
        proxy = self.sidecar(self.origin(), otlp=receiver, settings=self.json_spans(**{"tracing.batch.delay": "60s"}))
        for _ in range(5):
            ask(proxy.inbound)
        self.assertEqual(proxy.stop(), 0)
        self.assertEqual(len(receiver.spans()), 5)

    def test_sigint_ends_it_too(self):
        proxy = self.sidecar(self.origin())
        proxy.signal(signal.SIGINT)
        self.assertEqual(proxy.wait(within=8), 0)

    def test_requests_during_the_drain_are_answered_not_reset(self):
        proxy = self.held()
        client = Client(proxy.inbound)
        self.addCleanup(client.socket.close)
        self.assertEqual(client.request().body, b"done")
        proxy.signal(signal.SIGTERM)
        wait_for(lambda: self.drains(proxy), "the drain to begin")
        try:
            fresh = ask(proxy.inbound)
            self.assertIn(fresh.status, (200, 503))
            self.assertEqual(fresh.get("Connection", "").lower(), "close")
        except ConnectionRefusedError:
            self.fail("the listener was closed while the sidecar still drains")
        self.go_on.set()
        self.assertEqual(proxy.wait(), 0)

    def test_it_ends_within_a_second_of_the_last_request(self):
        proxy = self.held()
        with Client(proxy.inbound) as idle:
            idle.request()
            proxy.signal(signal.SIGTERM)
            self.assertTrue(idle.ended(), "who is idle is told")
        time.sleep(1.5)
        self.assertIsNone(proxy.process.poll(), "an exchange is under way")
        self.go_on.set()
        self.assertEqual(self.client.response().body, b"done")
        answered = time.monotonic()
        self.assertEqual(proxy.wait(), 0)
        self.assertLess(time.monotonic() - answered, 1)

    def test_a_request_that_crosses_the_signal_is_answered(self):
        proxy = self.held()
        with Client(proxy.inbound) as client:
            client.request()
            proxy.signal(signal.SIGTERM)
            wait_for(lambda: self.drains(proxy), "the drain to begin")
            answer = client.request()
            self.assert_status(answer, 200)
            self.assertEqual(answer.get("Connection", "").lower(), "close")
        self.go_on.set()
        self.assertEqual(proxy.wait(), 0)

    def test_a_second_sigterm_changes_nothing(self):
        proxy = self.held()
        for _ in range(3):
            proxy.signal(signal.SIGTERM)
            wait_for(lambda: self.ready(proxy) == 503, "the sidecar to be unready")
            time.sleep(0.1)
        self.assertIsNone(proxy.process.poll())
        self.go_on.set()
        self.assertEqual(self.client.response().body, b"done")
        self.assertEqual(proxy.wait(), 0)

    def test_a_hard_stop_cuts_off_what_is_open(self):
        for first, second in ((signal.SIGTERM, signal.SIGINT), (signal.SIGINT, signal.SIGINT), (signal.SIGTERM, signal.SIGQUIT), (signal.SIGQUIT, None)):
            with self.subTest(first=first, second=second):
                proxy = self.held(drain="60s")
                began = time.monotonic()
                proxy.signal(first)
                if second:
                    wait_for(lambda running=proxy: self.ready(running) == 503, "the sidecar to be unready")
                    proxy.signal(second)
                self.assertEqual(proxy.wait(5), 0)
                self.assertLess(time.monotonic() - began, 3)
                self.assertIn("1 connections are cut off", proxy.log())
                self.go_on.set()

    def test_progress_is_shown(self):
        proxy = self.held(drain="20s")
        self.assertIsNone(self.stopping(proxy))
        with Client(proxy.outbound) as out:
            self.assert_status(out.request(host="stock"), 200)
            proxy.signal(signal.SIGTERM)
            shown = wait_for(lambda: self.drains(proxy) and self.stopping(proxy), "the drain to begin")
            self.assertEqual(shown["open"], {"inbound": 1, "outbound": 1, "kafka": 0})
            self.assertIn("spans_queued", shown)
            self.assertLess(shown["since"], shown["deadline"])
        self.go_on.set()
        self.assertEqual(proxy.wait(), 0)

    def test_callers_are_served_as_before_until_they_have_heard_of_it(self):
        proxy = self.sidecar(self.origin(), settings={"probes": "127.0.0.1:0", "stop.delay": "2s"})
        with Client(proxy.inbound) as client:
            client.request()
            proxy.signal(signal.SIGTERM)
            signalled = time.monotonic()
            wait_for(lambda: self.ready(proxy) == 503, "the sidecar to be unready", 0.5)
            answer = client.request()
            self.assert_status(answer, 200)
            self.assertIsNone(answer.get("Connection"))
            self.assertEqual(self.stopping(proxy)["phase"], "announcing")
            self.assert_status(ask(proxy.inbound), 200)
            while answer.get("Connection") is None:
                answer = client.request()
                self.assert_status(answer, 200)
            self.assertGreater(time.monotonic() - signalled, 1.9)
        self.assertEqual(proxy.wait(), 0)

    def test_the_way_out_stays_open_while_the_application_holds_a_connection(self):
        proxy = self.sidecar(self.origin(), routes={"stock": self.origin()})
        with Client(proxy.outbound) as application:
            application.request(host="stock")
            proxy.signal(signal.SIGTERM)
            for _ in range(5):
                time.sleep(0.4)
                answer = application.request(host="stock")
                self.assert_status(answer, 200)
                self.assertIsNone(answer.get("Connection"))
            self.assert_status(ask(proxy.outbound, host="stock"), 200)
        gone = time.monotonic()
        self.assertEqual(proxy.wait(), 0)
        self.assertLess(time.monotonic() - gone, 1)

    def test_callers_are_turned_away_once_the_application_has_closed_its_port(self):
        proxy = self.held()
        proxy.signal(signal.SIGTERM)
        self.app.listener.shutdown(socket.SHUT_RDWR)
        self.app.listener.close()

        def refused():
            try:
                ask(proxy.inbound)
                return False
            except (ConnectionError, harness.Closed):
                return True
        wait_for(refused, "callers to be turned away")
        self.assert_status(ask(proxy.outbound, host="stock"), 200)
        self.go_on.set()
        self.assertEqual(self.client.response().body, b"done", "the application finishes what it has begun")
        self.assertEqual(proxy.wait(), 0)


class UnderLoad(harness.Case):
    def test_nothing_that_was_accepted_is_lost(self):
        for settings in ({"drain": "2s"}, {"drain": "2s", "stop.delay": "500ms"}, {"drain": "500ms", "workers": 2}):
            with self.subTest(**settings):
                proxy = self.sidecar(self.origin(), settings=settings)
                load = Callers(proxy.inbound)
                wait_for(lambda running=load: running.answered > 300, "requests")
                proxy.signal(signal.SIGTERM)
                self.assertEqual(proxy.wait(10), 0)
                self.assertTrue(load.ended())
                self.assertEqual(load.lost, [])
                self.assertEqual(load.refused, 12)
                self.assertNotIn("cut off", proxy.log())
                print(f"{settings}: {load.answered} answered", flush=True)


if __name__ == "__main__":
    harness.main()
