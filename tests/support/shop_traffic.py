"""Spans as the sidecars of a shop would send them, in OTLP/JSON: what the dashboard's tests look at. Seeded, so that every run sees the same."""
import json
import random
import time
import urllib.request

KINDS = {"internal": 1, "server": 2, "client": 3, "producer": 4, "consumer": 5}
MILLISECOND = 1_000_000


def value(of):
    if isinstance(of, bool):
        return {"boolValue": of}
    if isinstance(of, int):
        return {"intValue": str(of)}
    if isinstance(of, list):
        return {"arrayValue": {"values": [value(each) for each in of]}}
    return {"stringValue": of}


def attributes(of):
    return [{"key": key, "value": value(each)} for key, each in of.items()]


class Spans:
    """Spans under construction; times are milliseconds after `start`, a Unix time in nanoseconds."""

    def __init__(self, seed=7):
        self.random, self.by_service, self.count = random.Random(seed), {}, 0

    def new_trace(self):
        return f"{self.random.getrandbits(128):032x}"

    def add(self, trace, parent, service, kind, name, start, begin, took, error=None, links=(), **also):
        self.count += 1
        span = {"traceId": trace, "spanId": f"{self.random.getrandbits(64):016x}", "parentSpanId": parent or "", "name": name, "kind": KINDS[kind],
                "startTimeUnixNano": str(int(start + begin * MILLISECOND)), "endTimeUnixNano": str(int(start + (begin + took) * MILLISECOND)),
                "attributes": attributes({key.replace("__", "."): each for key, each in also.items()}),
                "links": [{"traceId": linked, "spanId": of} for linked, of in links]}
        if error is not None:
            span["status"] = {"code": 2, "message": error}
        self.by_service.setdefault(service, []).append(span)
        return span["spanId"]

    def request(self):
        out = {"resourceSpans": [{"resource": {"attributes": attributes({"service.name": service})},
                                  "scopeSpans": [{"scope": {"name": "outrider"}, "spans": spans}]} for service, spans in self.by_service.items()]}
        self.by_service = {}
        return out


def call(spans, trace, parent, caller, callee, method, route, start, begin, took, status=200, **also):
    """A call as the two sidecars see it; returns the callee's span."""
    bad = "" if status >= 500 else None
    http = {"http__request__method": method, "http__response__status_code": status}
    client = spans.add(trace, parent, caller, "client", f"{method} {route}", start, begin, took, bad, peer__service=callee,
                       url__full=f"http://{callee}{route}", **http, **also)
    return spans.add(trace, client, callee, "server", f"{method} {route}", start, begin + 0.3, max(took - 0.6, 0.1), bad, http__route=route,
                     url__path=route, **http)


def message(spans, trace, parent, producer, topic, start, begin, offset, consumer=None, waits=4.0, works=3.0, apart=False):
    """A record of the order with this number from one service to another, or to nobody; returns the trace and span of its taker.
    `apart`: that does not know whose record it was, as its context got lost."""
    kafka = {"chain__key__order": str(offset), "outrider__kafka__cluster": "shop", "messaging__system": "kafka", "messaging__destination__name": topic, "messaging__destination__partition__id": "0",
             "messaging__kafka__offset": offset}
    sent = spans.add(trace, parent, producer, "producer", f"send {topic}", start, begin, 1.2, messaging__operation__type="send", **kafka)
    if consumer is None:
        return None
    into = (spans.new_trace(), None) if apart else (trace, sent)
    return into[0], spans.add(*into, consumer, "consumer", f"process {topic}", start, begin + 1.2 + waits, works,
                              messaging__operation__type="process", messaging__consumer__group__name=consumer, **kafka)


def order(spans, number, start):
    """One order: placed over HTTP, reserved and paid by events. Every 9th is declined, every 23rd fails at once, every 31st gets stuck."""
    dice, trace, key = spans.random, spans.new_trace(), {"chain__key__order": str(number)}
    slow = 1 + 4 * (number % 17 == 0)
    fails = number % 23 == 5
    took = dice.uniform(8, 20) * slow
    root = spans.add(trace, None, "frontend", "server", "POST /checkout", start, 0, took, "" if fails else None, http__route="/checkout",
                     http__request__method="POST", url__path="/checkout", http__response__status_code=502 if fails else 202, **key)
    call(spans, trace, root, "frontend", "catalog", "GET", "/products/{id}", start, 0.5, dice.uniform(1, 3) * slow)
    placed = call(spans, trace, root, "frontend", "orders", "POST", "/orders", start, 4, took - 5, 503 if fails else 201)
    if fails:
        return
    taker = message(spans, trace, placed, "orders", "order-placed", start, 6, number, None if number % 31 == 8 else "inventory", dice.uniform(2, 30) * slow,
                    apart=number % 5 == 0)
    if taker is None:
        return
    then = 12 + 30 * slow
    inside, parent = taker
    taker = message(spans, inside, parent, "inventory", "stock-reserved", start, then, number, "payment", dice.uniform(5, 60) * slow)
    then += 62 * slow
    declined = number % 9 == 4
    spans.add(inside, taker[1], "payment", "client", "POST /charge", start, then, dice.uniform(15, 45), "declined" if declined else None,
                     peer__service="bank", http__request__method="POST", http__response__status_code=402 if declined else 200)
    message(spans, inside, taker[1], "payment", "payment-failed" if declined else "payment-charged", start, then + 50, number, "orders", dice.uniform(1, 9))
    if declined:
        message(spans, inside, taker[1], "payment", "refunds", start, then + 52, number, "mail", dice.uniform(1, 9))


def long_chain(spans, count, start):
    """A chain of so many spans: one service calls another again and again, every 50th call fails, every 100th hangs from the one before."""
    trace = spans.new_trace()
    root = above = spans.add(trace, None, "batch", "server", "POST /import", start, 0, count + 10.0, http__request__method="POST", http__response__status_code=200)
    for i in range(count - 1):
        above = spans.add(trace, above if i % 100 else root, "batch", "client", f"PUT /rows/{i}", start, i + 1, 0.9, "" if i % 50 == 7 else None, peer__service="store",
                          http__request__method="PUT", http__response__status_code=500 if i % 50 == 7 else 200)
    return trace


def page(spans, start):
    """Somebody looks at products: no event comes of it."""
    dice, trace = spans.random, spans.new_trace()
    root = spans.add(trace, None, "frontend", "server", "GET /", start, 0, 6, http__route="/", http__request__method="GET", http__response__status_code=200)
    inside = call(spans, trace, root, "frontend", "catalog", "GET", "/products", start, 0.5, dice.uniform(1, 5))
    call(spans, trace, inside, "catalog", "reviews", "GET", "/reviews/{id}", start, 1, dice.uniform(0.5, 2))


def orders(count, first=1, over=600, seed=7):
    """`count` orders of the last `over` seconds, as (request, number of spans) of moderate size."""
    spans, now = Spans(seed), time.time_ns()
    for i in range(count):
        start = now - int(over * 1e9 * (count - i) / count)
        order(spans, first + i, start)
        if i % 2:
            page(spans, start + 3 * MILLISECOND)
        if i % 250 == 249 or i == count - 1:
            yield spans.request()


def pages(count, over=600, seed=11):
    """`count` chains of three spans each."""
    spans, now = Spans(seed), time.time_ns()
    for i in range(count):
        start = now - int(over * 1e9 * (count - i) / count)
        trace = spans.new_trace()
        root = spans.add(trace, None, "frontend", "server", "GET /", start, 0, 6, http__route="/", http__request__method="GET", http__response__status_code=200)
        call(spans, trace, root, "frontend", "catalog", "GET", "/products", start, 0.5, spans.random.uniform(1, 5))
        if i % 2000 == 1999 or i == count - 1:
            yield spans.request()


def mesh(services, seed=3):
    """Calls between that many services: each calls up to three of the next ten. A topology of so many nodes."""
    spans, start = Spans(seed), time.time_ns() - 2_000_000_000
    for i in range(services):
        for step in {spans.random.randint(1, 10) for _ in range(2 if i else 3)}:
            if i + step < services:
                trace = spans.new_trace()
                root = spans.add(trace, None, f"service-{i:03}", "server", "GET /work", start, 0, 12, http__response__status_code=200)
                call(spans, trace, root, f"service-{i:03}", f"service-{i + step:03}", "GET", "/work", start, 1, spans.random.uniform(1, 9))
    return spans.request()


def post(url, request):
    sent = urllib.request.Request(f"{url}/v1/traces", json.dumps(request).encode(), {"Content-Type": "application/json"})
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(sent, timeout=30) as answer:
        return json.loads(answer.read() or b"{}")
