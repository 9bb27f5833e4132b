"""Writes the chains of this folder as OTLP JSON, which is what the golden drawings are made of: ./make.py"""
import json
import pathlib

HERE = pathlib.Path(__file__).resolve().parent
EPOCH = 1_700_000_000_000_000_000
KINDS = {"internal": 1, "server": 2, "client": 3, "producer": 4, "consumer": 5}


def value(of):
    if isinstance(of, bool):
        return {"boolValue": of}
    if isinstance(of, int):
        return {"intValue": str(of)}
    if isinstance(of, float):
        return {"doubleValue": of}
    if isinstance(of, list):
        return {"arrayValue": {"values": [value(each) for each in of]}}
    return {"stringValue": of}


def attributes(of):
    return [{"key": key, "value": value(each)} for key, each in of.items()]


class Chain:
    """Spans of one chain; times in microseconds."""

    def __init__(self, trace="4b"):
        self.trace, self.spans = trace * 16, []

    def span(self, number, parent, service, kind, name, start, took, error=None, links=(), trace=None, **also):
        of = {key.replace("__", "."): each for key, each in also.items()}
        span = {"traceId": trace * 16 if trace else self.trace, "spanId": f"{number:016x}", "name": name, "kind": KINDS[kind],
                "startTimeUnixNano": str(EPOCH + start * 1000), "endTimeUnixNano": str(EPOCH + (start + took) * 1000)}
        if parent:
            span["parentSpanId"] = f"{parent:016x}"
        if links:
            span["links"] = [{"traceId": each[0] * 16, "spanId": f"{each[1]:016x}", "attributes": attributes(each[2] if len(each) > 2 else {})}
                             for each in links]
        if error is not None:
            span["status"] = {"code": 2, "message": error} if error else {"code": 2}
        span["attributes"] = attributes(of)
        self.spans.append((service, span))
        return self

    def call(self, number, parent, caller, callee, method, path, start, took, code, answer=None, error=None, inside=None, **also):
        """A CLIENT span, and the SERVER span of its answer unless `answer` is False; inside: start and duration of that."""
        bad = "" if code and code >= 400 else None
        of = {"http__request__method": method, "url__full": f"http://{callee}{path}", "peer__service": callee, **also}
        if code:
            of["http__response__status_code"] = code
        self.span(number, parent, caller, "client", method, start, took, error if error is not None else bad, **of)
        if answer is not False:
            begin, length = inside or (start + 200, took - 400)
            self.server(number + 1, number, callee, method, path, begin, length, code, **(answer or {}))
        return self

    def server(self, number, parent, service, method, path, start, took, code, **also):
        route = also.pop("http__route", None)
        return self.span(number, parent, service, "server", f"{method} {route}" if route else method, start, took, "" if code >= 500 else None,
                         http__request__method=method, url__path=path, http__response__status_code=code,
                         **({"http__route": route} if route else {}), **also)

    def message(self, number, parent, service, kind, operation, topic, start, took, partition=None, offset=None, count=1, **also):
        of = {"messaging__system": "kafka", "messaging__operation__type": operation, "messaging__destination__name": topic}
        if partition is not None:
            of |= {"messaging__destination__partition__id": str(partition), "messaging__kafka__offset": offset}
        if count > 1:
            of["messaging__batch__message_count"] = count
        verb = {"send": "send", "process": "process", "receive": "poll"}[operation]
        return self.span(number, parent, service, kind, f"{verb} {topic}", start, took, **of, **also)

    def write(self, name):
        by_service = {}
        for service, span in self.spans:
            by_service.setdefault(service, []).append(span)
        request = {"resourceSpans": [{"resource": {"attributes": attributes({"service.name": service})},
                                      "scopeSpans": [{"scope": {"name": "outrider"}, "spans": spans}]} for service, spans in by_service.items()]}
        (HERE / f"{name}.json").write_text(json.dumps(request, indent=1, ensure_ascii=False) + "\n")


def by_http():
    made = Chain().server(1, 0, "frontend", "POST", "/orders", 0, 42_000, 201, chain__key__order="4711")
    made.call(2, 1, "frontend", "orders", "POST", "/orders", 1_000, 40_000, 201, answer={"http__route": "/orders", "chain__key__order": "4711"})
    made.call(4, 3, "orders", "inventory", "POST", "/orders/4711/reservation", 3_000, 12_000, 201, answer={"http__route": "/orders/{order}/reservation"})
    made.span(6, 3, "orders", "internal", "price", 16_000, 2_000)
    made.call(7, 3, "orders", "payment", "POST", "/orders/4711/charge", 19_000, 20_000, 200, answer={"http__route": "/orders/{order}/charge"})
    made.span(9, 8, "payment", "client", "GET", 21_000, 15_000, http__request__method="GET", url__full="https://bank.example/rates?day=1",
              server__address="bank.example", http__response__status_code=200)
    return made


def by_events(taken=True):
    made = Chain().server(1, 0, "frontend", "POST", "/orders", 0, 9_000, 202, chain__key__order="4711")
    made.call(2, 1, "frontend", "orders", "POST", "/orders", 500, 8_000, 202, answer={"chain__key__order": "4711"})
    made.message(4, 3, "orders", "producer", "send", "order-placed", 2_000, 3_000, 3, 118, chain__key__order="4711")
    made.message(5, 4, "inventory", "consumer", "process", "order-placed", 17_300, 4_000, 3, 118, messaging__consumer__group__name="inventory")
    made.message(6, 5, "inventory", "producer", "send", "stock-reserved", 22_000, 1_500, 0, 77)
    if taken:
        made.message(7, 6, "payment", "consumer", "process", "stock-reserved", 360_000, 2_000, 0, 77, messaging__consumer__group__name="payment")
        made.call(8, 7, "payment", "bank", "POST", "/charges", 363_000, 30_000, 200, answer=False)
        made.message(9, 7, "payment", "producer", "send", "payment-charged", 395_000, 900, 1, 12)
        made.message(10, 9, "orders", "consumer", "process", "payment-charged", 420_000, 1_000, 1, 12, messaging__consumer__group__name="orders")
    return made


def derived():
    """Compressed batches: the records' context is derived, an anchor ties the two traces, and a poll has a trace of its own."""
    made = Chain().server(1, 0, "orders", "POST", "/orders", 0, 7_000, 202)
    made.message(2, 1, "orders", "producer", "send", "placed", 2_000, 3_000, 0, 40, 2, links=[("d0", 9)])
    made.message(9, 0, "orders", "producer", "send", "placed", 2_000, 3_000, 0, 40, 2, links=[("4b", 2)], trace="d0", outrider__anchor=True)
    made.message(5, 9, "stock", "consumer", "process", "placed", 17_000, 4_000, 0, 40, 2, links=[("d0", 9)], trace="d0")
    made.message(12, 0, "stock", "client", "receive", "placed", 16_900, 4_100, 0, 40, 2, links=[("d0", 9)], trace="90")
    return made


def troubled():
    """Retries, a time-out, a refusal and a fallback."""
    made = Chain().server(1, 0, "frontend", "POST", "/checkout", 0, 1_310_000, 502)
    made.call(2, 1, "frontend", "stock", "GET", "/stock/tea", 1_000, 90_000, 503)
    made.call(4, 1, "frontend", "stock", "GET", "/stock/tea", 100_000, 90_000, 503, http__request__resend_count=1)
    made.call(6, 1, "frontend", "stock", "GET", "/stock/tea", 210_000, 80_000, 200, http__request__resend_count=2)
    made.call(8, 1, "frontend", "payment", "POST", "/charge", 300_000, 800_000, 0, answer={"error__type": "client_gone"}, error="upstream_timeout",
              inside=(301_000, 900_000), error__type="upstream_timeout", outrider__reason="upstream_timeout")
    made.spans[-1][1]["status"] = {"code": 2, "message": "client_gone"}
    made.spans[-1][1]["attributes"] = [each for each in made.spans[-1][1]["attributes"] if each["key"] != "http.response.status_code"]
    made.span(10, 1, "frontend", "client", "GET", 1_150_000, 1_000, "circuit_open", http__request__method="GET", url__full="http://stock/stock/milk",
              peer__service="stock", error__type="circuit_open", outrider__decision="refused", outrider__reason="circuit_open",
              outrider__policy="protect-stock", outrider__rule="breaker", http__response__status_code=503)
    made.span(11, 1, "frontend", "client", "GET", 1_200_000, 1_000, http__request__method="GET", url__full="http://hints/tea",
              peer__service="hints", outrider__decision="degraded", outrider__policy="hints-or-none", outrider__rule="fallback",
              http__response__status_code=200)
    return made


def inferred():
    """One link of each source."""
    made = Chain().server(1, 0, "frontend", "POST", "/orders", 0, 60_000, 201)
    guess = lambda source, confidence, trace: {"chain__link__source": source, "chain__link__confidence": confidence,
                                               "chain__original_trace_id": trace * 16}
    made.call(2, 1, "frontend", "orders", "POST", "/orders", 1_000, 50_000, 201, **guess("timing", 0.93, "a1"))
    made.call(4, 3, "orders", "stock", "GET", "/stock/tea", 5_000, 4_000, 200, **guess("echo", 0.97, "a2"))
    made.call(6, 3, "orders", "prices", "GET", "/prices/tea", 10_000, 4_000, 200, answer=guess("tracestate", 0.99, "a3"))
    made.message(8, 3, "orders", "producer", "send", "order-placed", 20_000, 2_000, 0, 5, **guess("key", 0.95, "a4"))
    made.message(9, 8, "stock", "consumer", "process", "order-placed", 30_000, 2_000, 0, 5, **guess("kafka", 1.0, "a5"))
    made.message(10, 0, "audit", "client", "receive", "order-placed", 31_000, 2_000, trace="c7",
                 links=[("4b", 8, {"chain.link.source": "key", "chain.link.confidence": 0.61})])
    return made


def gaps():
    """A parent that never came, a call that nobody answered though its callee has a sidecar, a group that has not taken a record."""
    made = Chain().server(1, 0, "frontend", "GET", "/", 0, 30_000, 200)
    made.call(2, 1, "frontend", "stock", "GET", "/stock/tea", 1_000, 5_000, 200)
    made.call(4, 1, "frontend", "stock", "POST", "/stock/milk", 8_000, 5_000, 200, answer=False)
    made.server(6, 0x0AF7, "mailer", "POST", "/mails", 15_000, 3_000, 202)
    return made


def stuck():
    made = by_events(taken=False)
    return made


def knots():
    """Circles, times that cannot be, and the same span twice."""
    made = Chain().server(1, 0, "frontend", "GET", "/", 10_000, 5_000, 200)
    made.span(2, 4, "a", "internal", "two", 30_000, 1_000, chain__fault="cycle of parents")
    made.span(3, 2, "b", "internal", "three", 20_000, 1_000)
    made.span(4, 3, "b", "internal", "four", 25_000, -9_000, chain__fault="impossible times")
    made.call(5, 1, "frontend", "slow-clock", "GET", "/x", 11_000, 3_000, 200, inside=(4_000, 2_000))
    made.server(1, 0, "frontend", "GET", "/", 10_000, 5_000, 200)
    return made


HOSTILE = "x\"];%%{init}%%\n#quot; <script>alert(1)</script> end style:#a; classDef b:#c; `**` $$x$$ \u202egnp.exe\u202c \x1b[31m & ' \\ |y| {z} \uffff \U0001f600"


def hostile():
    made = Chain().server(1, 0, HOSTILE, "GET", "/" + HOSTILE, 0, 9_000, 200, http__route=HOSTILE, chain__key__order=HOSTILE)
    made.call(2, 1, HOSTILE, "style:#", "GET", "/end", 1_000, 3_000, 500, error=HOSTILE)
    made.message(4, 1, HOSTILE, "producer", "send", HOSTILE, 5_000, 1_000, 0, 3)
    made.message(5, 4, "end", "consumer", "process", HOSTILE, 7_000, 1_000, 0, 3, messaging__consumer__group__name=HOSTILE)
    made.span(6, 5, "subgraph", "client", "n" * 1_000, 8_500, 100, server__address="p" * 1_000)
    return made


for name, made in {"http": by_http(), "events": by_events(), "derived": derived(), "troubled": troubled(), "inferred": inferred(), "gaps": gaps(),
                   "stuck": stuck(), "knots": knots(), "hostile": hostile()}.items():
    made.write(name)
