#!/usr/bin/env python3
"""What it costs a collector that sidecars tell it how they stand and browsers watch: its CPU time by the kernel, as a share of a core.

    OUTRIDER=build/release/outrider python3 tests/bench/dashboard_load.py [--sidecars 50] [--browsers 10] [--chains 10000] [--seconds 30]

Before it measures, that many chains are delivered; while it measures, a few more every second, so that no answer stays the same for
long. Sidecars push a state of the size that the shop's have, every two seconds and with another figure each time. A browser asks every two
seconds for what each page of the dashboard asks for, over a kept connection, with If-None-Match and gzip, as browsers do. The first
page of a list is timed besides, and then searches, none of which was asked before.
"""
import argparse
import gzip
import http.client
import json
import os
import pathlib
import random
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import measuring  # noqa: E402
import processes  # noqa: E402

PAGES = ("/api/sidecars", "/api/topology?since=15m", "/api/chains?limit=100", "/api/history?since=15m")
SEARCHES = ("/api/chains?limit=100", "/api/chains?stuck=true&limit=100", "/api/chains?error=true&limit=100", "/api/chains?q=order-77",
            "/api/chains?service=stock&minDuration=100ms", "/api/chains?key=order=order-4711", "/api/topology?since=15m")
SERVICES = ("frontend", "orders", "stock", "payment", "mail", "shipping")


def attribute(key, value):
    return {"key": key, "value": {"intValue": str(value)} if isinstance(value, int) else {"stringValue": value}}


def chain(number, begin_ns):
    """A request that goes through four services and a topic; one in fifty fails, one in a hundred sends what nobody takes."""
    dice = random.Random(number)
    trace = f"{number + 1:032x}"
    spans = {service: [] for service in SERVICES}
    at = [begin_ns]

    def add(service, kind, name, parent, milliseconds, *attributes, error=False):
        span = f"{number * 16 + sum(map(len, spans.values())) + 1:016x}"
        spans[service].append({"traceId": trace, "spanId": span, "parentSpanId": parent, "kind": kind, "name": name,
                               "startTimeUnixNano": str(at[0]), "endTimeUnixNano": str(at[0] + int(milliseconds * 1e6)),
                               "status": {"code": 2} if error else {},
                               "attributes": [attribute("chain.key.order", f"order-{number}"), *attributes]})
        at[0] += 200_000
        return span

    fails, lost, took = number % 50 == 7, number % 100 == 13, dice.uniform(5, 200)
    front = add("frontend", 2, "POST /orders", "", took + 6, attribute("http.response.status_code", 500 if fails else 201), error=fails)
    out = add("frontend", 3, "POST", front, took + 4, attribute("server.address", "orders"), error=fails)
    order = add("orders", 2, "POST /orders", out, took + 3, error=fails)
    stock = add("orders", 3, "POST", order, took, attribute("server.address", "stock"))
    add("stock", 2, "POST /reserve", stock, took - 1)
    topic = (attribute("messaging.system", "kafka"), attribute("messaging.destination.name", "orders-placed"),
             attribute("messaging.destination.partition.id", "0"), attribute("messaging.kafka.offset", number))
    send = add("orders", 4, "send orders-placed", order, 1, attribute("messaging.operation.type", "send"), *topic)
    if not lost:
        taken = add("payment", 5, "process orders-placed", send, 3, attribute("messaging.operation.type", "process"),
                    attribute("messaging.consumer.group.name", "payment"), *topic)
        add("payment", 3, "POST", taken, 2, attribute("server.address", "bank"))
    return spans


def deliver(connection, numbers, begin_ns, apart_ns):
    by_service = {service: [] for service in SERVICES}
    for index, number in enumerate(numbers):
        for service, spans in chain(number, begin_ns + index * apart_ns).items():
            by_service[service] += spans
    body = {"resourceSpans": [{"resource": {"attributes": [attribute("service.name", service)]}, "scopeSpans": [{"spans": spans}]}
                              for service, spans in by_service.items() if spans]}
    while True:
        connection.request("POST", "/v1/traces", json.dumps(body).encode(), {"Content-Type": "application/json"})
        answer = connection.getresponse()
        answer.read()
        if answer.status == 200:
            return
        assert answer.status == 503, answer.status
        time.sleep(0.2)


def state(number, push):
    """What a sidecar of the shop tells, about 7 KB."""
    unix = str(time.time_ns())
    return {
        "secret": f"{number:032x}", "service": SERVICES[number % len(SERVICES)], "instance": f"host-{number}-4711", "version": "0.1.0",
        "startedUnixNano": unix, "state": "running", "health": {"verdict": "healthy", "sinceUnixNano": unix, "reasons": []},
        "dependencies": [{"name": f"upstream-{i}", "kind": "upstream", "endpoint": f"127.0.0.1:{8000 + i}", "verdict": "up"} for i in range(8)],
        "policies": [{"policy": f"protect-{i}", "rule": "breaker", "kind": "breaker", "mode": "enforce", "target": f"upstream-{i % 8}",
                      "state": "closed", "why": "", "sinceUnixNano": unix, "level": (push + i) % 100 / 100, "allowed": push * 31 + i,
                      "refused": push, "delayed": 0} for i in range(25)],
        "rates": {way: {"perSecond": push % 97 + 0.5, "errorsPerSecond": 0.1, "p50Nano": "1200000", "p99Nano": "9700000"}
                  for way in ("inbound", "outbound", "produce", "consume")},
    }


class Repeated(threading.Thread):
    """Does something every so often until it is told to stop, over a connection of its own."""

    def __init__(self, address, every, stop):
        super().__init__(daemon=True)
        self.connection, self.every, self.stop, self.failures = http.client.HTTPConnection(*address, timeout=30), every, stop, 0

    def run(self):
        due = time.monotonic() + random.uniform(0, self.every)
        while not self.stop.wait(max(0, due - time.monotonic())):
            due += self.every
            self.once()


class Sidecar(Repeated):
    def __init__(self, address, stop, number):
        super().__init__(address, 2, stop)
        self.number, self.pushes = number, 0

    def once(self):
        self.pushes += 1
        self.connection.request("POST", "/v1/sidecars", json.dumps(state(self.number, self.pushes)).encode(), {"Content-Type": "application/json"})
        answer = self.connection.getresponse()
        answer.read()
        self.failures += answer.status != 204


class Browser(Repeated):
    def __init__(self, address, stop):
        super().__init__(address, 2, stop)
        self.etags, self.bytes, self.answers, self.unchanged = {}, 0, 0, 0

    def once(self):
        for page in PAGES:
            fields = {"Accept-Encoding": "gzip"}
            if page in self.etags:
                fields["If-None-Match"] = self.etags[page]
            self.connection.request("GET", page, headers=fields)
            answer = self.connection.getresponse()
            body = answer.read()
            self.answers += 1
            self.bytes += len(body)
            self.unchanged += answer.status == 304
            self.failures += answer.status not in (200, 304)
            self.etags[page] = answer.headers["ETag"]
            if body and self.answers < 10:
                json.loads(gzip.decompress(body) if answer.headers["Content-Encoding"] == "gzip" else body)


class Traffic(Repeated):
    """Chains go on coming."""

    def __init__(self, address, stop, first, per_second):
        super().__init__(address, 1, stop)
        self.next, self.per_second = first, per_second

    def once(self):
        numbers = range(self.next, self.next + self.per_second)
        self.next += self.per_second
        if numbers:
            deliver(self.connection, numbers, time.time_ns() - 500_000_000, 1_000_000)


def wait_until_idle(collector):
    """It makes digests while somebody looks at a list: until it has nothing left to do."""
    busy = 1
    while busy > 0.01:
        before = measuring.cpu_seconds([collector.pid])
        time.sleep(0.5)
        busy = measuring.cpu_seconds([collector.pid]) - before


def timed(collector, connection, path):
    """Milliseconds of time and of the collector's CPU, and bytes."""
    begin, cpu = time.perf_counter(), measuring.cpu_seconds([collector.pid])
    connection.request("GET", path, headers={"Accept-Encoding": "gzip"})
    answer = connection.getresponse()
    size = len(answer.read())
    assert answer.status == 200, f"{path}: {answer.status}"
    took = time.perf_counter() - begin
    return took * 1000, (measuring.cpu_seconds([collector.pid]) - cpu) * 1000, size


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name, usual in (("sidecars", 50), ("browsers", 10), ("chains", 10_000), ("per-second", 5), ("seconds", 30)):
        parser.add_argument(f"--{name}", type=int, default=usual)
    parser.add_argument("--most", type=float, help="fail above this share of a core, in percent")
    options = parser.parse_args()
    collector = processes.Collector()
    try:
        connection = http.client.HTTPConnection(*collector.address, timeout=120)
        begin_ns = time.time_ns() - 600_000_000_000
        for first in range(0, options.chains, 200):
            numbers = range(first, min(first + 200, options.chains))
            deliver(connection, numbers, begin_ns + first * 50_000_000, 50_000_000)
        while int(processes.metrics_of(connection_text(connection, "/metrics"))["outrider_collector_spans_waiting"]) > 0:
            time.sleep(0.5)
        first, cpu, _ = timed(collector, connection, SEARCHES[0])
        print(f"first page of a list that nobody has looked at: {first:.1f} ms, {cpu:.1f} ms of CPU")
        wait_until_idle(collector)
        for path in SEARCHES[1:]:
            first, cpu, size = timed(collector, connection, path)
            print(f"{path:45} {first:8.1f} ms {cpu:8.1f} ms of CPU {size:9} bytes packed")
        stop = threading.Event()
        load = [Sidecar(collector.address, stop, number) for number in range(options.sidecars)]
        load += [Browser(collector.address, stop) for _ in range(options.browsers)]
        load.append(Traffic(collector.address, stop, options.chains, options.per_second))
        for one in load:
            one.start()
        time.sleep(5)
        cpu, wall = measuring.cpu_seconds([collector.pid]), time.monotonic()
        time.sleep(options.seconds)
        cpu, wall = measuring.cpu_seconds([collector.pid]) - cpu, time.monotonic() - wall
        stop.set()
        for one in load:
            one.join(10)
        browsers = [one for one in load if isinstance(one, Browser)]
        share = 100 * cpu / wall
        print(f"collector: {share:.1f}% of a core with {options.sidecars} sidecars, {options.browsers} browsers, {options.chains} chains held, "
              f"{options.per_second} more a second; {sum(one.failures for one in load)} failures, "
              f"{sum(one.unchanged for one in browsers)} of {sum(one.answers for one in browsers)} answers unchanged, "
              f"{sum(one.bytes for one in browsers) / max(1, sum(one.answers for one in browsers)):.0f} bytes each")
        failed = any(one.failures for one in load) or (options.most is not None and share > options.most)
    finally:
        collector.close()
    sys.exit(1 if failed else 0)


def connection_text(connection, path):
    connection.request("GET", path)
    return connection.getresponse().read().decode()


if __name__ == "__main__":
    os.environ.setdefault("OUTRIDER", "build/release/outrider")
    main()
