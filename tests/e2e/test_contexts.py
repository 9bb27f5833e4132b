"""Trace contexts that come in, go on, are refused or start anew."""
import re

import harness
from harness import CLIENT, SERVER, attributes, ask, exchange, fields_told

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
PARENT = f"00-{TRACE}-{SPAN}-01"
FORM = re.compile(r"^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$")


class Case(harness.Case):
    def start(self, **settings):
        self.received = self.receiver()
        return self.sidecar(self.origin(), routes={"stock": self.origin()}, otlp=self.received, settings=self.json_spans(**settings))

    def forwarded(self, answer):
        """(trace id, span id, flags) that the origin got."""
        value, = fields_told(answer, "traceparent")
        return FORM.match(value).groups()


class Continued(Case):
    def test_a_traceparent_is_continued_with_the_sidecars_own_span(self):
        proxy = self.start()
        trace, span, flags = self.forwarded(ask(proxy.inbound, fields={"traceparent": PARENT}))
        self.assertEqual((trace, flags), (TRACE, "01"))
        exported = self.received.span(SERVER)
        self.assertEqual((exported["traceId"], exported["parentSpanId"], exported["spanId"]), (TRACE, SPAN, span))

    def test_outbound_makes_a_client_span_of_it(self):
        proxy = self.start()
        _, span, _ = self.forwarded(ask(proxy.outbound, host="stock", fields={"traceparent": PARENT}))
        exported = self.received.span(CLIENT)
        self.assertEqual((exported["traceId"], exported["parentSpanId"], exported["spanId"]), (TRACE, SPAN, span))

    def test_without_one_a_trace_starts(self):
        proxy = self.start()
        trace, span, flags = self.forwarded(ask(proxy.inbound))
        self.assertEqual(int(flags, 16) & 3, 3)  # sampled, and the id is random
        exported = self.received.span(SERVER)
        self.assertEqual((exported["traceId"], exported["spanId"], exported.get("parentSpanId", "")), (trace, span, ""))

    def test_unknown_flags_are_sent_as_zero_and_random_is_copied(self):
        proxy = self.start()
        self.assertEqual(self.forwarded(ask(proxy.inbound, fields={"traceparent": PARENT[:-2] + "ff"}))[2], "03")

    def test_a_later_version_is_read_as_the_first(self):
        proxy = self.start()
        self.assertEqual(self.forwarded(ask(proxy.inbound, fields={"traceparent": f"cc-{TRACE}-{SPAN}-01-what-comes"}))[0], TRACE)

    def test_tracestate_keeps_its_members_behind_ours(self):
        proxy = self.start()
        state = ",".join(fields_told(ask(proxy.inbound, fields={"traceparent": PARENT, "tracestate": "a=1,b=2"}), "tracestate"))
        own, *others = [member.strip() for member in state.split(",")]
        self.assertTrue(own.startswith("outrider="), state)
        self.assertEqual(others, ["a=1", "b=2"])

    def test_baggage_is_passed_through(self):
        proxy = self.start()
        self.assertEqual(fields_told(ask(proxy.inbound, fields={"baggage": "user=7,tier=gold"}), "baggage"), ["user=7,tier=gold"])


class Refused(Case):
    BAD = [f"00-{'0' * 32}-{SPAN}-01", f"00-{TRACE}-{'0' * 16}-01", f"ff-{TRACE}-{SPAN}-01", f"00-{TRACE.upper()}-{SPAN}-01",
           f"00-{TRACE}-{SPAN}", f"00-{TRACE}-{SPAN}-01-more", "00-short-b7ad6b7169203331-01", "", f"00-{TRACE}-{SPAN}-0g"]

    def test_a_bad_traceparent_starts_a_trace_and_drops_tracestate(self):
        proxy = self.start()
        for value in self.BAD:
            with self.subTest(value):
                answer = ask(proxy.inbound, fields={"traceparent": value, "tracestate": "a=1"})
                self.assertNotEqual(self.forwarded(answer)[0], TRACE)
                self.assertNotIn("a=1", ",".join(fields_told(answer, "tracestate")))

    def test_two_traceparents_are_bad(self):
        proxy = self.start()
        answer, _ = exchange(proxy.inbound, f"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\ntraceparent: {PARENT}\r\n"
                                            f"traceparent: {PARENT}\r\n\r\n".encode())
        self.assertNotEqual(self.forwarded(answer)[0], TRACE)


class OtherFormats(Case):
    def test_b3_in_one_field(self):
        answer = ask(self.start().inbound, fields={"b3": f"{TRACE}-{SPAN}-1"})
        self.assertEqual(self.forwarded(answer)[0], TRACE)

    def test_b3_in_several_fields_with_a_short_id(self):
        answer = ask(self.start().inbound, fields={"X-B3-TraceId": SPAN, "X-B3-SpanId": SPAN, "X-B3-Sampled": "1"})
        self.assertEqual(self.forwarded(answer)[0], "0" * 16 + SPAN)

    def test_b3_can_decide_without_ids(self):
        proxy = self.start()
        self.assertEqual(int(self.forwarded(ask(proxy.inbound, fields={"b3": "0"}))[2], 16) & 1, 0)

    def test_jaeger(self):
        answer = ask(self.start().inbound, fields={"uber-trace-id": f"{TRACE.lstrip('0')}:{SPAN}:0:1"})
        self.assertEqual(self.forwarded(answer)[0], TRACE)

    def test_traceparent_comes_first(self):
        answer = ask(self.start().inbound, fields={"b3": f"{'1' * 32}-{SPAN}-1", "traceparent": PARENT})
        self.assertEqual(self.forwarded(answer)[0], TRACE)

    def test_others_are_written_on_request(self):
        proxy = self.start(**{"tracing.propagators": "tracecontext,b3,b3multi,jaeger"})
        answer = ask(proxy.inbound, fields={"traceparent": PARENT})
        _, span, _ = self.forwarded(answer)
        self.assertTrue(fields_told(answer, "b3")[0].startswith(f"{TRACE}-{span}-1"))
        self.assertEqual(fields_told(answer, "X-B3-TraceId"), [TRACE])
        self.assertTrue(fields_told(answer, "uber-trace-id")[0].startswith(f"{TRACE}:{span}:"))


class Trust(Case):
    def test_restart_ignores_the_caller(self):
        proxy = self.start(**{"inbound.0.trust": "restart"})
        self.assertNotEqual(self.forwarded(ask(proxy.inbound, fields={"traceparent": PARENT}))[0], TRACE)
        span = self.received.span(SERVER)
        self.assertEqual(span.get("links", []), [])
        self.assertEqual(span.get("parentSpanId", ""), "")

    def test_link_starts_anew_and_remembers_the_caller(self):
        proxy = self.start(**{"inbound.0.trust": "link"})
        self.assertNotEqual(self.forwarded(ask(proxy.inbound, fields={"traceparent": PARENT}))[0], TRACE)
        link, = self.received.span(SERVER)["links"]
        self.assertEqual((link["traceId"], link["spanId"]), (TRACE, SPAN))


class Sampling(Case):
    def test_the_callers_decision_is_followed(self):
        proxy = self.start()
        self.assertEqual(self.forwarded(ask(proxy.inbound, fields={"traceparent": PARENT[:-2] + "00"}))[2], "00")
        ask(proxy.inbound, "/sampled", fields={"traceparent": PARENT})
        self.received.wait_for_spans(1)
        self.assertEqual([attributes(span).get("url.path") for span in self.received.spans()], ["/sampled"])

    def test_always_off_records_nothing_and_still_propagates(self):
        proxy = self.start(**{"tracing.sampler": "always_off"})
        self.assertEqual(self.forwarded(ask(proxy.inbound, fields={"traceparent": PARENT}))[0], TRACE)
        self.assertEqual(proxy.stop(), 0)
        self.assertEqual(self.received.spans(), [])

    def test_a_ratio_keeps_its_share_consistently(self):
        proxy = self.start(**{"tracing.sampler": "traceidratio", "tracing.sampler_arg": "0.25"})
        with harness.Client(proxy.inbound) as client:
            kept = sum(int(self.forwarded(client.request())[2], 16) & 1 for _ in range(800))
            self.assertTrue(140 < kept < 260, kept)
            low, high = "0" * 18 + "0" * 14, "1" * 18 + "f" * 14  # the last 56 bits decide
            flags = [self.forwarded(client.request(fields={"traceparent": f"00-{trace}-{SPAN}-03"}))[2] for trace in (low[:-1] + "1", high)]
        self.assertEqual([int(flag, 16) & 1 for flag in flags], [0, 1])

    def test_disabled_passes_contexts_on_untouched(self):
        proxy = self.start(**{"tracing.disabled": "true"})
        answer = ask(proxy.inbound, fields={"traceparent": PARENT, "tracestate": "a=1"})
        self.assertEqual((fields_told(answer, "traceparent"), fields_told(answer, "tracestate")), ([PARENT], ["a=1"]))


if __name__ == "__main__":
    harness.main()
