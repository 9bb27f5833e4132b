"""What a sidecar keeps of messages, so that an application that drops every header still leaves chains."""
import base64
import json

import harness

from harness import CLIENT, SERVER, attributes, reply, wait_for

SECRETS = ("bearer-4f3c2b1a", "session-77aa88bb", "hidden-card-4111")
JSON = {"Content-Type": "application/json"}


def hashes(span):
    """The hashes of a span's values."""
    raw = base64.b64decode(attributes(span).get("outrider.echo", ""))
    return {raw[at:at + 8] for at in range(0, len(raw), 8)}


class Capture(harness.Case):
    """orders, which hands nothing on, between its own sidecar's two sides."""

    def start(self, settings=None, answer=b'{"status":"reserved"}'):
        self.collected = self.receiver()
        self.stock = self.origin(lambda exchange: (exchange.read(), reply(body=answer, fields=[("Content-Type", "application/json")]))[1])
        self.app = self.origin(self.order)
        chosen = {"keys.order": "path:order,json:/orderId", "tracing.correlation": "header:x-flow", "tracing.redact_query": "card",
                  **(settings or {})}
        self.sidecar_of_orders = self.sidecar(self.app, more=["--collector", self.collected.url], routes={"stock": self.stock},
                                              settings=self.json_spans(**chosen))

    def order(self, exchange):
        """The application: it calls stock with the order's number in JSON, and forgets the headers."""
        request = exchange.read()
        number = request.target.split("?")[0].rsplit("/", 1)[-1]
        called = harness.ask(self.sidecar_of_orders.outbound, "/reservations", method="POST", host="stock", fields=JSON,
                             body=json.dumps({"orderId": number, "note": "please hurry"}).encode())
        return reply(body=called.body, fields=[("Content-Type", "application/json")])

    def place(self, target="/orders/4711-0815", **fields):
        answer = harness.ask(self.sidecar_of_orders.inbound, target, fields=fields)
        self.assert_status(answer, 200)
        return self.collected.span(SERVER), self.collected.span(CLIENT)

    def test_both_sides_carry_the_key_and_an_echo_of_it(self):
        self.start()
        inside, outside = self.place()
        self.assertNotEqual(inside["traceId"], outside["traceId"], "the application forgot the context")
        for span in (inside, outside):
            self.assertEqual(attributes(span)["chain.key.order"], "4711-0815")
        self.assertEqual(len(hashes(inside) & hashes(outside)), 1, "the order's number")
        self.assertEqual(attributes(outside)["outrider.inbound_open"], 1)
        self.assertNotIn("outrider.inbound_open", attributes(inside))
        self.assertNotIn("outrider.head_sampled", attributes(inside))

    def test_ids_of_cloud_events_and_correlations_are_attributes(self):
        self.start()
        inside, _ = self.place(**{"ce-id": "m-2", "ce-causationid": "m-1", "x-flow": "flow-1", "ce-correlationid": "c-1"})
        said = attributes(inside)
        self.assertEqual((said["chain.message_id"], said["chain.causation_id"], said["chain.correlation_id"]), ("m-2", "m-1", "flow-1"))

    def test_an_answer_tells_a_key_that_the_request_lacks(self):
        self.start(answer=b'{"orderId":"given-out-1"}')
        inside, _ = self.place("/place-order")
        self.assertEqual(attributes(inside)["chain.key.order"], "given-out-1")

    def test_a_body_that_streams_is_looked_into_as_well(self):
        self.start()
        body = json.dumps({"orderId": "chunked-1", "rest": "x" * 50_000}).encode()
        pieces = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in (body[:7], body[7:20], body[20:])) + b"0\r\n\r\n"
        answer, _ = harness.exchange(self.sidecar_of_orders.outbound, b"POST /reservations HTTP/1.1\r\nHost: stock\r\n"
                                     b"Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n" + pieces)
        self.assert_status(answer, 200)
        self.assertEqual(attributes(self.collected.span(CLIENT))["chain.key.order"], "chunked-1")

    def test_every_span_is_sent_whatever_the_sampler_says(self):
        self.start({"tracing.sampler": "traceidratio", "tracing.sampler_arg": "10%"})
        count = 60
        for number in range(count):
            self.place(f"/orders/number-{number}")
        spans = self.collected.wait_for_spans(2 * count, within=60)
        entered = [span for span in spans if span["kind"] == SERVER]
        self.assertEqual(len(entered), count)
        kept = [span for span in entered if "outrider.head_sampled" not in attributes(span)]
        self.assertLess(len(kept), count // 2, "about a tenth")
        for span in entered:
            flags = span.get("flags", 0) & 1
            self.assertEqual(flags == 1, span in kept, "the flag that was handed on is the sampler's decision")
            self.assertIs(attributes(span).get("outrider.head_sampled", True), span in kept)

    def test_credentials_are_nowhere(self):
        self.start({"keys.order": "path:order"})
        bearer, session, card = SECRETS
        inside, _ = self.place(f"/orders/plain?card={card}&%63ard={card}", Authorization=f"Bearer {bearer}", Cookie=f"id={session}")
        self.assertEqual(hashes(inside), set(), "no hash of them either")
        sent = b"".join(export.body for export in self.collected.exports)
        for secret in SECRETS:
            self.assertNotIn(secret.encode(), sent)

    def test_no_value_is_sent_but_keys(self):
        self.start({"keys.order": "path:order"})
        self.place("/orders/4711", **{"x-customer-id": "customer-0815"})
        sent = b"".join(export.body for export in self.collected.exports)
        self.assertNotIn(b"customer-0815", sent)
        self.assertNotIn(b"please hurry", sent)

    def test_a_shared_secret_makes_values_alike_in_two_processes(self):
        secret = {"tracing.echo_key": "a secret of all of them"}
        self.start(secret)
        first, _ = self.place()
        self.start(secret)
        second, _ = self.place()
        self.assertEqual(hashes(first), hashes(second))
        self.start()
        third, _ = self.place()
        self.assertNotEqual(hashes(first), hashes(third))

    def test_nothing_is_hashed_when_that_is_off(self):
        self.start({"tracing.echo.values": "0"})
        for span in self.place():
            self.assertNotIn("outrider.echo", attributes(span))
            self.assertEqual(attributes(span)["chain.key.order"], "4711-0815")

    def test_the_span_before_is_known_by_tracestate(self):
        self.start()
        inside, _ = self.place(traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00",
                               tracestate="other=1,outrider=00f067aa0ba902b7")
        self.assertEqual(inside.get("traceState"), "outrider=00f067aa0ba902b7")
        self.assertIs(attributes(inside)["outrider.head_sampled"], False)

    def test_keys_are_tags_without_a_collector_too(self):
        received = self.receiver()
        sidecar = self.sidecar(self.origin(), otlp=received, settings=self.json_spans(**{"keys.order": "path:order"}))
        self.assert_status(harness.ask(sidecar.inbound, "/orders/4711"), 200)
        said = attributes(received.span(SERVER))
        self.assertEqual(said["chain.key.order"], "4711")
        self.assertNotIn("outrider.echo", said)

    def test_the_embedded_collector_takes_it(self):
        collect = self.collector()
        sidecar = self.sidecar(self.origin(), more=["--collector", collect.url], settings={"keys.order": "path:order"})
        self.assert_status(harness.ask(sidecar.inbound, "/orders/4711"), 200)
        wait_for(lambda: any(tag["key"] == "chain.key.order" and tag["value"] == "4711"
                             for trace in collect.traces("orders") for span in trace["spans"] for tag in span["tags"]),
                 "the key in the collector", 20)


if __name__ == "__main__":
    harness.main()
