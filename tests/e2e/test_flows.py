"""Expected flows: a real collector, spans posted as sidecars post them, and what is told of those that are not as expected."""
import json
import os
import signal
import subprocess
import time
import urllib.error

import harness
import processes
from harness import ask, wait_for

FLOWS = """
flows:
  - name: orders
    description: an order is reserved and paid
    by: order
    events:
      placed:   {produce: order-placed}
      reserved: {produce: stock-reserved, service: inventory}
      rejected: {produce: stock-rejected}
      charged:  {produce: payment-charged}
      failed:   {produce: payment-failed}
      released: {produce: stock-released}
    expect: placed -> reserved | rejected end within 500ms -> charged | failed within 500ms
    compensate: {failed: released within 500ms}
  - name: by-chain
    events:
      asked: {inbound: "POST /orders", status: 2xx}
      sent:  {produce: order-made}
    expect: asked -> sent within 500ms
"""
STOCK, PAYMENT = "reserved | rejected", "charged | failed"
SECOND = 1_000_000_000


def attribute(key, value):
    return {"key": key, "value": {"intValue": str(value)} if isinstance(value, int) else {"stringValue": value}}


def span(kind, at, trace=None, parent="", **attributes):
    return {"traceId": trace or os.urandom(16).hex(), "spanId": os.urandom(8).hex(), "parentSpanId": parent, "name": "a span", "kind": kind,
            "startTimeUnixNano": str(at - 1_000_000), "endTimeUnixNano": str(at), "status": {},
            "attributes": [attribute(key.replace("__", "."), value) for key, value in attributes.items()]}


def sent(topic, order, at=None, trace=None, parent=""):
    keys = {"chain__key__order": order} if order else {}
    return span(3, at or time.time_ns(), trace, parent, messaging__operation__type="send", messaging__destination__name=topic, **keys)


class FlowCase(harness.Case):
    """Posts spans to self.collect, and asks it."""

    def post(self, service, *spans):
        body = {"resourceSpans": [{"resource": {"attributes": [attribute("service.name", service)]},
                                   "scopeSpans": [{"scope": {"name": "outrider"}, "spans": spans}]}]}
        answer = ask(self.collect.address, "/v1/traces", method="POST", body=json.dumps(body).encode(),
                     fields={"Content-Type": "application/json"})
        self.assert_status(answer, 200)

    def page(self, path="/api/flows"):
        """What a query of the API answers; None where there is nothing."""
        try:
            return processes.json_of(self.collect.url + path)
        except urllib.error.HTTPError as error:
            self.assertEqual(error.code, 404)
            return None

    def flow(self, name="orders"):
        return next(each for each in self.page()["flows"] if each["name"] == name)

    def told(self, name="orders"):
        """{(run, kind, step)} of what holds."""
        return {(each["run"], each["kind"], each["step"]) for each in self.flow(name)["recent"] if not each["retracted"]}

    def metric(self, name):
        page = ask(self.collect.address, "/metrics").body.decode()
        return {line.rpartition(" ")[0].removeprefix(name): int(line.rpartition(" ")[2]) for line in page.splitlines()
                if line.startswith(name + "{")}

    def outrider(self, *arguments):
        return subprocess.run([processes.OUTRIDER, *arguments], capture_output=True, text=True, timeout=60,
                              env=processes.clean_environment({"LANG": "C.UTF-8"}))

    def order(self, number, *topics, apart=100_000_000):
        """Events in that order, which happened just now."""
        at = time.time_ns() - apart * len(topics)
        for topic in topics:
            at += apart
            self.post("inventory" if topic.startswith("stock") else "orders", sent(topic, number, at))


class Flows(FlowCase):
    def setUp(self):
        self.file = self.folder() / "flows.yaml"
        self.file.write_text(FLOWS)
        self.collect = self.collector(arguments=["--flows", str(self.file)])

    def test_names_every_kind_of_fault_with_its_step_and_nothing_else(self):
        self.order("well", "order-placed", "stock-reserved", "payment-charged")
        self.order("rejected", "order-placed", "stock-rejected")
        self.order("undone", "order-placed", "stock-reserved", "payment-failed", "stock-released")
        self.order("stuck", "order-placed", "stock-reserved")
        self.order("late", "order-placed", "stock-reserved", apart=SECOND)
        self.order("missing", "order-placed", "payment-charged")
        self.order("duplicate", "order-placed", "order-placed", "stock-rejected")
        self.order("disorder", "order-placed", "payment-charged", "stock-reserved", apart=200_000_000)
        self.order("lost", "order-placed", "stock-reserved", "payment-failed")
        expected = {("stuck", "stuck", PAYMENT), ("late", "late", STOCK), ("late", "stuck", PAYMENT), ("missing", "missing", STOCK),
                    ("duplicate", "duplicate", "placed"), ("disorder", "out_of_order", PAYMENT), ("lost", "lost_compensation", "released")}
        wait_for(lambda: expected <= self.told(), "the faults", within=60)
        self.assertEqual(self.told(), expected)
        flow = wait_for(lambda: (found := self.flow())["completed"] == 2 and found["compensated"] == 1 and found, "the others", within=60)
        self.assertEqual(flow["faulty"], 6)
        for each in flow["recent"]:
            if each["kind"] in ("stuck", "lost_compensation"):
                self.assertTrue(each["open"])
                self.assertGreater(int(each["toldUnixNano"]), int(each["deadlineUnixNano"]))
        steps = {step["name"]: step for step in flow["steps"]}
        self.assertEqual(steps[PAYMENT]["faults"]["stuck"], 2)
        self.assertEqual(steps["placed"]["reached"], 9)
        self.assertEqual(self.metric("outrider_flow_runs_total")['{flow="orders",outcome="completed"}'], 2)
        self.assertEqual(self.metric("outrider_flow_faults_total")['{flow="orders",step="released",fault="lost_compensation"}'], 1)

    def test_takes_back_what_was_stuck_when_it_comes(self):
        self.order("1", "order-placed")
        wait_for(lambda: ("1", "stuck", STOCK) in self.told(), "the fault", within=60)
        self.order("1", "stock-rejected")
        wait_for(lambda: self.told() == {("1", "late", STOCK)}, "another one in its place", within=60)
        self.assertEqual(self.metric("outrider_flow_faults_retracted_total")['{flow="orders",step="' + STOCK + '",fault="stuck"}'], 1)

    def test_shows_one_run_with_its_times(self):
        self.order("47/11 a", "order-placed", "stock-reserved")
        run = wait_for(lambda: self.page("/api/flows/orders/runs/47%2F11%20a"), "the run")
        run = wait_for(lambda: len((found := self.page("/api/flows/orders/runs/47%2F11%20a"))["events"]) == 2 and found, "both events")
        self.assertEqual([each["name"] for each in run["events"]], ["placed", "reserved"])
        self.assertEqual([each["service"] for each in run["events"]], ["orders", "inventory"])
        self.assertEqual(run["waitsFor"], PAYMENT)
        self.assertIsNone(self.page("/api/flows/orders/runs/unknown"))
        self.assertIsNone(self.page("/api/flows/nothing/runs/1"))

    def test_a_run_may_be_a_chain_whose_traces_are_joined_by_what_links_them(self):
        at = time.time_ns()
        request = span(2, at, http__request__method="POST", url__path="/orders", http__response__status_code=201)
        self.post("shop", request)
        self.post("shop", sent("order-made", None, at + 10_000_000, request["traceId"], request["spanId"]))
        wait_for(lambda: self.flow("by-chain")["completed"] == 1, "the chain")
        alone = span(2, time.time_ns(), http__request__method="POST", url__path="/orders", http__response__status_code=201)
        self.post("shop", alone)
        wait_for(lambda: (alone["traceId"], "stuck", "sent") in self.told("by-chain"), "what is stuck", within=60)

    def test_reads_its_files_again_and_keeps_what_is_good(self):
        self.order("1", "order-placed")
        wait_for(lambda: self.flow()["steps"][0]["reached"] == 1, "the run")
        self.file.write_text(FLOWS.replace("events:", "evnts:"))
        wait_for(lambda: "outrider_flow_reload_failed 1" in ask(self.collect.address, "/metrics").body.decode(), "the error")
        self.assertEqual(len(self.page()["flows"]), 2, "those before stay in force")
        self.file.write_text(FLOWS + "  - {name: third, events: {a: {produce: a}}, expect: a}\n")
        wait_for(lambda: len(self.page()["flows"]) == 3, "the third")
        self.assertEqual(self.flow()["steps"][0]["reached"], 1, "its runs go on")
        self.collect.process.send_signal(signal.SIGHUP)
        self.order("2", "order-placed")
        wait_for(lambda: self.flow()["steps"][0]["reached"] == 2, "the next run")

    def test_is_asked_by_the_command(self):
        self.order("7", "order-placed")
        wait_for(lambda: ("7", "stuck", STOCK) in self.told(), "the fault", within=60)
        source = ["--from", self.collect.url]
        shown = self.outrider("flows", *source)
        self.assertEqual(shown.returncode, 0, shown.stderr)
        self.assertRegex(shown.stdout, r"orders: an order is reserved and paid\n +a run is one value of order; running 0, .*faulty 1\n")
        self.assertRegex(shown.stdout, rf"(?m)^  {STOCK.replace('|', '.')} +500ms .* 1 stuck$")
        self.assertIn("7: reserved | rejected did not come within 500ms after placed (still open)", shown.stdout)
        self.assertEqual(self.outrider("flows", *source, "--fail").returncode, 1)
        self.assertEqual(self.outrider("flows", *source, "--fail", "--flow", "by-chain").returncode, 0)
        self.assertEqual(len(json.loads(self.outrider("flows", *source, "--as", "json").stdout)["flows"]), 2)
        run = self.outrider("flows", *source, "--flow", "orders", "--run", "7")
        self.assertIn("orders, run 7: stuck, waiting for reserved | rejected", run.stdout)
        unknown = self.outrider("flows", *source, "--flow", "orders", "--run", "8")
        self.assertEqual((unknown.returncode, unknown.stdout), (1, ""))
        self.assertEqual(self.outrider("flows", "--run", "8").returncode, 2)

    def test_checks_spans_of_a_file(self):
        at = time.time_ns() - 60 * SECOND
        spans = [sent("order-placed", "1", at), sent("stock-rejected", "1", at + 100_000_000), sent("order-placed", "2", at)]
        file = self.folder() / "spans.json"
        file.write_text(json.dumps({"resourceSpans": [{"resource": {"attributes": [attribute("service.name", "orders")]},
                                                       "scopeSpans": [{"spans": spans}]}]}))
        shown = self.outrider("flows", "--file", str(file), "--flows", str(self.file), "--fail")
        self.assertEqual(shown.returncode, 1, shown.stdout + shown.stderr)
        self.assertIn("running 0, completed 1, compensated 0, faulty 1", shown.stdout)
        run = self.outrider("flows", "--file", str(file), "--flows", str(self.file), "--flow", "orders", "--run", "2")
        self.assertIn("orders, run 2: stuck", run.stdout)
        self.file.write_text(FLOWS.replace("expect: placed", "expect: plced"))
        wrong = self.outrider("flows", "--file", str(file), "--flows", str(self.file))
        self.assertEqual(wrong.returncode, 2)
        self.assertIn("unknown event 'plced'; did you mean 'placed'?", wrong.stderr)

    def test_a_collector_with_flows_that_are_wrong_does_not_start(self):
        self.file.write_text(FLOWS.replace("events:", "evnts:", 1))
        said = self.outrider("collect", "--listen", "127.0.0.1:0", "--flows", str(self.file))
        self.assertEqual(said.returncode, 2)
        self.assertRegex(said.stderr, r"flows\.yaml:\d+:5: unknown key 'evnts' under 'flows\.0'; did you mean 'events'\?")


class Restart(FlowCase):
    """After a restart with a store what ran goes on, and what was told is not told again."""

    def setUp(self):
        self.file, self.store = self.folder() / "flows.yaml", self.folder() / "spans.db"
        self.file.write_text(FLOWS.replace("| failed within 500ms", "| failed within 30s"))
        self.start()

    def start(self):
        self.collect = self.collector(arguments=["--flows", str(self.file), "--store", str(self.store)])

    def test_runs_go_on_and_no_fault_is_counted_twice(self):
        self.order("stuck", "order-placed")
        wait_for(lambda: ("stuck", "stuck", STOCK) in self.told(), "the fault", within=60)
        self.order("going", "order-placed", "stock-reserved")
        wait_for(lambda: self.flow()["steps"][1]["reached"] == 1, "the other run")
        self.collect.stop()
        self.start()
        self.assertIn(("stuck", "stuck", STOCK), self.told(), "it is shown as before")
        self.order("going", "payment-charged")
        wait_for(lambda: self.flow()["completed"] == 1, "the end of what ran", within=60)
        self.assertEqual(self.metric("outrider_flow_faults_total")['{flow="orders",step="' + STOCK + '",fault="stuck"}'], 0)


if __name__ == "__main__":
    harness.main()
