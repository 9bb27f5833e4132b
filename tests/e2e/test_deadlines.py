"""Every wait has a deadline, and each deadline its status."""
import threading
import time

import harness
from harness import Client, Closed, ask, reply, wait_for


class ClientDeadlines(harness.Case):
    def setUp(self):
        self.app = self.origin()

    def test_a_head_that_never_ends_is_408(self):
        proxy = self.sidecar(self.app, settings={"timeouts.head": "500ms"})
        with Client(proxy.inbound) as client:
            client.send("GET / HTTP/1.1\r\nHost: app\r\n")
            self.assert_status(client.response(), 408)
            self.assertTrue(client.ended())
        self.assertEqual(self.app.requests, [])

    def test_a_head_that_trickles_is_408_too(self):
        proxy = self.sidecar(self.app, settings={"timeouts.head": "700ms"})
        with Client(proxy.inbound) as client:
            started = time.monotonic()
            try:
                while time.monotonic() - started < 5:
                    client.send("X")
                    time.sleep(0.1)
            except OSError:
                pass
            self.assertLess(time.monotonic() - started, 4)

    def test_a_body_that_stops_is_408(self):
        proxy = self.sidecar(self.app, settings={"timeouts.body": "500ms"})
        with Client(proxy.inbound) as client:
            client.send("POST / HTTP/1.1\r\nHost: app\r\nContent-Length: 100\r\n\r\nsome")
            self.assert_status(client.response(), 408)
            self.assertTrue(client.ended())

    def test_an_idle_connection_is_closed_in_silence(self):
        proxy = self.sidecar(self.app, settings={"timeouts.idle": "500ms"})
        with Client(proxy.inbound) as client:
            self.assert_status(client.request(), 200)
            self.assertEqual(client.rest(), b"")

    def test_a_connection_that_never_sends_is_closed(self):
        proxy = self.sidecar(self.app, settings={"timeouts.idle": "500ms", "timeouts.head": "500ms"})
        with Client(proxy.inbound) as client:
            self.assertNotIn(b"HTTP/1.1 2", client.rest())

    def test_a_body_below_the_lowest_rate_is_cut_off(self):
        proxy = self.sidecar(self.app, settings={"timeouts.lowest_rate": "1KiB"})
        with Client(proxy.inbound) as client:
            client.send("POST / HTTP/1.1\r\nHost: app\r\nContent-Length: 1000000\r\n\r\n")
            started = time.monotonic()
            try:
                while time.monotonic() - started < 15:
                    client.send("x")
                    time.sleep(0.1)
            except OSError:
                pass
            self.assertLess(time.monotonic() - started, 12)
            self.assertGreater(time.monotonic() - started, 4)


class OriginDeadlines(harness.Case):
    def silent(self, exchange):
        """Reads the request and says nothing until the proxy gives up."""
        exchange.read()
        try:
            exchange.more()
        finally:
            exchange.close()

    def test_no_answer_is_504(self):
        app = self.origin(self.silent)
        proxy = self.sidecar(app, settings={"timeouts.first_byte": "500ms"})
        answer = ask(proxy.inbound)
        self.assert_status(answer, 504)
        self.assertIn("outrider", answer.get("Proxy-Status", ""))
        self.assertEqual(answer.get("Content-Type"), "application/problem+json")
        wait_for(lambda: not app.open, "the connection to the origin to be closed")
        self.assertEqual(len(app.requests), 1)

    def test_a_slow_answer_within_the_deadline_is_whole(self):
        def slow(exchange):
            exchange.read()
            time.sleep(0.6)
            return reply(body="late")
        proxy = self.sidecar(self.origin(slow), settings={"timeouts.first_byte": "5s"})
        self.assertEqual(ask(proxy.inbound).body, b"late")

    def test_the_upload_does_not_count_against_the_first_byte(self):
        proxy = self.sidecar(self.origin(), settings={"timeouts.first_byte": "600ms"})
        with Client(proxy.inbound) as client:
            client.send("POST / HTTP/1.1\r\nHost: app\r\nContent-Length: 10\r\n\r\n")
            for _ in range(10):
                time.sleep(0.15)
                client.send("x")
            self.assert_status(client.response(), 200)

    def test_the_whole_exchange_has_a_deadline(self):
        def drip(exchange):
            exchange.read()
            exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
            while True:
                exchange.send(b"x")
                time.sleep(0.05)
        proxy = self.sidecar(self.origin(drip), settings={"timeouts.total": "1s"})
        started = time.monotonic()
        answer = ask(proxy.inbound)
        self.assertFalse(answer.whole)
        self.assertLess(time.monotonic() - started, 5)

    def test_the_deadline_of_the_whole_exchange_is_504_before_a_head(self):
        proxy = self.sidecar(self.origin(self.silent), settings={"timeouts.total": "500ms"})
        self.assert_status(ask(proxy.inbound), 504)

    def test_an_answer_that_stops_is_visibly_cut_off(self):
        def stop(exchange):
            exchange.read()
            exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nsome")
            exchange.more()
        proxy = self.sidecar(self.origin(stop), settings={"timeouts.body": "500ms"})
        answer = ask(proxy.inbound)
        self.assertEqual((answer.whole, answer.body), (False, b"some"))

    def test_a_tunnel_without_traffic_ends(self):
        peer = self.origin(raw=lambda connection: connection.recv(1))
        proxy = self.sidecar(routes={"stock": peer}, settings={"timeouts.tunnel": "500ms"})
        with Client(proxy.outbound) as client:
            client.send("CONNECT stock:80 HTTP/1.1\r\nHost: stock:80\r\n\r\n")
            self.assert_status(client.response("CONNECT"), 200)
            self.assertEqual(client.rest(), b"")

    def test_a_connection_that_is_never_accepted_is_504(self):
        listener = harness.wire.socket.socket()
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        self.addCleanup(listener.close)
        fillers = [self.fill(listener.getsockname()) for _ in range(4)]  # the accept queue is full from here on
        self.addCleanup(lambda: [filler.close() for filler in fillers])
        proxy = self.sidecar(routes={"stock": "%s:%d" % listener.getsockname()}, settings={"timeouts.connect": "500ms"})
        answer = ask(proxy.outbound, host="stock")
        self.assertIn(answer.status, (503, 504))
        self.assertIn("connection_timeout", answer.get("Proxy-Status", ""))

    def fill(self, address):
        filler = harness.wire.socket.socket()
        filler.setblocking(False)
        filler.connect_ex(address)
        return filler


class ClientGone(harness.Case):
    def test_the_origin_is_told(self):
        gone, started = threading.Event(), threading.Event()

        def watch(exchange):
            exchange.read()
            started.set()
            try:
                exchange.more()
            except (Closed, OSError):
                gone.set()
            exchange.close()
        proxy = self.sidecar(self.origin(watch))
        with Client(proxy.inbound) as client:
            client.send("GET / HTTP/1.1\r\nHost: app\r\n\r\n")
            self.assertTrue(started.wait(5))
            client.reset()
        self.assertTrue(gone.wait(5), "the origin still works for a client that has gone")


if __name__ == "__main__":
    harness.main()
