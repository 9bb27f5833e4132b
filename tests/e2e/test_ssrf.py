"""What an application may not reach through its outbound listener, by whatever name."""
import harness
from harness import Client, ask


class Guards(harness.Case):
    def setUp(self):
        self.app = self.origin()
        self.proxy = self.sidecar(self.app, routes={"stock": self.origin()}, settings={"probes": "127.0.0.1:0"})

    def assert_refused(self, host):
        for data in (f"GET / HTTP/1.1\r\nHost: {host}\r\n\r\n", f"GET http://{host}/ HTTP/1.1\r\nHost: {host}\r\n\r\n",
                     f"CONNECT {host} HTTP/1.1\r\nHost: {host}\r\n\r\n"):
            with Client(self.proxy.outbound) as client:
                answer = client.send(data).response()
            self.assertGreaterEqual(answer.status, 400, data)
            self.assertNotIn(answer.status, (500, 504), data)
            self.assertIn("outrider", answer.get("Proxy-Status", ""), data)

    def test_its_own_listeners(self):
        for address in (self.proxy.inbound, self.proxy.admin, self.proxy.probes, self.proxy.outbound):
            for name in ("127.0.0.1", "localhost"):
                self.assert_refused(f"{name}:{address[1]}")
        self.assertEqual(self.app.requests, [])

    def test_its_own_listeners_by_other_spellings_of_loopback(self):
        port = self.proxy.admin[1]
        for name in ("[::ffff:127.0.0.1]", "0.0.0.0", "2130706433", "0x7f000001", "127.1"):
            with Client(self.proxy.outbound) as client:
                answer = client.send(f"GET /api/state HTTP/1.1\r\nHost: {name}:{port}\r\n\r\n").response()
            self.assertGreaterEqual(answer.status, 400, name)
            self.assertIn("outrider", answer.get("Proxy-Status", ""), name)

    def test_link_local_addresses(self):
        for host in ("169.254.169.254:80", "169.254.1.1:8080", "[fe80::1]:80", "[::ffff:169.254.169.254]:80"):
            self.assert_refused(host)

    def test_named_upstreams_still_work(self):
        self.assert_status(ask(self.proxy.outbound, host="stock"), 200)


class OpenOutbound(harness.Case):
    def test_a_listener_beyond_loopback_requires_refuse(self):
        done = harness.run("run", "--service", "orders", "--outbound", "0.0.0.0:0", "--route", "stock=127.0.0.1:1",
                           "--state", self.folder())
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertIn("unknown_host", done.stderr + done.stdout)

    def test_with_refuse_it_starts(self):
        proxy = self.sidecar(outbound=False, routes={"stock": self.origin()},
                             more=["--outbound", "0.0.0.0:0", "--set", "outbound.unknown_host=refuse"])
        self.assert_status(ask(("127.0.0.1", proxy.outbound[1]), host="stock"), 200)


if __name__ == "__main__":
    harness.main()
