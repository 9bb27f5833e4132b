"""What comes before the final answer, and final answers that come before the request has ended."""
import threading

import harness
from harness import Client, reply, told


class Interim(harness.Case):
    def test_early_hints_reach_the_client(self):
        def hint(exchange):
            exchange.read()
            exchange.send(b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n")
            return reply(body="page")

        proxy = self.sidecar(self.origin(hint))
        answer = harness.ask(proxy.inbound)
        self.assertEqual([each.status for each in answer.interim], [103])
        self.assertEqual(answer.interim[0].get("Link"), "</style.css>; rel=preload")
        self.assertEqual(answer.body, b"page")

    def test_an_http_1_0_client_gets_no_interim_answer(self):
        def hint(exchange):
            exchange.read()
            exchange.send(b"HTTP/1.1 103 Early Hints\r\n\r\n")
            return reply(body="page")

        proxy = self.sidecar(self.origin(hint))
        with Client(proxy.inbound) as client:
            client.send("GET / HTTP/1.0\r\n\r\n")
            self.assertEqual(client.head().status, 200)

    def test_expect_100_continue_is_answered_before_the_body(self):
        def continue_then_echo(exchange):
            exchange.send(b"HTTP/1.1 100 Continue\r\n\r\n")
            return harness.origins.echo(exchange)

        proxy = self.sidecar(self.origin(continue_then_echo))
        with Client(proxy.inbound) as client:
            client.send("POST / HTTP/1.1\r\nHost: app\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n")
            self.assertEqual(client.head().status, 100)
            client.send("body")
            self.assertEqual(told(client.response())["body"], "body")

    def test_a_refusal_takes_the_place_of_100_continue(self):
        def refuse(exchange):
            exchange.send(reply(413, "too big", fields=[("Connection", "close")], reason="Content Too Large"))
            exchange.close()

        app = self.origin(refuse)
        proxy = self.sidecar(app)
        with Client(proxy.inbound) as client:
            client.send("POST / HTTP/1.1\r\nHost: app\r\nContent-Length: 1000000\r\nExpect: 100-continue\r\n\r\n")
            answer = client.response()
            self.assertNotIn(100, [each.status for each in answer.interim])
            self.assert_status(answer, 413)

    def test_an_early_answer_reaches_a_client_that_is_still_uploading(self):
        def refuse(exchange):
            exchange.send(reply(403, "no", reason="Forbidden", fields=[("Connection", "close")]))
            while True:  # as servers do that linger: read on, so that no reset destroys the answer
                exchange.more()
                exchange.buffer = b""

        proxy = self.sidecar(self.origin(refuse))
        stop = threading.Event()
        with Client(proxy.inbound) as client:
            client.send("POST / HTTP/1.1\r\nHost: app\r\nContent-Length: 100000000\r\n\r\n")

            def upload():
                try:
                    while not stop.is_set():
                        client.send(b"x" * 65536)
                except OSError:
                    pass
            writer = threading.Thread(target=upload, daemon=True)
            writer.start()
            answer = client.response()
            stop.set()
            self.assert_status(answer, 403)
            self.assertEqual(answer.body, b"no")


if __name__ == "__main__":
    harness.main()
