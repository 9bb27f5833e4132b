"""Where the application's calls go: by Host, absolute form, a listener per upstream, DNS; and where callers' never go."""
import harness
from harness import Client, ask, fields_told, reply, told


def named(name):
    return lambda exchange: reply(body=name)


class Outbound(harness.Case):
    def test_the_host_chooses_the_upstream(self):
        proxy = self.sidecar(routes={"stock": self.origin(named("stock")), "billing": self.origin(named("billing"))})
        with Client(proxy.outbound) as client:
            for host in ("stock", "billing", "STOCK", "stock:80", "billing"):
                self.assertEqual(client.request(host=host).body.decode(), host.lower().partition(":")[0])

    def test_absolute_form_chooses_by_its_authority_not_by_host(self):
        proxy = self.sidecar(routes={"stock": self.origin(), "billing": self.origin(named("billing"))})
        with Client(proxy.outbound) as client:
            client.send("GET http://stock/items?x=1 HTTP/1.1\r\nHost: billing\r\n\r\n")
            answer = client.response()
        self.assertEqual(told(answer)["target"], "/items?x=1")
        self.assertEqual(fields_told(answer, "Host"), ["stock"])

    def test_absolute_form_without_a_path_asks_for_the_root(self):
        proxy = self.sidecar(routes={"stock": self.origin()})
        with Client(proxy.outbound) as client:
            client.send("GET http://stock?x=1 HTTP/1.1\r\nHost: stock\r\n\r\n")
            self.assertEqual(told(client.response())["target"], "/?x=1")

    def test_a_listener_of_its_own_serves_an_upstream_whatever_the_host(self):
        stock = self.origin()
        proxy = self.sidecar(routes={"stock": stock}, settings={"upstreams.stock.listen": "127.0.0.1:0"})
        host, port = proxy.upstreams["stock"]
        answer = ask((host, port), "/items", host=f"{host}:{port}")
        self.assertEqual(told(answer)["target"], "/items")

    def test_other_hosts_are_looked_up_in_dns(self):
        peer = self.origin()
        proxy = self.sidecar(routes={})
        answer = ask(proxy.outbound, "/x", host=f"localhost:{peer.port}")
        self.assertEqual(told(answer)["target"], "/x")
        self.assertEqual(fields_told(answer, "Host"), [f"localhost:{peer.port}"])

    def test_unknown_hosts_can_be_refused(self):
        peer = self.origin()
        proxy = self.sidecar(routes={"stock": self.origin()}, settings={"outbound.unknown_host": "refuse"})
        answer = ask(proxy.outbound, host=f"localhost:{peer.port}")
        self.assertGreaterEqual(answer.status, 400)
        self.assertIn("outrider", answer.get("Proxy-Status", ""))
        self.assertEqual(answer.get("Content-Type"), "application/problem+json")
        self.assertIn(b"localhost", answer.body)
        self.assertEqual(peer.accepted, 0)
        self.assert_status(ask(proxy.outbound, host="stock"), 200)

    def test_the_listeners_own_name_gets_421_that_says_what_to_do(self):
        proxy = self.sidecar(routes={"stock": self.origin()})
        host, port = proxy.outbound
        for authority in (f"{host}:{port}", f"localhost:{port}"):
            answer = ask(proxy.outbound, host=authority)
            self.assert_status(answer, 421)
            for way in (b"Host", b"HTTP_PROXY", b"listen"):
                self.assertIn(way, answer.body, answer.body)

    def test_an_upstream_that_dns_does_not_know_is_503_with_the_reason(self):
        proxy = self.sidecar(routes={"stock": "no-such-host.invalid:80"})
        for host in ("stock", "another.invalid"):
            answer = ask(proxy.outbound, host=host)
            self.assert_status(answer, 503)
            self.assertIn(b"invalid", answer.body)
            self.assertIn("dns_error", answer.get("Proxy-Status", ""))

    def test_several_endpoints_share_the_load(self):
        one, two = self.origin(named("one")), self.origin(named("two"))
        proxy = self.sidecar_from(f"""
service: orders
outbound: {{listen: "127.0.0.1:0"}}
upstreams: {{stock: {{endpoints: ["{one}", "{two}"]}}}}
state: {self.folder()}
""")
        self.assertEqual({ask(proxy.outbound, host="stock").body for _ in range(20)}, {b"one", b"two"})

    def test_an_endpoint_that_refuses_connections_is_passed_over(self):
        dead, alive = harness.processes.free_ports(1)[0], self.origin(named("alive"))
        proxy = self.sidecar_from(f"""
service: orders
outbound: {{listen: "127.0.0.1:0"}}
upstreams: {{stock: {{endpoints: ["127.0.0.1:{dead}", "{alive}"]}}}}
state: {self.folder()}
""")
        for _ in range(10):
            self.assertEqual(ask(proxy.outbound, host="stock").body, b"alive")


class Inbound(harness.Case):
    def test_never_routes_by_authority(self):
        app, elsewhere = self.origin(named("app")), self.origin(named("elsewhere"))
        proxy = self.sidecar(app, routes={"stock": elsewhere})
        for host in ("stock", str(elsewhere), "localhost", "169.254.169.254"):
            self.assertEqual(ask(proxy.inbound, host=host).body, b"app")
        with Client(proxy.inbound) as client:
            client.send(f"GET http://{elsewhere}/x HTTP/1.1\r\nHost: {elsewhere}\r\n\r\n")
            self.assertIn(client.response().body, (b"app",))
        self.assertEqual(elsewhere.accepted, 0)

    def test_an_application_that_is_down_is_named(self):
        port = harness.processes.free_ports(1)[0]
        proxy = self.sidecar(f"127.0.0.1:{port}")
        answer = ask(proxy.inbound)
        self.assertIn(answer.status, (502, 503))
        self.assertIn("connection_refused", answer.get("Proxy-Status", ""))
        self.assertEqual(answer.get("Content-Type"), "application/problem+json")

    def test_several_listeners_have_an_application_each(self):
        one, two = self.origin(named("one")), self.origin(named("two"))
        proxy = self.sidecar_from(f"""
service: orders
inbound:
  - {{listen: "127.0.0.1:0", app: "{one}"}}
  - {{listen: "127.0.0.1:0", app: "{two}"}}
state: {self.folder()}
""")
        self.assertEqual([ask(address).body for address in proxy.inbounds], [b"one", b"two"])


if __name__ == "__main__":
    harness.main()
