"""A chain goes on over a topic: an order in the shop is one tree, with the time that each record lay in its queue."""
import json
import time

import dev_broker
import harness
import processes
from chains import Chains as OrdersChains
from chains import is_work, lines
from harness import run, wait_for
from shop import Shop
from shop_shapes import PAID_BY_EVENTS

CONTEXT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def chain(trace_id, url, *more):
    done = run("chain", trace_id, "--from", url, "--wait", "15s", *more)
    assert done.returncode == 0, done.stderr
    return done.stdout


def tree(trace_id, url):
    """The one chain that is drawn, with a label for each row: its service and name, or the topic in brackets."""
    found, = json.loads(chain(trace_id, url, "--as", "json"))["chains"]
    for row in found["rows"]:
        row["label"] = f"({row['topic']})" if row["join"] == "queue" else f"{row.get('service')} {row.get('name')}"
    return found


def path_to(row, rows):
    """The labels from a row up to its root."""
    labels, depth = [], row["depth"] + 1
    for each in reversed(rows[:rows.index(row) + 1]):
        if each["depth"] < depth:
            labels.append(each["label"])
            depth = each["depth"]
    return labels


def row_of(rows, label):
    found = [row for row in rows if row["label"] == label]
    assert len(found) == 1, f"{label}: {[row['label'] for row in rows]}"
    return found[0]


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


class Chains(harness.Case):
    """Over a backend that a subclass names."""

    def backend(self):
        """(where spans go, where traces are read, the process)"""
        collect = self.collector()
        return collect.url, collect

    def forwarding(self):
        """What makes a collector forward to that backend."""
        return []

    def setUp(self):
        self.otlp, self.traces = self.backend()

    def kafka_sidecar(self, service, broker, settings=None):
        sidecar = self.sidecar(service=service, otlp=self.otlp, settings=settings, outbound=False,
                               more=["--kafka", f"127.0.0.1:0={broker.address}"])
        return dev_broker.address_of(sidecar)

    def test_over_the_shops_topics_is_one_tree(self):
        collect = self.collector(arguments=self.forwarding())
        shop = Shop(self.keep, collect.url)
        _, order = shop.order(by="events")
        shop.wait_for_state(order["orderId"], "paid")
        chain_id = OrdersChains(collect.url, "order").whole(order["orderId"], len(lines(PAID_BY_EVENTS)), work=is_work)[0]["id"]
        traces = self.traces.url if self.forwarding() else collect.url
        wait_for(lambda: "process payment-charged" in run("chain", chain_id, "--from", traces).stdout, f"{chain_id} at {traces}", 30)
        rows = tree(chain_id, traces)["rows"]
        self.assertEqual(path_to(row_of(rows, "orders process payment-charged"), rows),
                         ["orders process payment-charged", "(payment-charged)", "payment send payment-charged",
                          "payment process stock-reserved", "(stock-reserved)", "inventory send stock-reserved",
                          "inventory process order-placed", "(order-placed)", "orders send order-placed", "orders POST",
                          "frontend POST", "frontend POST"])
        for topic in ("order-placed", "stock-reserved", "payment-charged"):
            self.assertRegex(chain(chain_id, traces), rf"\(queue {topic}\) +\d+(\.\d+)? (µs|ms|s)")

    def test_shows_how_long_a_record_lay_in_the_topic(self):
        broker = self.keep(dev_broker.DevBroker("--topic", "jobs"))
        orders, stock = self.kafka_sidecar("orders", broker), self.kafka_sidecar("stock", broker)
        dev_broker.produce(orders, "jobs", ["one"], headers={"traceparent": CONTEXT})
        sent = time.monotonic()
        time.sleep(0.5)  # not waited for anything: it is what is measured
        lay = time.monotonic() - sent
        dev_broker.consume(stock, "jobs", 1)
        found = tree(CONTEXT.split("-")[1], self.traces.url)
        queue = row_of(found["rows"], "(jobs)")
        self.assertGreater(int(queue["durationNano"]) / 1e9, lay)
        self.assertLess(int(queue["durationNano"]) / 1e9, time.monotonic() - sent + 1)
        self.assertEqual(path_to(row_of(found["rows"], "stock process jobs"), found["rows"])[:3],
                         ["stock process jobs", "(jobs)", "orders send jobs"])

    def test_starts_with_the_send_of_a_record_without_a_context(self):
        broker = self.keep(dev_broker.DevBroker("--topic", "jobs"))
        orders, stock = self.kafka_sidecar("orders", broker), self.kafka_sidecar("stock", broker)
        dev_broker.produce(orders, "jobs", ["one"])
        record, = dev_broker.consume(stock, "jobs", 1)
        trace_id = record["headers"]["traceparent"].split("-")[1]
        labels = [row["label"] for row in tree(trace_id, self.traces.url)["rows"] if " poll " not in row["label"] and " commit " not in row["label"]]
        self.assertEqual(labels, ["orders send jobs", "(jobs)", "stock process jobs"])

    def derived_sidecars(self):
        broker = self.keep(dev_broker.DevBroker("--topic", "audit"))
        derive = {"kafka.main.trace.0.topics": "aud*", "kafka.main.trace.0.mode": "derive"}
        return self.kafka_sidecar("orders", broker, derive), self.kafka_sidecar("stock", broker, derive)

    def assert_one_tree(self, *trace_ids):
        for trace_id in trace_ids:
            rows = tree(trace_id, self.traces.url)["rows"]
            self.assertEqual(path_to(row_of(rows, "stock poll audit"), rows)[:3], ["stock poll audit", "(audit)", "orders send audit"])

    def test_over_a_derived_topic_is_two_linked_traces_and_one_tree(self):
        orders, stock = self.derived_sidecars()
        dev_broker.produce(orders, "audit", ["one"], compression_type="gzip")
        self.assertEqual(dev_broker.consume(stock, "audit", 1)[0]["headers"], {})
        poll, polled = self.the_poll()
        link, = [each for each in poll["references"] if each["refType"] == "FOLLOWS_FROM"]
        self.assertNotEqual(link["traceID"], polled)
        send, = self.spans_of("orders", link["traceID"])["orders", "send"]
        self.assertEqual((send["spanID"], parent(send)), (link["spanID"], None))
        self.assert_one_tree(link["traceID"], polled)

    def test_over_a_derived_topic_joins_the_context_that_a_record_brought(self):
        orders, stock = self.derived_sidecars()
        dev_broker.produce(orders, "audit", ["one"], headers={"traceparent": CONTEXT})
        self.assertEqual(dev_broker.consume(stock, "audit", 1)[0]["headers"], {"traceparent": CONTEXT})
        poll, polled = self.the_poll()
        ambient, derived = CONTEXT.split("-")[1], poll["references"][0]["traceID"]
        self.assertEqual(len({ambient, derived, polled}), 3)
        anchor, = self.spans_of("orders", derived)["orders", "send"]
        self.assertIs(tags(anchor)["outrider.anchor"], True)
        send, = self.spans_of("orders", ambient)["orders", "send"]
        self.assertEqual(parent(send), CONTEXT.split("-")[2])
        self.assertEqual({each["spanID"] for each in send["references"]} - {parent(send)}, {anchor["spanID"]})
        self.assertEqual({each["spanID"] for each in anchor["references"]}, {send["spanID"]})
        self.assert_one_tree(ambient, derived, polled)

    def the_poll(self):
        """The poll that brought records, and the id of its trace."""
        def look():
            found = [(span, trace["traceID"]) for trace in self.traces.traces("stock", raw=True) for span in trace["spans"]
                     if span["operationName"] == "poll audit"]
            return found[0] if found else None
        return wait_for(look, "the poll of stock", 20)

    def spans_of(self, service, trace_id):
        """The spans of a trace once this service has one in it."""
        def look():
            trace = self.traces.trace(trace_id, raw=True)
            found = by_service_and_kind(trace) if trace else {}
            return found if any(each == service for each, _ in found) else None
        return wait_for(look, f"spans of {service} in {trace_id}", 20)


class ChainsInAJaeger(Chains):
    def backend(self):
        jaeger = self.keep(processes.Jaeger(PROGRAM, folder=self.folder()))
        return jaeger.otlp, jaeger

    def forwarding(self):
        return ["--forward", self.otlp]


if __name__ == "__main__":
    PROGRAM = processes.jaeger_or_none()
    if PROGRAM is None:
        del ChainsInAJaeger
    harness.main()
