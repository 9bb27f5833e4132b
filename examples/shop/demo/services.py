"""The four services, a sidecar beside each. HTTP_PROXY and KAFKA_BOOTSTRAP lead what a service sends to its sidecar."""
import dataclasses
import pathlib
import sys

SHOP = pathlib.Path(__file__).resolve().parents[1]
TOPICS = ("order-placed", "stock-reserved", "stock-rejected", "stock-released", "payment-charged", "payment-failed")

# From the back to the front: whom each calls over HTTP, and whether it speaks Kafka.
CALLS = {"payment": (), "inventory": (), "orders": ("inventory", "payment"), "frontend": ("orders",)}
USE_KAFKA = ("payment", "inventory", "orders")
CONSUMING = {"orders": "consuming stock-rejected", "inventory": "consuming order-placed", "payment": "consuming stock-reserved"}


@dataclasses.dataclass
class Ports:
    """Of a service and of the sidecar beside it, the preferred ones where they are free."""
    app: int
    inbound: int
    outbound: int
    admin: int
    kafka: int

    @staticmethod
    def of(processes, name):
        number = list(CALLS).index(name)
        return Ports(*(processes.port(preferred) for preferred in (9004 - number, 8083 - number, 7931 - 10 * number, 7930 - 10 * number, 19095 - number)))


def sidecar(name, ports, callees, brokers, collector, state):
    """The sidecar.yaml of a service."""
    lines = [f"service: {name}", f"inbound: [{{listen: 127.0.0.1:{ports.inbound}, app: 127.0.0.1:{ports.app}}}]"]
    if callees:
        lines += [f"outbound: {{listen: 127.0.0.1:{ports.outbound}}}", "upstreams:"]
        lines += [f"  {callee}: {{endpoints: [127.0.0.1:{port}]}}" for callee, port in callees.items()]
    if name in USE_KAFKA:
        lines.append(f"kafka: {{main: {{listen: 127.0.0.1:{ports.kafka}, brokers: [{brokers}]}}}}")
    lines += [f"tracing: {{collector: {collector}, batch: {{delay: 200ms}}}}",
              'keys: {order: ["path:order", "json:/orderId", "kafka:key"]}',
              f"admin: 127.0.0.1:{ports.admin}", f"state: {state}"]
    return "\n".join(lines) + "\n"


def start_sidecar(processes, outrider, name, ports, callees, brokers, collector):
    file, state = processes.folder / f"{name}.yaml", processes.folder / f"{name}-state"
    state.mkdir()
    file.write_text(sidecar(name, ports, callees, brokers, collector, state))
    processes.start(f"{name}-sidecar", [outrider, "run", "--config", file])
    for port in (ports.inbound, ports.admin, *([ports.outbound] if callees else []), *([ports.kafka] if name in USE_KAFKA else [])):
        processes.wait_for(f"{name}-sidecar", port)


def start_service(processes, payment, name, ports):
    proxy = f"http://127.0.0.1:{ports.outbound}"
    environment = {"PORT": str(ports.app), "HTTP_PROXY": proxy, "http_proxy": proxy, "NO_PROXY": "", "no_proxy": "",
                   "KAFKA_BOOTSTRAP": f"127.0.0.1:{ports.kafka}", "FIRST_ORDER": "4709"}
    processes.start(name, [payment] if name == "payment" else [sys.executable, SHOP / f"{name}.py"], environment)
    processes.wait_for(name, ports.app)


def start(processes, outrider, payment, brokers, collector):
    """All of it, so that each sidecar knows where those listen that its service calls. Returns the ports by service."""
    ports = {name: Ports.of(processes, name) for name in CALLS}
    for name, called in CALLS.items():
        start_sidecar(processes, outrider, name, ports[name], {callee: ports[callee].inbound for callee in called}, brokers, collector)
        start_service(processes, payment, name, ports[name])
    for name, said in CONSUMING.items():
        processes.wait_for_log(name, said)  # a consumer group takes seconds to form
    return ports
