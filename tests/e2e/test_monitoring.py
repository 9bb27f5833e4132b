"""Dashboard and alerts: they ask only for what sidecars export, and fire when they should."""
import json
import re
import shutil
import subprocess

import dev_broker
import harness
import processes
from harness import ask

MONITORING = processes.ROOT / "deploy/monitoring"
RULES = MONITORING / "alerts.yaml"
SELECTOR = re.compile(r"\b(outrider_\w+|up)\b(?:\{([^}]*)\})?")
MATCHER = re.compile(r'(\w+)\s*(=~|!~|!=|=)\s*"([^"]*)"')
OF_THE_SCRAPE = {"job", "instance"}
# Of each the values are few and known, so one that no sidecar shows is a slip of the pen.
CLOSED = {"direction", "reason", "mode", "kind", "of", "state"}
# Names that promtool would not have chosen: the first is stable since the first release, the others count what Kafka counts in.
LINTED = {"outrider_spans_total", "outrider_kafka_throttle_milliseconds_total", "outrider_kafka_policy_throttle_milliseconds_total"}

POLICIES = """
policies:
  - {name: narrow, match: {inbound: "/narrow"}, limit: {rate: 1/h}}
  - {name: tried, mode: shadow, match: {inbound: "/tried"}, limit: {rate: 1/h}}
  - {name: topic, match: {produce: "*"}, limit: {rate: 1B/s, burst: 1B}}
  - {name: fleet, match: {inbound: "/fleet"}, limit: {rate: 1/s, scope: fleet}}
"""
# All that has metrics of its own, be it that nobody answers.
SETTINGS = {"fleet.redis": "redis://127.0.0.1:1", "health.app.http": "/", "registries.etcd.endpoints": "http://127.0.0.1:1",
            "upstreams.found.discover": "etcd"}


def expressions():
    """(where, PromQL) of every alert and every panel."""
    rules = re.findall(r"- alert: (\w+)\n +expr: (?:\|\n)?(.*?)(?=\n +(?:for|labels):)", RULES.read_text(), re.DOTALL)
    yield from rules
    for panel in json.loads((MONITORING / "dashboard.json").read_text())["panels"]:
        for target in panel.get("targets", []):
            yield panel["title"], target["expr"]


def exported(page):
    """{metric: {label: {value}}} of a Prometheus text."""
    found = {}
    for line in page.splitlines():
        if line.startswith("#"):
            continue
        name, _, labels = line.rpartition(" ")[0].partition("{")
        for label, _, value in MATCHER.findall(labels):
            found.setdefault(name, {}).setdefault(label, set()).add(value)
        found.setdefault(name, {})
    return found


class Dashboard(harness.Case):
    def page(self):
        """What a sidecar shows that has all kinds of traffic."""
        app, broker = self.origin(), self.keep(dev_broker.DevBroker("--topic", "t"))
        policies = self.folder() / "policies.yaml"
        policies.write_text(POLICIES)
        proxy = self.sidecar(app, routes={"stock": app}, otlp=self.receiver(), settings=SETTINGS,
                             more=["--policies", str(policies), "--kafka", f"127.0.0.1:0={broker.address}"])
        for path in ("/narrow", "/narrow", "/tried", "/tried", "/fleet"):
            ask(proxy.inbound, path)
        ask(proxy.outbound, "/", host="stock")
        kafka = dev_broker.address_of(proxy)
        for _ in range(2):
            dev_broker.produce(kafka, "t", ["one", "two"])
        dev_broker.consume(kafka, "t", 4)
        return proxy.get("/metrics").body.decode()

    def collector_page(self):
        """What a collector shows that is given flows."""
        flows = processes.ROOT / "examples/shop/flows.yaml"
        collector = self.collector(arguments=["--flows", str(flows)])
        return ask(collector.address, "/metrics").body.decode()

    def judge(self, where, expression, known):
        for name, matchers in SELECTOR.findall(expression):
            if name == "up":
                continue
            self.assertIn(name, known, f"{where}: {expression}")
            for label, how, value in MATCHER.findall(matchers):
                if label in OF_THE_SCRAPE:
                    continue
                self.assertIn(label, known[name], f"{where}: {expression}")
                if label in CLOSED and how == "=":
                    self.assertIn(value, known[name][label], f"{where}: {expression}")
        grouped = {label.strip() for each in re.findall(r"\bby \(([^)]*)\)", expression) for label in each.split(",")}
        shown = set().union(OF_THE_SCRAPE, *(known[name] for name, _ in SELECTOR.findall(expression) if name != "up"))
        self.assertLessEqual(grouped, shown, f"{where}: {expression}")

    def test_every_metric_and_label_is_one_that_is_exported(self):
        page = self.page() + self.collector_page()
        known, judged = exported(page), 0
        for where, expression in expressions():
            self.judge(where, expression, known)
            judged += 1
        self.assertGreater(judged, 40)
        self.lint(page)

    def lint(self, page):
        if shutil.which("promtool") is None:
            return
        done = subprocess.run(["promtool", "check", "metrics"], input=page, capture_output=True, text=True, timeout=30)
        self.assertIn(done.returncode, (0, 3), done.stderr)  # 3: it has advice
        advised = {line.partition(" ")[0] for line in (done.stdout + done.stderr).splitlines() if line.startswith("outrider_")}
        self.assertLessEqual(advised, LINTED, done.stdout + done.stderr)

    def test_panels_do_not_overlap_and_have_what_they_need(self):
        board = json.loads((MONITORING / "dashboard.json").read_text())
        taken = set()
        for panel in board["panels"]:
            place = panel["gridPos"]
            cells = {(x, y) for x in range(place["x"], place["x"] + place["w"]) for y in range(place["y"], place["y"] + place["h"])}
            self.assertFalse(cells & taken, panel["title"])
            self.assertLessEqual(place["x"] + place["w"], 24)
            taken |= cells
        identifiers = [panel["id"] for panel in board["panels"]]
        self.assertEqual(len(identifiers), len(set(identifiers)))
        self.assertEqual([each["name"] for each in board["templating"]["list"]], ["datasource", "job", "instance"])


class Alerts(harness.Case):
    def promtool(self, *arguments):
        if shutil.which("promtool") is None:
            self.skipTest("no promtool here")
        done = subprocess.run(["promtool", *map(str, arguments)], capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    def test_the_rules_are_valid(self):
        self.assertRegex(self.promtool("check", "rules", "--lint-fatal", RULES), r"SUCCESS: \d+ rules found")

    def test_they_fire_when_they_should_and_only_then(self):
        cases = processes.ROOT / "tests/data/monitoring/alerts.test.yaml"
        self.promtool("test", "rules", cases)
        expected = re.findall(r'\{alertname="(\w+)"\}', cases.read_text())
        self.assertEqual(expected, re.findall(r"- alert: (\w+)", RULES.read_text()), "every rule has a case")


if __name__ == "__main__":
    harness.main()
