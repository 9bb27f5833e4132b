"""Which fields cross the proxy: hop-by-hop ones do not, Via and X-Forwarded-* are added, loops are found."""
import harness
from harness import ask, fields_told, reply, told


class HopByHop(harness.Case):
    def setUp(self):
        self.app = self.origin()
        self.proxy = self.sidecar(self.app)

    def test_fields_of_the_connection_stay_on_it(self):
        answer = ask(self.proxy.inbound, fields={"Connection": "X-Private, keep-alive", "X-Private": "1", "Keep-Alive": "timeout=5",
                                                 "Proxy-Connection": "keep-alive", "TE": "gzip", "X-Public": "2"})
        for name in ("X-Private", "Keep-Alive", "Proxy-Connection", "TE"):
            self.assertEqual(fields_told(answer, name), [], name)
        self.assertEqual(fields_told(answer, "X-Public"), ["2"])

    def test_connection_cannot_nominate_what_must_arrive(self):
        parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
        answer = ask(self.proxy.inbound, method="POST", body=b"body",
                     fields={"Connection": "Host, Content-Length, Authorization, Cookie, X-Forwarded-For, traceparent, tracestate",
                             "Authorization": "Bearer t", "traceparent": parent, "tracestate": "a=1"})
        self.assertEqual(told(answer)["body"], "body")
        self.assertEqual(fields_told(answer, "Host"), ["app.test"])
        self.assertEqual(fields_told(answer, "Authorization"), ["Bearer t"])
        self.assertEqual(len(fields_told(answer, "X-Forwarded-For")), 1)
        self.assertIn("0af7651916cd43dd8448eb211c80319c", fields_told(answer, "traceparent")[0])

    def test_fields_of_the_origins_connection_stay_there(self):
        proxy = self.sidecar(self.origin(lambda exchange: reply(fields=[("Connection", "X-Private"), ("X-Private", "1"),
                                                                       ("Keep-Alive", "timeout=5"), ("X-Public", "2")])))
        answer = ask(proxy.inbound)
        self.assertEqual((answer.get("X-Private"), answer.get("Keep-Alive"), answer.get("X-Public")), (None, None, "2"))


class Via(harness.Case):
    def test_names_the_instance_and_the_direction(self):
        proxy = self.sidecar(self.origin(), routes={"stock": self.origin()})
        inbound, outbound = (fields_told(ask(address, host="stock"), "Via")[0] for address in (proxy.inbound, proxy.outbound))
        for value in (inbound, outbound):
            self.assertRegex(value, r"^1\.1 \S+$")
        self.assertNotEqual(inbound, outbound)

    def test_can_be_disabled(self):
        answer = ask(self.sidecar(self.origin(), settings={"via": "disabled"}).inbound)
        self.assertEqual((fields_told(answer, "Via"), answer.all("Via")), ([], []))

    def test_fields_copied_from_inbound_to_outbound_are_no_loop(self):
        stock = self.origin()
        proxies = []

        def copy_everything(exchange):
            request = exchange.read()
            copied = {name: value for name, value in request.fields if name.lower() != "host"}
            return reply(body=ask(proxies[0].outbound, fields=copied, host="stock").body)

        proxies.append(self.sidecar(self.origin(copy_everything), routes={"stock": stock}))
        answer = ask(proxies[0].inbound)
        self.assert_status(answer, 200)
        self.assertEqual(len(", ".join(fields_told(answer, "Via")).split(",")), 2)

    def test_a_true_loop_ends_with_508(self):
        def send_back(exchange):
            """What a misrouted load balancer does: the same request, Via and all, to where it came from."""
            request = exchange.read()
            fields = {name: value for name, value in request.fields if name.lower() not in ("host", "connection")}
            answer = ask(looping[0].inbound, request.target, fields=fields)
            return reply(answer.status, answer.body)

        balancer = self.origin(send_back)
        looping = [self.sidecar(balancer)]
        self.assert_status(ask(looping[0].inbound), 508)
        self.assertEqual(len(balancer.requests), 1)


class Forwarded(harness.Case):
    FROM_OUTSIDE = {"X-Forwarded-For": "203.0.113.7", "X-Forwarded-Proto": "https", "X-Forwarded-Host": "evil.example"}

    def test_a_caller_is_named(self):
        answer = ask(self.sidecar(self.origin()).inbound, host="shop.example")
        self.assertEqual(fields_told(answer, "X-Forwarded-For"), ["127.0.0.1"])
        self.assertEqual(fields_told(answer, "X-Forwarded-Proto"), ["http"])
        self.assertEqual(fields_told(answer, "X-Forwarded-Host"), ["shop.example"])

    def test_what_a_caller_claims_is_replaced_unless_trusted(self):
        answer = ask(self.sidecar(self.origin()).inbound, fields={**self.FROM_OUTSIDE, "Forwarded": "for=203.0.113.7"})
        self.assertEqual(fields_told(answer, "X-Forwarded-For"), ["127.0.0.1"])
        self.assertEqual(fields_told(answer, "X-Forwarded-Proto"), ["http"])
        self.assertNotIn("203.0.113.7", "".join(fields_told(answer, "Forwarded")))

    def test_a_trusted_caller_is_kept_and_extended(self):
        proxy = self.sidecar(self.origin(), settings={"inbound.0.trust_forwarded": "true"})
        answer = ask(proxy.inbound, fields=self.FROM_OUTSIDE)
        self.assertEqual(", ".join(fields_told(answer, "X-Forwarded-For")), "203.0.113.7, 127.0.0.1")
        self.assertEqual(fields_told(answer, "X-Forwarded-Proto"), ["https"])
        self.assertEqual(fields_told(answer, "X-Forwarded-Host"), ["evil.example"])

    def test_calls_of_the_application_carry_none(self):
        answer = ask(self.sidecar(routes={"stock": self.origin()}).outbound, host="stock")
        self.assertEqual(fields_told(answer, "X-Forwarded-For"), [])


if __name__ == "__main__":
    harness.main()
