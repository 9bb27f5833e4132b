"""What spans say: names, attributes, status, privacy; one per refused and failed exchange, one CLIENT span per attempt."""
import harness
from harness import CLIENT, SERVER, Client, ask, attributes, exchange, reply, wait_for

ERROR = 2


class Case(harness.Case):
    def start(self, app=None, routes=None, more=(), **settings):
        self.received = self.receiver()
        return self.sidecar(app, routes=routes, otlp=self.received, settings=self.json_spans(**settings), more=more)

    def span(self, kind):
        span = self.received.span(kind)
        return span, attributes(span)

    def status_of(self, span):
        return span.get("status", {}).get("code", 0)


class ServerSpans(Case):
    def test_say_what_was_asked_and_answered(self):
        proxy = self.start(self.origin())
        ask(proxy.inbound, "/orders/7?x=1", fields={"User-Agent": "test/1"}, host="shop.example:8080")
        span, said = self.span(SERVER)
        self.assertEqual(span["name"], "GET")  # no route is known: never the raw path
        self.assertEqual({key: said.get(key) for key in ("http.request.method", "url.path", "url.query", "url.scheme", "server.address",
                                                          "server.port", "http.response.status_code", "user_agent.original",
                                                          "network.protocol.version", "client.address", "network.peer.address")},
                         {"http.request.method": "GET", "url.path": "/orders/7", "url.query": "x=1", "url.scheme": "http",
                          "server.address": "shop.example", "server.port": 8080, "http.response.status_code": 200,
                          "user_agent.original": "test/1", "network.protocol.version": "1.1", "client.address": "127.0.0.1",
                          "network.peer.address": "127.0.0.1"})
        self.assertIn("network.peer.port", said)
        self.assertEqual(self.status_of(span), 0)
        self.assertGreater(int(span["endTimeUnixNano"]), int(span["startTimeUnixNano"]))

    def test_the_resource_names_the_service(self):
        proxy = self.start(self.origin(), service_version="1.2", **{"tracing.resource.team": "checkout"})
        ask(proxy.inbound)
        self.received.wait_for_spans(1)
        resource = self.received.exports[0].resource()
        self.assertEqual((resource["service.name"], resource["service.version"], resource["team"]), ("orders", "1.2", "checkout"))
        self.assertTrue(resource["service.instance.id"])
        self.assertTrue("host.name" in resource or "host.id" in resource)

    def test_5xx_is_an_error_and_4xx_is_not(self):
        proxy = self.start(self.origin(lambda exchange: reply(int(exchange.read().target[1:]), reason="X")))
        for status in (404, 500):
            ask(proxy.inbound, f"/{status}")
        by_status = {attributes(span)["http.response.status_code"]: span for span in self.received.wait_for_spans(2)}
        self.assertEqual((self.status_of(by_status[404]), self.status_of(by_status[500])), (0, ERROR))
        self.assertEqual(attributes(by_status[500])["error.type"], "500")

    def test_an_unknown_method_is_other(self):
        proxy = self.start(self.origin())
        ask(proxy.inbound, method="BREW")
        span, said = self.span(SERVER)
        self.assertEqual((span["name"], said["http.request.method"], said["http.request.method_original"]), ("HTTP", "_OTHER", "BREW"))

    def test_a_failed_exchange_has_one(self):
        port = harness.processes.free_ports(1)[0]
        proxy = self.start(f"127.0.0.1:{port}")
        answer = ask(proxy.inbound)
        span, said = self.span(SERVER)
        self.assertEqual((said["http.response.status_code"], self.status_of(span)), (answer.status, ERROR))
        self.assertTrue(said["error.type"])

    def test_a_malformed_request_has_one(self):
        proxy = self.start(self.origin())
        exchange(proxy.inbound, b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n")
        _, said = self.span(SERVER)
        self.assertEqual(said["http.response.status_code"], 400)

    def test_an_answer_cut_off_is_an_error(self):
        def cut(exchange):
            exchange.read()
            exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort")
            exchange.close()
        proxy = self.start(self.origin(cut))
        ask(proxy.inbound)
        span, said = self.span(SERVER)
        self.assertEqual(self.status_of(span), ERROR)
        self.assertTrue(said["error.type"])

    def test_a_client_that_goes_away_leaves_one(self):
        proxy = self.start(self.origin(lambda exchange: exchange.read() and exchange.more()))
        with Client(proxy.inbound) as client:
            client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            wait_for(lambda: proxy.total("outrider_connections_open") >= 0, "metrics")
            client.reset()
        _, said = self.span(SERVER)
        self.assertTrue(said["error.type"])


class ClientSpans(Case):
    def test_say_where_the_call_went(self):
        stock = self.origin()
        proxy = self.start(routes={"stock": stock})
        ask(proxy.outbound, "/items?x=1", host="stock")
        span, said = self.span(CLIENT)
        self.assertEqual(span["name"], "GET")
        self.assertEqual((said["http.request.method"], said["http.response.status_code"]), ("GET", 200))
        self.assertTrue(said["url.full"].startswith("http://stock"), said["url.full"])
        self.assertTrue(said["url.full"].endswith("/items?x=1"), said["url.full"])
        self.assertIn(said["server.address"], ("stock", "127.0.0.1"))
        self.assertEqual((said["network.peer.address"], said["network.peer.port"]), ("127.0.0.1", stock.port))

    def test_4xx_and_5xx_are_errors(self):
        proxy = self.start(routes={"stock": self.origin(lambda exchange: reply(404, reason="Not Found"))})
        ask(proxy.outbound, host="stock")
        span, said = self.span(CLIENT)
        self.assertEqual((self.status_of(span), said["error.type"]), (ERROR, "404"))

    def test_every_attempt_has_its_own(self):
        def close_on_reuse(exchange):
            exchange.read()
            if exchange.number > 0:
                exchange.close()
                return None
            return reply()
        stock = self.origin(close_on_reuse)
        proxy = self.start(routes={"stock": stock}, workers=1)
        ask(proxy.outbound, host="stock")
        ask(proxy.outbound, host="stock")
        self.received.wait_for_spans(3)
        self.assertEqual(len(stock.requests), 3)
        spans = [span for span in self.received.spans() if span["kind"] == CLIENT]
        self.assertEqual(len(spans), 3)
        self.assertEqual(sorted(attributes(span).get("http.request.resend_count", 0) for span in spans), [0, 0, 1])
        sent = {request.get("traceparent").split("-")[2] for request in stock.requests}
        self.assertEqual(sent, {span["spanId"] for span in spans})

    def test_a_refused_call_has_one(self):
        proxy = self.start(routes={"stock": "127.0.0.1:1"}, **{"outbound.unknown_host": "refuse"})
        ask(proxy.outbound, host="elsewhere.example")
        span, said = self.span(CLIENT)
        self.assertEqual(self.status_of(span), ERROR)
        self.assertTrue(said["error.type"])

    def test_an_unresolvable_upstream_has_one(self):
        proxy = self.start(routes={"stock": "no-such-host.invalid:80"})
        ask(proxy.outbound, host="stock")
        span, said = self.span(CLIENT)
        self.assertEqual((self.status_of(span), said["server.address"] in ("stock", "no-such-host.invalid")), (ERROR, True))

    def test_a_tunnel_has_one(self):
        peer = self.origin(raw=lambda connection: connection.recv(1))
        proxy = self.start(routes={"stock": peer})
        with Client(proxy.outbound) as client:
            client.send("CONNECT stock:80 HTTP/1.1\r\nHost: stock:80\r\n\r\n").response("CONNECT")
        span, said = self.span(CLIENT)
        self.assertEqual((span["name"], said["http.request.method"]), ("CONNECT", "CONNECT"))


class Privacy(Case):
    def test_secrets_in_queries_are_redacted(self):
        proxy = self.start(self.origin(), routes={"stock": self.origin()}, **{"tracing.redact_query": "card"})
        query = "sig=s3cr3t&Signature=s3cr3t&AWSAccessKeyId=s3cr3t&X-Goog-Signature=s3cr3t&token=s3cr3t&card=s3cr3t&name=x"
        self.assertIn("s3cr3t", harness.told(ask(proxy.inbound, f"/?{query}"))["target"])  # the application still gets it
        ask(proxy.outbound, f"/?{query}", host="stock")
        self.received.wait_for_spans(2)
        for span in self.received.spans():
            said = attributes(span)
            text = said.get("url.query", "") + said.get("url.full", "")
            self.assertNotIn("s3cr3t", text)
            self.assertIn("name=x", text)

    def test_user_info_in_urls_is_redacted(self):
        stock = self.origin()
        proxy = self.start(routes={"stock": stock})
        with Client(proxy.outbound) as client:
            answer = client.send("GET http://user:s3cr3t@stock/ HTTP/1.1\r\nHost: stock\r\n\r\n").response()
        _, said = self.span(CLIENT)
        self.assertNotIn("s3cr3t", "".join(map(str, said.values())), answer.start)


if __name__ == "__main__":
    harness.main()
