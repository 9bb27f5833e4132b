"""The shop as compose and Kubernetes describe it, each service with its sidecar in a network of its own: the files as they are make one
trace, nobody gets past a sidecar, and a stop loses nothing. Kafka is the embedded one and Jaeger `outrider collect`."""
import json
import os
import signal

import dev_broker
import harness
import pods
import processes

SIDECARS = processes.ROOT / "deploy/compose/sidecars"
SHOP = processes.ROOT / "examples/shop"
SERVICES = ("shipping", "stock", "orders", "frontend")
ENVIRONMENT = {"PORT": "9000", "HTTP_PROXY": "http://127.0.0.1:7901", "KAFKA_BOOTSTRAP": "127.0.0.1:19092", "PYTHONUNBUFFERED": "1"}


class ShopInPods(harness.Case):
    def setUp(self):
        self.network = pods.Network(self, [*SERVICES, "kafka", "jaeger", "customer"])
        self.sidecars, self.services = {}, {}

    def start_kafka(self):
        """The embedded broker is for its own host; a sidecar in front of it has a name that others know."""
        state = self.folder()
        self.network.start("kafka", processes.OUTRIDER, "dev-broker", "--listen", "127.0.0.1:9091", "--topic", "order-placed", log=r"^ready")
        self.network.start("kafka", processes.OUTRIDER, "run", "--service", "kafka", "--state", state, "--kafka", f"{self.network.pods['kafka'].address}:9092=127.0.0.1:9091",
                           "--set", "kafka.main.advertise=kafka", "--set", "kafka.main.base_port=9092", "--set", "tracing.exporter=none",
                           log=r"^ready")

    def start_shop(self):
        self.start_kafka()
        self.network.start("jaeger", processes.OUTRIDER, "collect", "--listen", "0.0.0.0:4318", log="OTLP/HTTP on")
        for name in SERVICES:
            self.sidecars[name] = self.network.start(
                name, processes.OUTRIDER, "run", "--config", SIDECARS / f"{name}.yaml", log=r"^ready",
                environment={"OUTRIDER_STATE": str(self.folder()), "OUTRIDER_TRACING_BATCH_DELAY": "100ms"})
            self.services[name] = self.network.start(name, dev_broker.PYTHON, SHOP / f"{name}.py", environment=ENVIRONMENT, folder=SHOP)
            self.network.listens(name, 9000)
        self.services["stock"].wait_for_log("consuming order-placed", within=30)

    def curl(self, source, *arguments):
        return self.network.pods[source].run("curl", "-s", "--max-time", "10", *arguments)

    def order(self):
        done = self.curl("customer", "-d", json.dumps({"sku": "tea", "quantity": 1}), "http://frontend:8080/orders")
        self.assertEqual(json.loads(done.stdout).get("sku"), "tea", done.stdout + done.stderr)

    def test_the_files_of_compose_and_kubernetes_make_one_trace(self):
        self.start_shop()
        for name in SERVICES:
            self.assertIn("ready", self.curl("customer", f"http://{name}:7910/readyz").stdout, name)
        self.order()
        self.order()
        chain = self.network.pods["jaeger"].run(processes.OUTRIDER, "chain", "--service", "frontend", "--wait", "15s", "--width", "120")
        self.assertEqual(chain.returncode, 0, chain.stderr)
        self.assertIn("4 services, 10 spans", chain.stdout)
        for line in ("frontend → orders", "orders → stock", "send order-placed", "process order-placed", "stock → shipping"):
            self.assertIn(line, chain.stdout)
        self.nobody_gets_past_a_sidecar()
        self.a_stop_as_of_an_engine()

    def nobody_gets_past_a_sidecar(self):
        for name, port in (("orders", 9000), ("orders", 7901), ("orders", 7900), ("stock", 19092)):
            self.assertEqual(self.curl("customer", f"http://{name}:{port}/").returncode, 7, f"{name}:{port} is for {name} alone")

    def a_stop_as_of_an_engine(self):
        """The service first, the sidecar after it; callers get a refusal that says why."""
        self.services["shipping"].stop()
        self.sidecars["shipping"].signal(signal.SIGTERM)
        self.assertEqual(self.sidecars["shipping"].wait(), 0)
        self.order()
        self.services["stock"].wait_for_log(r"shipping answered 50[234]")


if __name__ == "__main__":
    if os.geteuid() != 0:
        harness.skip_all("only root makes network namespaces")
    harness.main()
