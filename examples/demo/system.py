"""What a system of services consists of, and the sidecar.yaml of each. HTTP_PROXY and KAFKA_BOOTSTRAP lead what a service sends to its sidecar."""
import dataclasses
import pathlib
import sys


@dataclasses.dataclass(frozen=True)
class Service:
    """One of them: the other services that it calls over HTTP, whether it speaks Kafka, and what its log says once its consumers have partitions."""
    name: str
    calls: tuple = ()
    kafka: bool = False
    consuming: str = ""
    compiled: str = ""  # the program, beside Outrider's own; without it, NAME.py in the system's folder
    environment: dict = dataclasses.field(default_factory=dict)

    def command(self, folder, outrider, python=sys.executable):
        """How it is started."""
        return [outrider.resolve().parent / self.compiled] if self.compiled else [python, folder / f"{self.name}.py"]


@dataclasses.dataclass(frozen=True)
class System:
    """Services from the back to the front, so that each is there before it is called; topics are NAME or NAME:PARTITIONS."""
    folder: pathlib.Path
    services: tuple
    topics: tuple
    keys: str  # as in sidecar.yaml: {order: ["json:/orderId"]}
    flows: pathlib.Path | None = None  # what is expected to follow what, for the collector

    @property
    def names(self):
        return [service.name for service in self.services]

    def service(self, name):
        return next(each for each in self.services if each.name == name)


@dataclasses.dataclass
class Ports:
    """Of a service and of the sidecar beside it."""
    app: int
    inbound: int = 0
    outbound: int = 0
    admin: int = 0
    kafka: int = 0

    @staticmethod
    def of(processes, system, name):
        """The preferred ones, counted from the front, where they are free."""
        behind = len(system.services) - 1 - system.names.index(name)
        return Ports(*(processes.port(preferred) for preferred in (
            9001 + behind, 8080 + behind, 7901 + 10 * behind, 7900 + 10 * behind, 19092 + behind)))


def sidecar(system, service, ports, callees, brokers, collector, state):
    """The sidecar.yaml of a service; `callees` are the ports of the sidecars of those that it calls."""
    lines = [f"service: {service.name}", f"inbound: [{{listen: 127.0.0.1:{ports.inbound}, app: 127.0.0.1:{ports.app}}}]"]
    if service.calls:
        lines += [f"outbound: {{listen: 127.0.0.1:{ports.outbound}}}", "upstreams:"]
        lines += [f"  {callee}: {{endpoints: [127.0.0.1:{callees[callee]}]}}" for callee in service.calls]
    if service.kafka:
        lines.append(f"kafka: {{main: {{listen: 127.0.0.1:{ports.kafka}, brokers: [{brokers}]}}}}")
    lines += [f"tracing: {{collector: {collector}, batch: {{delay: 200ms}}}}", f"keys: {system.keys}",
              f"admin: 127.0.0.1:{ports.admin}", f"state: {state}"]
    return "\n".join(lines) + "\n"


def surroundings(service, ports, data):
    """The environment of a service; `data` is a folder of its own."""
    found = {"PORT": str(ports.app), "DATA": str(data), **service.environment}
    if service.calls:
        proxy = f"http://127.0.0.1:{ports.outbound}"
        found.update({"HTTP_PROXY": proxy, "http_proxy": proxy, "NO_PROXY": "", "no_proxy": ""})
    if service.kafka:
        found["KAFKA_BOOTSTRAP"] = f"127.0.0.1:{ports.kafka}"
    return found
