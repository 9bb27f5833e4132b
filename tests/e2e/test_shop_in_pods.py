"""The shop as compose and Kubernetes describe it, each service with its sidecar in a network of its own: the files as they are make one
chain of an order, nobody gets past a sidecar, and a stop loses nothing. Kafka is the embedded one."""
import json
import os
import signal

import dev_broker
import harness
import namespaces
import processes
import shop

SIDECARS = processes.ROOT / "deploy/compose/sidecars"
SERVICES = ("payment", "inventory", "orders", "frontend")
ENVIRONMENT = {"PORT": "9000", "HTTP_PROXY": "http://127.0.0.1:7901", "KAFKA_BOOTSTRAP": "127.0.0.1:19092", "PYTHONUNBUFFERED": "1"}


class ShopInPods(harness.Case):
    def setUp(self):
        self.network = namespaces.Network(self, [*SERVICES, "kafka", "collector", "customer"])
        self.sidecars, self.services = {}, {}

    def start_kafka(self):
        """The embedded broker is for its own host; a sidecar in front of it has a name that others know."""
        state = self.folder()
        topics = [word for topic in shop.SHOP.topics for word in ("--topic", topic)]
        self.network.start("kafka", processes.OUTRIDER, "dev-broker", "--listen", "127.0.0.1:9091", *topics, log=r"^ready")
        self.network.start("kafka", processes.OUTRIDER, "run", "--service", "kafka", "--state", state, "--kafka", f"{self.network.addresses['kafka']}:9092=127.0.0.1:9091",
                           "--set", "kafka.main.advertise=kafka", "--set", "kafka.main.base_port=9092", "--set", "tracing.exporter=none",
                           log=r"^ready")

    def start_shop(self):
        self.start_kafka()
        self.network.start("collector", processes.OUTRIDER, "collect", "--listen", "0.0.0.0:4318", "--store", self.folder() / "chains.db",
                           log="OTLP/HTTP on")
        for name in SERVICES:
            self.sidecars[name] = self.network.start(
                name, processes.OUTRIDER, "run", "--config", SIDECARS / f"{name}.yaml", log=r"^ready",
                environment={"OUTRIDER_STATE": str(self.folder()), "OUTRIDER_TRACING_BATCH_DELAY": "100ms"})
            program = [shop.PAYMENT] if name == "payment" else [dev_broker.PYTHON, shop.SHOP.folder / f"{name}.py"]
            self.services[name] = self.network.start(name, *program, environment=ENVIRONMENT)
            self.network.wait_until_it_listens(name, 9000)
        for service in shop.SHOP.services:
            self.services[service.name].wait_for_log(service.consuming, within=60)

    def curl(self, source, *arguments):
        return self.network.run(source, "curl", "-s", "--max-time", "10", *arguments)

    def order(self, by="calls"):
        """What the frontend answered."""
        done = self.curl("customer", "-d", json.dumps({"customer": "ada@example.org", "sku": "tea", "quantity": 1}),
                         f"http://frontend:8080/orders?by={by}")
        order = json.loads(done.stdout)
        self.assertEqual(order.get("sku"), "tea", done.stdout + done.stderr)
        return order

    def chain_of(self, order, spans):
        """The drawn chain of an order, once there are as many spans of it."""
        def look():
            done = self.network.run("collector", processes.OUTRIDER, "chain", "--key", f"order={order['orderId']}", "--width", "120")
            return done.stdout if done.returncode == 0 and all(each in done.stdout for each in spans) else None
        return harness.wait_for(look, f"{spans} in the chain of order {order['orderId']}", 60)

    def test_the_files_of_compose_and_kubernetes_make_one_chain(self):
        self.start_shop()
        for name in SERVICES:
            self.assertIn("ready", self.curl("customer", f"http://{name}:7910/readyz").stdout, name)
        self.assertEqual(self.order()["state"], "paid")
        self.chain_of(self.order(), ["4 services", "frontend → orders", "orders → inventory", "orders → payment"])
        self.chain_of(self.order("events"), ["4 services", "frontend → orders", *(
            f"{what} {topic}" for topic in ("order-placed", "stock-reserved", "payment-charged") for what in ("send", "process"))])
        self.nobody_gets_past_a_sidecar()
        self.a_stop_as_of_an_engine()

    def nobody_gets_past_a_sidecar(self):
        for name, port in (("orders", 9000), ("orders", 7901), ("orders", 7900), ("inventory", 19092)):
            self.assertEqual(self.curl("customer", f"http://{name}:{port}/").returncode, 7, f"{name}:{port} is for {name} alone")

    def a_stop_as_of_an_engine(self):
        """The service first, the sidecar after it; callers get a refusal that says why."""
        self.services["payment"].stop()
        self.sidecars["payment"].signal(signal.SIGTERM)
        self.assertEqual(self.sidecars["payment"].wait(), 0)
        order = self.order()
        self.assertEqual(order["state"], "cancelled", order)
        self.services["inventory"].wait_for_log(rf"DELETE /orders/{order['orderId']}/reservation -> 200")


if __name__ == "__main__":
    if os.geteuid() != 0:
        harness.skip_all("only root makes network namespaces")
    harness.main()
