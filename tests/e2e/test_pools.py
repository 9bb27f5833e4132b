"""Upstream connections are kept and reused, and a stale one costs no request and doubles none."""
import threading
import time

import harness
from harness import Client, ask, reply, told, wait_for


class Pools(harness.Case):
    def test_clients_share_the_upstream_connections(self):
        app = self.origin()
        proxy = self.sidecar(app, settings={"workers": 1})
        for _ in range(10):
            self.assert_status(ask(proxy.inbound), 200)
        self.assertEqual(app.connections, 1)

    def test_requests_side_by_side_have_a_connection_each(self):
        both = threading.Barrier(2, timeout=10)

        def meet(exchange):
            exchange.read()
            both.wait()
            return reply(body="met")
        app = self.origin(meet)
        proxy = self.sidecar(app, settings={"workers": 1})
        with Client(proxy.inbound) as one, Client(proxy.inbound) as two:
            one.send("GET / HTTP/1.1\r\nHost: app\r\n\r\n")
            two.send("GET / HTTP/1.1\r\nHost: app\r\n\r\n")
            self.assertEqual((one.response().body, two.response().body), (b"met", b"met"))
        self.assertEqual(app.connections, 2)

    def test_an_idle_connection_is_closed_before_the_upstream_would(self):
        app = self.origin()
        proxy = self.sidecar(app, settings={"workers": 1, "timeouts.upstream_idle": "300ms"})
        ask(proxy.inbound)
        self.assertEqual(len(app.open), 1)
        wait_for(lambda: not app.open, "the idle connection to be closed", within=5)

    def test_a_connection_whose_answer_closes_it_is_not_reused(self):
        app = self.origin(lambda exchange: reply(fields=[("Connection", "close")]))
        proxy = self.sidecar(app, settings={"workers": 1})
        for _ in range(3):
            self.assert_status(ask(proxy.inbound), 200)
        self.assertEqual(app.connections, 3)

    def test_a_connection_closed_while_idle_is_noticed(self):
        app = self.origin()
        proxy = self.sidecar(app, settings={"workers": 1})
        for method, body in (("GET", None), ("POST", b"once")):
            self.assert_status(ask(proxy.inbound, method=method, body=body), 200)
            app.drop_connections()
            wait_for(lambda: not app.open, "the origin's connections to be gone")
            self.assert_status(ask(proxy.inbound, method=method, body=body), 200)
            app.drop_connections()


class StaleConnections(harness.Case):
    """The origin takes a second request on a connection and closes without a byte: its keep-alive ran out meanwhile."""

    def start(self, **settings):
        def close_on_reuse(exchange):
            exchange.read()
            if exchange.number > 0:
                exchange.close()
                return None
            return harness.origins.echo(exchange)
        self.app = self.origin(close_on_reuse)
        return self.sidecar(self.app, settings={"workers": 1, **settings})

    def methods(self):
        return [request.method for request in self.app.requests]

    def test_an_idempotent_request_is_sent_again(self):
        proxy = self.start()
        for _ in range(4):
            self.assert_status(ask(proxy.inbound), 200)
        self.assertEqual(self.methods(), ["GET"] * 7)

    def test_an_idempotent_request_with_a_small_body_is_sent_again_whole(self):
        proxy = self.start()
        ask(proxy.inbound)
        self.assertEqual(told(ask(proxy.inbound, method="PUT", body=b"x" * 1000))["body"], "x" * 1000)

    def test_a_body_that_comes_after_the_connection_went_stale_is_sent_on_the_next_one(self):
        def close_at_once_on_reuse(exchange):
            if exchange.number > 0:
                exchange.close()
                return None
            return harness.origins.echo(exchange)
        proxy = self.sidecar(self.origin(close_at_once_on_reuse), settings={"workers": 1, "timeouts.body": "1s"})
        ask(proxy.inbound)
        head = "PUT / HTTP/1.1\r\nHost: app\r\nContent-Length: 1000\r\n\r\n"
        with Client(proxy.inbound) as client:
            client.send(head)
            time.sleep(0.2)
            client.send("a" * 400)
            time.sleep(0.2)
            client.send("b" * 600 + "GET /next HTTP/1.1\r\nHost: app\r\n\r\n")
            self.assertEqual(told(client.response())["body"], "a" * 400 + "b" * 600)
            self.assertEqual(told(client.response())["target"], "/next")
        with Client(proxy.inbound) as client:
            client.send(head + "too little")
            self.assert_status(client.response(), 408)

    def test_a_post_is_never_sent_twice(self):
        proxy = self.start()
        statuses = [ask(proxy.inbound, method="POST", body=b"once").status for _ in range(6)]
        self.assertEqual(self.methods(), ["POST"] * 6)
        self.assertEqual(statuses, [200, 502] * 3)

    def test_a_post_takes_no_connection_that_may_have_gone_stale(self):
        proxy = self.start()
        for _ in range(3):
            self.assert_status(ask(proxy.inbound, method="POST", body=b"once"), 200)
            time.sleep(1.2)  # longer than what counts as certainly alive
        self.assertEqual((self.methods(), self.app.connections), (["POST"] * 3, 3))

    def test_a_get_that_was_answered_in_part_is_not_sent_again(self):
        def half_an_answer(exchange):
            exchange.read()
            if exchange.number > 0:
                exchange.send(b"HTTP/1.1 200 OK\r\nContent-Le")
                exchange.close()
                return None
            return reply(body="whole")
        app = self.origin(half_an_answer)
        proxy = self.sidecar(app, settings={"workers": 1})
        self.assert_status(ask(proxy.inbound), 200)
        self.assert_status(ask(proxy.inbound), 502)
        self.assertEqual(len(app.requests), 2)

    def test_a_fresh_connection_that_is_closed_is_a_fault(self):
        def close(exchange):
            exchange.read()
            exchange.close()
        app = self.origin(close)
        proxy = self.sidecar(app)
        self.assert_status(ask(proxy.inbound), 502)
        self.assertLessEqual(len(app.requests), 2)


if __name__ == "__main__":
    harness.main()
