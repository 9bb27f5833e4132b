"""Malformed and ambiguous requests get a 4xx and a close, and nothing of them is forwarded."""
import harness
from harness import Client, Closed, exchange

MALFORMED = {
    "two different lengths": "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
    "length and chunks": "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "an unknown transfer coding": "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n",
    "chunked is not last": "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n",
    "chunked twice": "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
    "chunked in HTTP/1.0": "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "no Host": "GET / HTTP/1.1\r\n\r\n",
    "two Hosts": "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    "a Host with a path": "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n",
    "a Host with user info": "GET / HTTP/1.1\r\nHost: user@a\r\n\r\n",
    "a folded line": "GET / HTTP/1.1\r\nHost: a\r\nX: one\r\n two\r\n\r\n",
    "space before the colon": "GET / HTTP/1.1\r\nHost: a\r\nContent-Length : 3\r\n\r\nabc",
    "a field without a colon": "GET / HTTP/1.1\r\nHost: a\r\nnothing\r\n\r\n",
    "a NUL": "GET / HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n",
    "a bare CR": "GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n",
    "a negative length": "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
    "a length with a plus": "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +3\r\n\r\nabc",
    "a length beyond 64 bits": "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n",
    "space in the target": "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n",
    "a target that is no target": "GET a HTTP/1.1\r\nHost: a\r\n\r\n",
    "no version": "GET /\r\nHost: a\r\n\r\n",
    "another protocol": "GET / HTTQ/1.1\r\nHost: a\r\n\r\n",
    "a later version": "GET / HTTP/2.0\r\nHost: a\r\n\r\n",
}
BAD_CHUNKS = {
    "no size": "x\r\n", "a negative size": "-1\r\n", "a size too large": "fffffffffffffffff\r\n", "no CRLF after the data": "1\r\naXX",
    "0x": "0x1\r\na\r\n",
}


class BadRequests(harness.Case):
    @classmethod
    def setUpClass(cls):
        case = harness.Case()
        cls.app = harness.Origin()
        cls.proxy = harness.Sidecar(case.arguments(cls.app, routes={"stock": cls.app}, settings={"timeouts.head": "2s"}))
        cls.case = case

    @classmethod
    def tearDownClass(cls):
        cls.proxy.close()
        cls.app.close()
        cls.case.doCleanups()

    def setUp(self):
        self.app.requests.clear()
        self.app.bad.clear()

    def assert_refused(self, data, address=None):
        answer, ended = exchange(address or self.proxy.inbound, data.encode("latin-1"))
        if answer is not None:
            self.assertTrue(400 <= answer.status < 500 or answer.status in (501, 505), answer.start)
        self.assertTrue(ended, "the connection stays open")
        self.assertEqual((self.app.requests, self.app.bad), ([], []))

    def test_malformed_requests_on_inbound(self):
        for what, data in MALFORMED.items():
            with self.subTest(what):
                self.assert_refused(data)

    def test_malformed_requests_on_outbound(self):
        for what, data in MALFORMED.items():
            with self.subTest(what):
                self.assert_refused(data.replace("Host: a\r\n", "Host: stock\r\n"), self.proxy.outbound)

    def test_a_smuggled_second_request_is_never_seen(self):
        self.assert_refused("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n"
                            "0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n")

    def test_a_good_request_before_a_bad_one_is_answered(self):
        with Client(self.proxy.inbound) as client:
            client.send("GET /good HTTP/1.1\r\nHost: a\r\n\r\nGET bad HTTP/1.1\r\nHost: a\r\n\r\n")
            self.assert_status(client.response(), 200)
            self.assert_status(client.response(), 400)
            self.assertTrue(client.ended())
        self.assertEqual([request.target for request in self.app.requests], ["/good"])

    def test_the_answer_says_what_is_wrong(self):
        answer, _ = exchange(self.proxy.inbound, MALFORMED["length and chunks"].encode())
        self.assert_status(answer, 400)
        self.assertEqual(answer.get("Content-Type"), "application/problem+json")
        self.assertIn("http_request_error", answer.get("Proxy-Status", ""))

    def test_garbage_is_survived(self):
        for data in (b"\0" * 4000, b"\r\n" * 4000, bytes(range(128, 256)) * 40, b"GET " + b"/" * 200000, b"A" * 200000):
            with self.subTest(data[:8]):
                try:
                    answer, _ = exchange(self.proxy.inbound, data)
                except (Closed, OSError):
                    continue
                self.assertTrue(answer is None or 400 <= answer.status < 600)
        self.assertEqual(self.app.requests, [])
        self.assert_status(harness.ask(self.proxy.inbound), 200)


class BadChunks(harness.Case):
    def test_bad_chunks_end_the_exchange_and_never_look_whole(self):
        app = self.origin()
        proxy = self.sidecar(app)
        for what, chunk in BAD_CHUNKS.items():
            with self.subTest(what), Client(proxy.inbound) as client:
                client.send("POST /bad HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk)
                try:
                    self.assertGreaterEqual(client.response().status, 400)
                except Closed:
                    pass
                self.assertTrue(client.ended())
                self.assertEqual(app.bad, [])


class Limits(harness.Case):
    def setUp(self):
        self.app = self.origin()

    def assert_refused(self, settings, status, target="/", fields=""):
        proxy = self.sidecar(self.app, settings=settings)
        answer, ended = exchange(proxy.inbound, f"GET {target} HTTP/1.1\r\nHost: a\r\n{fields}\r\n".encode())
        self.assert_status(answer, status)
        self.assertTrue(ended)
        self.assertEqual(self.app.requests, [])

    def test_a_head_too_large_is_431(self):
        self.assert_refused({"limits.head_bytes": "2KiB"}, 431, fields="".join(f"X-{n}: {'y' * 100}\r\n" for n in range(30)))

    def test_too_many_fields_are_431(self):
        self.assert_refused({"limits.fields": "20"}, 431, fields="".join(f"X-{n}: 1\r\n" for n in range(40)))

    def test_a_target_too_long_is_414(self):
        self.assert_refused({"limits.target_bytes": "512"}, 414, target="/" + "a" * 1000)

    def test_trailers_too_large_end_the_exchange(self):
        proxy = self.sidecar(self.app, settings={"limits.trailer_bytes": "1KiB"})
        with Client(proxy.inbound) as client:
            client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n"
                        + "".join(f"X-{n}: {'y' * 100}\r\n" for n in range(30)) + "\r\n")
            try:
                self.assertGreaterEqual(client.response().status, 400)
            except Closed:
                pass

    def test_connections_beyond_the_limit_wait_or_are_refused_and_the_rest_work(self):
        proxy = self.sidecar(self.app, settings={"limits.connections": "4", "workers": 1})
        held = [Client(proxy.inbound) for _ in range(4)]
        self.addCleanup(lambda: [client.socket.close() for client in held])
        for client in held:
            self.assert_status(client.request(), 200)
        try:
            with Client(proxy.inbound, timeout=1) as extra:
                extra.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
                self.assert_status(extra.response(), 503)
        except (Closed, OSError):
            pass  # reset, even before connect() returned
        for client in held:
            self.assert_status(client.request(), 200)
        held.pop().socket.close()
        harness.wait_for(lambda: self.works(proxy), "a place to become free")

    def works(self, proxy):
        try:
            with Client(proxy.inbound, timeout=1) as client:
                return client.request().status == 200
        except (Closed, OSError):
            return False


if __name__ == "__main__":
    harness.main()
