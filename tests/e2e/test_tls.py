"""TLS towards upstreams and collectors: own CAs, names, client certificates, and files that change."""
import shutil

import harness
from authority import Authority
from harness import Client, ask, told, wait_for


class TlsUpstream(harness.Case):
    def setUp(self):
        self.authority = Authority(self.folder())

    def proxy(self, upstream, **tls):
        settings = {"workers": 1, **{f"upstreams.pay.tls.{key}": value for key, value in tls.items()}}
        return self.sidecar(routes={"pay": f"https://{upstream}"}, settings=settings)

    def test_a_trusted_upstream_answers(self):
        context = self.authority.server("localhost")
        upstream = self.origin(context=context)
        proxy = self.proxy(f"localhost:{upstream.port}", ca=self.authority.ca)
        with Client(proxy.outbound) as client:
            for number in range(3):
                self.assertEqual(told(client.request(f"/{number}", host="pay"))["target"], f"/{number}")
        self.assertEqual(upstream.connections, 1)
        self.assertEqual(context.asked_for, ["localhost"])

    def test_the_systems_authorities_are_trusted_where_no_others_are_named(self):
        upstream = self.origin(context=self.authority.server("localhost"))
        proxy = self.sidecar(routes={"pay": f"https://localhost:{upstream.port}"}, environment={"SSL_CERT_FILE": str(self.authority.ca)})
        self.assert_status(ask(proxy.outbound, host="pay"), 200)

    def test_large_bodies_pass_in_both_directions(self):
        upstream = self.origin(lambda exchange: harness.reply(body=exchange.read().body), context=self.authority.server("localhost"))
        proxy = self.proxy(f"localhost:{upstream.port}", ca=self.authority.ca)
        body = bytes(range(256)) * 8192
        self.assertEqual(ask(proxy.outbound, method="POST", body=body, host="pay").body, body)

    def assert_refused(self, proxy, upstream):
        answer = ask(proxy.outbound, host="pay")
        self.assertIn(answer.status, (502, 503))
        self.assertRegex(answer.get("Proxy-Status", ""), "tls")
        self.assertEqual(upstream.requests, [])

    def test_an_upstream_with_another_name_is_refused(self):
        upstream = self.origin(context=self.authority.server("other.example"))
        self.assert_refused(self.proxy(f"localhost:{upstream.port}", ca=self.authority.ca), upstream)

    def test_an_authority_that_is_not_trusted_is_refused(self):
        upstream = self.origin(context=self.authority.server("localhost"))
        self.assert_refused(self.proxy(f"localhost:{upstream.port}"), upstream)
        self.assert_refused(self.proxy(f"localhost:{upstream.port}", ca=Authority(self.folder(), "Another CA").ca), upstream)

    def test_the_name_to_verify_can_be_given(self):
        context = self.authority.server("pay.example")
        upstream = self.origin(context=context)
        proxy = self.proxy(upstream, ca=self.authority.ca, server_name="pay.example")
        self.assert_status(ask(proxy.outbound, host="pay"), 200)
        self.assertEqual(context.asked_for, ["pay.example"])

    def test_an_address_is_verified_as_one(self):
        upstream = self.origin(context=self.authority.server("loopback", "IP:127.0.0.1"))
        self.assert_status(ask(self.proxy(upstream, ca=self.authority.ca).outbound, host="pay"), 200)

    def test_a_client_certificate_is_shown(self):
        upstream = self.origin(context=self.authority.server("localhost", ask_for_client=True))
        certificate, key = self.authority.issue("orders")
        with_one = self.proxy(f"localhost:{upstream.port}", ca=self.authority.ca, certificate=certificate, key=key)
        self.assert_status(ask(with_one.outbound, host="pay"), 200)
        without = self.proxy(f"localhost:{upstream.port}", ca=self.authority.ca)
        self.assertIn(ask(without.outbound, host="pay").status, (502, 503))

    def test_a_changed_file_is_taken_over_without_a_restart(self):
        trusted = self.folder() / "trusted.pem"
        other = Authority(self.folder(), "Old CA")
        shutil.copy(other.ca, trusted)
        upstream = self.origin(context=self.authority.server("localhost"))
        proxy = self.proxy(f"localhost:{upstream.port}", ca=trusted)
        self.assertIn(ask(proxy.outbound, host="pay").status, (502, 503))
        shutil.copy(self.authority.ca, trusted)
        wait_for(lambda: ask(proxy.outbound, host="pay").status == 200, "the new CA to be trusted", within=20)

    def test_a_peer_that_speaks_no_tls_is_a_fault(self):
        upstream = self.origin(raw=lambda connection: connection.recv(4096) and connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n"))
        self.assertIn(ask(self.proxy(f"localhost:{upstream.port}", ca=self.authority.ca).outbound, host="pay").status, (502, 503))

    def test_a_missing_file_is_an_error_at_start(self):
        done = harness.run("run", *self.arguments(routes={"pay": "https://localhost:1"}, settings={"upstreams.pay.tls.ca": "/no/such.pem"}))
        self.assertEqual(done.returncode, 2, done.stdout + done.stderr)
        self.assertIn("/no/such.pem", done.stdout + done.stderr)


class TlsCollector(harness.Case):
    def test_spans_go_over_tls_to_a_trusted_collector(self):
        authority = Authority(self.folder())
        receiver = self.receiver(context=authority.server("localhost"))
        proxy = self.sidecar(self.origin(), otlp=f"https://localhost:{receiver.port}",
                             settings=self.json_spans(**{"tracing.tls.ca": authority.ca}))
        ask(proxy.inbound)
        receiver.wait_for_spans(1)


if __name__ == "__main__":
    harness.main()
