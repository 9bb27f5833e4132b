"""A faulty origin: 502 or a visible truncation, and its connection is never used again."""
import harness
from harness import Client, ask, reply

BAD_HEADS = {
    "no HTTP at all": b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
    "two different lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
    "a length of letters": b"HTTP/1.1 200 OK\r\nContent-Length: abc\r\n\r\nabc",
    "chunked is not last": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n",
    "a status of two digits": b"HTTP/1.1 20 OK\r\nContent-Length: 0\r\n\r\n",
    "a NUL in a value": b"HTTP/1.1 200 OK\r\nX: a\0b\r\nContent-Length: 0\r\n\r\n",
    "a field without a colon": b"HTTP/1.1 200 OK\r\nnothing\r\nContent-Length: 0\r\n\r\n",
    "nothing": b"",
    "half a head": b"HTTP/1.1 200 OK\r\nContent-",
}
CUT_BODIES = {
    "short of its length": b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort",
    "no last chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nshort\r\n",
    "a bad chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nshort\r\nxyz\r\n",
}


class OriginFaults(harness.Case):
    def play(self, data, how="close"):
        def send(exchange):
            if exchange.read().target == "/good":
                return reply(body="good")
            exchange.send(data)
            getattr(exchange, how)()
            return None
        self.app = self.origin(send)
        return self.sidecar(self.app, settings={"workers": 1, "timeouts.first_byte": "2s"})

    def test_an_answer_that_cannot_be_read_is_502(self):
        for what, data in BAD_HEADS.items():
            with self.subTest(what):
                proxy = self.play(data)
                answer = ask(proxy.inbound)
                self.assert_status(answer, 502)
                self.assertIn("outrider", answer.get("Proxy-Status", ""))
                self.assertEqual(ask(proxy.inbound, "/good").body, b"good")

    def test_an_answer_cut_off_looks_cut_off(self):
        for what, data in CUT_BODIES.items():
            with self.subTest(what):
                proxy = self.play(data)
                with Client(proxy.inbound) as client:
                    answer = client.request()
                    if answer.status == 200:
                        self.assertFalse(answer.whole)
                    else:
                        self.assert_status(answer, 502)
                self.assertEqual(ask(proxy.inbound, "/good").body, b"good")

    def test_a_reset_looks_cut_off_too(self):
        proxy = self.play(CUT_BODIES["short of its length"], how="reset")
        answer = ask(proxy.inbound)
        self.assertTrue(answer.status == 502 or not answer.whole)

    def test_bytes_beyond_the_answer_reach_nobody(self):
        def overshoot(exchange):
            if exchange.read().target == "/good":
                return reply(body="good")
            return reply(body="five!") + b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"
        app = self.origin(overshoot)
        proxy = self.sidecar(app, settings={"workers": 1})
        with Client(proxy.inbound) as client:
            self.assertEqual(client.request().body, b"five!")
            self.assertEqual(client.request("/good").body, b"good")
        self.assertEqual(app.connections, 2)

    def test_a_head_too_large_is_502(self):
        proxy = self.play(b"HTTP/1.1 200 OK\r\n" + b"X: " + b"y" * 200000 + b"\r\nContent-Length: 0\r\n\r\n")
        self.assert_status(ask(proxy.inbound), 502)

    def test_endless_interim_answers_end(self):
        def hint(exchange):
            exchange.read()
            for _ in range(100000):
                exchange.send(b"HTTP/1.1 103 Early Hints\r\n\r\n")
        proxy = self.sidecar(self.origin(hint), settings={"timeouts.first_byte": "2s", "timeouts.total": "3s"})
        with Client(proxy.inbound) as client:
            client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            try:
                self.assertIn(client.response().status, (502, 504))
            except harness.Closed:
                pass


if __name__ == "__main__":
    harness.main()
