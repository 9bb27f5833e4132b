"""The example's four services with a sidecar beside each, which send what they see to a collector; and what a chain of an order looks like.

Nothing in the services hands a context on: each hop between what enters and what leaves one is inferred.
"""
import itertools
import json
import os
import pathlib
import socket
import sys
import tempfile
import urllib.parse

import dev_broker
import processes
import wire

SHOP = processes.ROOT / "examples/shop"
PAYMENT = pathlib.Path(os.environ.get("SHOP_PAYMENT", pathlib.Path(processes.OUTRIDER).resolve().parent / "shop_payment"))
sys.path.insert(0, str(SHOP))
from demo import services  # noqa: E402  (what ./demo starts is what is tested)

TOPICS, SERVICES = services.TOPICS, tuple(services.CALLS)
CUSTOMERS = itertools.count(1)
FINAL = ("paid", "rejected", "cancelled")
SILENT = {"slow": "0ms", "failing": 0, "dropping": 0, "duplicating": False}


def listens(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def direct(port, path, body=None):
    """Past the sidecar, so that it is in no chain: the JSON that a service answers."""
    answer = wire.ask(("127.0.0.1", port), path, method="GET" if body is None else "POST",
                      body=None if body is None else json.dumps(body).encode(), fields={"Content-Type": "application/json"})
    assert answer.status == 200, f"{path}: {answer.start} {answer.body!r}"
    return json.loads(answer.body)


class Shop:
    """Started, its consumers having their partitions. `keep` ends what is handed to it when the test, or the class, ends. `brokers` are a
    Kafka that has the topics; without any, a broker in memory is started. `without` are services that are left out; their sidecars run."""

    def __init__(self, keep, collector, brokers=None, without=(), settings=None, environment=None):
        self.keep, self.collector, self.settings, self.environment = keep, collector, settings or {}, environment or {}
        if brokers is None:
            topics = [word for topic in TOPICS for word in ("--topic", topic)]
            brokers = keep(dev_broker.DevBroker(*topics)).address
        self.brokers, self.sidecars, self.services, self.ports = brokers, {}, {}, {}
        for name in SERVICES:
            self.start_sidecar(name)
            if name not in without:
                self.start_service(name)
        for name, said in services.CONSUMING.items():
            if name not in without:
                self.services[name].wait_for_log(said, within=60)  # the group has formed

    def start_sidecar(self, name):
        self.ports[name] = processes.free_ports(1)[0]
        folder = tempfile.TemporaryDirectory(prefix="outrider-shop-")
        self.keep(Closing(folder))
        callees = {callee: self.sidecars[callee].inbound[1] for callee in services.CALLS[name]}
        text = services.sidecar(name, services.Ports(self.ports[name], 0, 0, 0, 0), callees, self.brokers, self.collector, f"{folder.name}/state")
        path = pathlib.Path(folder.name) / "sidecar.yaml"
        path.write_text(text)
        more = [word for setting, value in self.settings.items() for word in ("--set", f"{setting}={value}")]
        self.sidecars[name] = self.keep(processes.Sidecar(["--config", str(path), *more]))

    def start_service(self, name):
        sidecar = self.sidecars[name]
        environment = {"PORT": str(self.ports[name]), "PYTHONUNBUFFERED": "1", "PYTHONDONTWRITEBYTECODE": "1", **self.environment}
        if sidecar.outbound:
            environment["http_proxy"] = "http://%s:%d" % sidecar.outbound
        if sidecar.kafka:
            environment["KAFKA_BOOTSTRAP"] = "%s:%d" % sidecar.kafka["main"]
        program = [PAYMENT] if name == "payment" else [dev_broker.PYTHON, SHOP / f"{name}.py"]
        self.services[name] = self.keep(processes.Process(program, environment))
        wire.wait_for(lambda: listens(self.ports[name]), f"{name} to listen", 30)

    def order(self, sku="tea", quantity=2, by="calls", customer=None):
        """(status, what the frontend answered). Each customer is another one, where none is named."""
        customer = customer or f"customer-{next(CUSTOMERS)}@example.org"
        answer = wire.ask(self.sidecars["frontend"].inbound, "/orders" + ("?by=events" if by == "events" else ""), method="POST",
                          body=json.dumps({"customer": customer, "sku": sku, "quantity": quantity}).encode(),
                          fields={"Content-Type": "application/json"})
        return answer.status, json.loads(answer.body)

    def state(self, number):
        return direct(self.ports["orders"], f"/orders/{number}")

    def wait_for_state(self, number, *wanted, within=60):
        """The order, once it is in one of these states (or in any that is final)."""
        def look():
            order = self.state(number)
            return order if order["state"] in (wanted or FINAL) else None
        return wire.wait_for(look, f"order {number} to be {' or '.join(wanted or FINAL)}", within)

    def fault(self, name, **switches):
        """Sets the faults of a service, those that are not named to none."""
        return direct(self.ports[name], "/fault", {**SILENT, **switches})


class Closing:
    def __init__(self, folder):
        self.close = folder.cleanup


def value_of(attribute):
    kind, value = next(iter(attribute["value"].items()))
    if kind == "arrayValue":
        return [value_of({"value": each}) for each in value.get("values", [])]
    return int(value) if kind == "intValue" else value


class Span:
    """One span of a chain, as the collector or Jaeger gives it."""

    def __init__(self, service, name, span_id, parent, start, attributes):
        self.service, self.name, self.id, self.parent, self.start, self.attributes = service, name, span_id, parent, start, attributes
        self.source, self.confidence = attributes.get("chain.link.source"), attributes.get("chain.link.confidence")

    def label(self, callee=None):
        status = self.attributes.get("http.response.status_code")
        return f"{self.service}" + (f" → {callee}" if callee else "") + f" {self.name}" + (f" {status}" if status else "")

    @property
    def orders(self):
        """The numbers of the orders that it says it is about."""
        keys = self.attributes.get("chain.key.order", [])
        return set(keys if isinstance(keys, list) else [keys])


KINDS = {1: "internal", 2: "server", 3: "client", 4: "producer", 5: "consumer"}


def of_otlp(answer):
    """The spans of an OTLP document."""
    found = []
    for resource in answer["resourceSpans"]:
        service = next(value_of(each) for each in resource["resource"]["attributes"] if each["key"] == "service.name")
        for span in (span for scope in resource["scopeSpans"] for span in scope["spans"]):
            attributes = {each["key"]: value_of(each) for each in span.get("attributes", [])}
            attributes["span.kind"] = KINDS[span["kind"]]
            found.append(Span(service, span["name"], span["spanId"], span.get("parentSpanId") or None, int(span["startTimeUnixNano"]), attributes))
    return found


def of_jaeger(trace):
    """The spans of a trace in Jaeger's JSON."""
    found = []
    for span in trace["spans"]:
        attributes = {tag["key"]: tag["value"] for tag in span["tags"]}
        parent = next((each["spanID"] for each in span["references"] if each["refType"] == "CHILD_OF"), None)
        found.append(Span(trace["processes"][span["processID"]]["serviceName"], span["operationName"], span["spanID"], parent,
                          span["startTime"], attributes))
    return found


def drawn(spans, keep=lambda span: True):
    """A chain as indented lines, "~source" behind what was inferred; spans that are not kept are left out with what hangs from them."""
    by_parent = {}
    ids = {span.id for span in spans}
    for span in sorted(spans, key=lambda each: (each.start, each.name)):
        by_parent.setdefault(span.parent if span.parent in ids else None, []).append(span)
    lines, waiting = [], [(0, span) for span in reversed(by_parent.get(None, []))]
    while waiting:
        depth, span = waiting.pop()
        if keep(span):
            answering = [child.service for child in by_parent.get(span.id, []) if child.attributes["span.kind"] == "server"]
            lines.append("  " * depth + span.label(*answering[:1]) + (f" ~{span.source}" if span.source else ""))
            waiting += [(depth + 1, child) for child in reversed(by_parent.get(span.id, []))]
    return lines


class Chains:
    """The chains of a collector."""

    def __init__(self, collector):
        self.url = collector

    def of_order(self, number, **more):
        """What the collector says of the chains of an order, those of orders that were placed: who asks for one makes a chain, too."""
        asked = urllib.parse.urlencode({"key": f"order={number}", **more})
        return [each for each in processes.json_of(f"{self.url}/api/chains?{asked}")["chains"] if each["root"]["name"].startswith("POST")]

    def spans(self, chain_id):
        return of_otlp(processes.json_of(f"{self.url}/api/chains/{chain_id}"))

    def whole(self, number, count, work=lambda span: True, within=60):
        """(what the collector says, the spans) of the one chain of the order, once that is decided and `count` of its spans are work."""
        def look():
            found = self.of_order(number)
            if len(found) != 1 or not found[0]["decided"] or found[0]["spans"] < count:
                return None
            spans = self.spans(found[0]["id"])
            return (found[0], spans) if sum(map(work, spans)) >= count else None
        try:
            return wire.wait_for(look, f"one chain of order {number} with {count} spans", within)
        except AssertionError as error:
            raise AssertionError(f"{error}; there are\n{self.told(number)}") from error

    def told(self, number):
        return "\n".join("\n".join([str(each), *drawn(self.spans(each["id"]))]) for each in self.of_order(number))
