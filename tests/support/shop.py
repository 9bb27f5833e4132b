"""The example's four services, frontend -> orders -> (topic) -> stock -> shipping, with a sidecar beside each; and what their one
trace looks like."""
import json
import socket

import dev_broker
import processes
import wire

SHOP = processes.ROOT / "examples/shop"
TOPIC = "order-placed"
USE_KAFKA = ("orders", "stock")
SPANS = {("frontend", "server"): 1, ("frontend", "client"): 1, ("orders", "server"): 1, ("orders", "client"): 1, ("orders", "send"): 1,
         ("stock", "server"): 1, ("stock", "process"): 1, ("stock", "client"): 1, ("shipping", "server"): 1}
SPANS_OF_AN_ORDER = sum(SPANS.values())


def listens(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Shop:
    """Started for one test case, spans going to `otlp`; the sidecars are in `sidecars`, by service. `kafka` are settings of the
    sidecars that have a Kafka, as --set takes them."""

    def __init__(self, case, otlp, kafka=None):
        self.case, self.otlp, self.kafka = case, otlp, kafka or {}
        self.broker = case.keep(dev_broker.DevBroker("--topic", TOPIC))
        self.sidecars, self.services = {}, {}
        callee = {}
        for name in ("shipping", "stock", "orders", "frontend"):
            callee = {name: "%s:%d" % self.start(name, callee).inbound}
        self.services["stock"].wait_for_log(f"consuming {TOPIC}", within=30)  # the group has formed

    def start(self, name, routes):
        port = processes.free_ports(1)[0]
        kafka = name in USE_KAFKA
        sidecar = self.case.sidecar(f"127.0.0.1:{port}", routes=routes, service=name, otlp=self.otlp, settings=self.kafka if kafka else {},
                                    more=["--kafka", f"127.0.0.1:0={self.broker.address}"] if kafka else [])
        environment = {"PORT": str(port), "http_proxy": "http://%s:%d" % sidecar.outbound, "PYTHONUNBUFFERED": "1"}
        if kafka:
            environment["KAFKA_BOOTSTRAP"] = dev_broker.address_of(sidecar)
        service = self.case.keep(processes.Process([dev_broker.PYTHON, SHOP / f"{name}.py"], environment, folder=SHOP))
        wire.wait_for(lambda: listens(port), f"{name} to listen")
        self.sidecars[name], self.services[name] = sidecar, service
        return sidecar

    def order(self):
        """Places an order: SPANS_OF_AN_ORDER spans."""
        answer = wire.ask(self.sidecars["frontend"].inbound, "/orders", method="POST",
                          body=json.dumps({"sku": "tea", "quantity": 2}).encode(), fields={"Content-Type": "application/json"})
        self.case.assert_status(answer, 201)


def tags(span):
    return {tag["key"]: tag["value"] for tag in span["tags"]}


def by_service_and_kind(trace):
    """The spans of a trace in Jaeger's JSON: {(service, kind): [span]}; the kind of spans about messages is their operation."""
    found = {}
    for span in trace["spans"]:
        tagged = tags(span)
        kind = tagged.get("messaging.operation.name", tagged["span.kind"])
        found.setdefault((trace["processes"][span["processID"]]["serviceName"], kind), []).append(span)
    return found


def parent(span):
    return next((each["spanID"] for each in span["references"] if each["refType"] == "CHILD_OF"), None)


def assert_one_trace(case, trace):
    spans = by_service_and_kind(trace)
    case.assertEqual({key: len(value) for key, value in spans.items()}, SPANS)
    only = {key: found[0] for key, found in spans.items()}
    orders = only["orders", "server"]["spanID"]
    case.assertIsNone(parent(only["frontend", "server"]))
    case.assertEqual(parent(only["frontend", "client"]), only["frontend", "server"]["spanID"])
    case.assertEqual(parent(only["orders", "server"]), only["frontend", "client"]["spanID"])
    case.assertEqual(parent(only["orders", "client"]), orders)
    case.assertEqual(parent(only["stock", "server"]), only["orders", "client"]["spanID"])
    # The record carries the context that orders was called with, and stock hands it on.
    for key in (("orders", "send"), ("stock", "process"), ("stock", "client")):
        case.assertEqual(parent(only[key]), orders, key)
    case.assertEqual(parent(only["shipping", "server"]), only["stock", "client"]["spanID"])
    for key, span in only.items():
        if key != ("stock", "process"):  # that may be over within a microsecond
            case.assertGreater(span["duration"], 0, key)
