"""SIGTERM: unready at once, open exchanges end well, connections close politely, exit code 0."""
import signal
import threading

import harness
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
        proxy = self.sidecar(self.origin(wait), routes={"stock": self.origin()}, settings={"probes": "127.0.0.1:0", **settings})
        self.client = Client(proxy.inbound)
        self.addCleanup(self.client.socket.close)
        self.client.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
        self.assertTrue(arrived.wait(5))
        return proxy

    def test_an_open_exchange_is_finished_and_the_connection_closed(self):
        proxy = self.held()
        proxy.signal(signal.SIGTERM)
        wait_for(lambda: self.ready(proxy) != 200, "the sidecar to be unready")
        self.go_on.set()
        answer = self.client.response()
        self.assertEqual(answer.body, b"done")
        self.assertEqual(answer.get("Connection", "").lower(), "close")
        self.assertTrue(self.client.ended())
        self.assertEqual(proxy.wait(), 0)

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
        wait_for(lambda: self.ready(proxy) == 503, "the sidecar to be unready")
        try:
            fresh = ask(proxy.inbound)
            self.assertIn(fresh.status, (200, 503))
            self.assertEqual(fresh.get("Connection", "").lower(), "close")
        except ConnectionRefusedError:
            self.fail("the listener was closed while the sidecar still drains")
        self.go_on.set()
        self.assertEqual(proxy.wait(), 0)


if __name__ == "__main__":
    harness.main()
