"""The example's three services, frontend -> orders -> stock, with a sidecar beside each; and what their one trace looks like."""
import json
import sys

import processes
import wire

SHOP = processes.ROOT / "examples/shop"
SPANS = {("frontend", "server"): 1, ("frontend", "client"): 1, ("orders", "server"): 1, ("orders", "client"): 2, ("stock", "server"): 2}


def listens(port):
    try:
        wire.Client(("127.0.0.1", port)).socket.close()
        return True
    except OSError:
        return False


class Shop:
    """Started for one test case, spans going to `otlp`; the sidecars are in `sidecars`, by service."""

    def __init__(self, case, otlp):
        self.case, self.otlp = case, otlp
        stock = self.start("stock", {})
        orders = self.start("orders", {"stock": "%s:%d" % stock.inbound})
        frontend = self.start("frontend", {"orders": "%s:%d" % orders.inbound})
        self.sidecars = {"stock": stock, "orders": orders, "frontend": frontend}

    def start(self, name, routes):
        port = processes.free_ports(1)[0]
        sidecar = self.case.sidecar(f"127.0.0.1:{port}", routes=routes, service=name, otlp=self.otlp)
        proxy = "http://%s:%d" % sidecar.outbound
        self.case.keep(processes.Process([sys.executable, SHOP / f"{name}.py"], {"PORT": str(port), "http_proxy": proxy}, folder=SHOP))
        wire.wait_for(lambda: listens(port), f"{name} to listen")
        return sidecar

    def order(self):
        """Places an order: 7 spans."""
        answer = wire.ask(self.sidecars["frontend"].inbound, "/orders", method="POST",
                          body=json.dumps({"sku": "tea", "quantity": 2}).encode(), fields={"Content-Type": "application/json"})
        self.case.assert_status(answer, 201)


def by_service_and_kind(trace):
    """The spans of a trace in Jaeger's JSON: {(service, kind): [span]}."""
    found = {}
    for span in trace["spans"]:
        kind = next(tag["value"] for tag in span["tags"] if tag["key"] == "span.kind")
        found.setdefault((trace["processes"][span["processID"]]["serviceName"], kind), []).append(span)
    return found


def parent(span):
    return next((each["spanID"] for each in span["references"] if each["refType"] == "CHILD_OF"), None)


def assert_one_trace(case, trace):
    spans = by_service_and_kind(trace)
    case.assertEqual({key: len(value) for key, value in spans.items()}, SPANS)
    root, = spans["frontend", "server"]
    call, = spans["frontend", "client"]
    orders, = spans["orders", "server"]
    case.assertIsNone(parent(root))
    case.assertEqual(parent(call), root["spanID"])
    case.assertEqual(parent(orders), call["spanID"])
    case.assertEqual({parent(asked) for asked in spans["orders", "client"]}, {orders["spanID"]})
    case.assertEqual({parent(span) for span in spans["stock", "server"]}, {span["spanID"] for span in spans["orders", "client"]})
    for span in trace["spans"]:
        case.assertGreater(span["duration"], 0)
