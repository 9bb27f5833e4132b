"""What a system of services consists of, and the sidecar.yaml of each. HTTP_PROXY and KAFKA_BOOTSTRAP lead what a service sends to its sidecar."""
import dataclasses
import pathlib
import string
import sys


@dataclasses.dataclass(frozen=True)
class Service:
    """One of them: the other services that it calls over HTTP, whether it speaks Kafka, and what its log says once its consumers have partitions."""
    name: str
    calls: tuple = ()
    kafka: bool = False
    consuming: str = ""
    compiled: str = ""  # the program, beside Outrider's own; without it, a script in the system's folder: this one, or NAME.py
    script: str = ""
    of: str = ""  # the service that it is one of several instances of; each may end
    environment: dict = dataclasses.field(default_factory=dict)  # in the values, and in the next, $NAME is one of the places
    sidecar: str = ""  # more lines of its sidecar.yaml

    def command(self, folder, outrider, python=sys.executable):
        """How it is started."""
        return [outrider.resolve().parent / self.compiled] if self.compiled else [python, folder / (self.script or f"{self.name}.py")]


@dataclasses.dataclass(frozen=True)
class Backing:
    """What services keep something in, without a sidecar: started before them. Its place is $NAME, its port; $data is a folder of its own."""
    name: str
    command: tuple


@dataclasses.dataclass(frozen=True)
class System:
    """Services from the back to the front, so that each is there before it is called; topics are NAME or NAME:PARTITIONS."""
    folder: pathlib.Path
    services: tuple
    topics: tuple
    keys: str  # as in sidecar.yaml: {order: ["json:/orderId"]}
    flows: pathlib.Path | None = None  # what is expected to follow what, for the collector
    backing: tuple = ()

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


def filled(text, places):
    """The text with what stands for each $NAME."""
    return string.Template(text).substitute(places)


def sidecar(system, service, ports, callees, brokers, collector, state, places):
    """The sidecar.yaml of a service; `callees` are the ports of the sidecars of those that it calls. `places` are the folder $shared of all
    services, the ports of what backs them, and here also $folder, where the system is, and $app, the port of the service."""
    lines = [f"service: {service.of or service.name}", f"instance: {service.name}"] if service.of else [f"service: {service.name}"]
    lines += [f"inbound: [{{listen: 127.0.0.1:{ports.inbound}, app: 127.0.0.1:{ports.app}}}]"]
    if service.calls:
        lines += [f"outbound: {{listen: 127.0.0.1:{ports.outbound}}}", "upstreams:"]
        lines += [f"  {callee}: {{endpoints: [127.0.0.1:{callees[callee]}]}}" for callee in service.calls]
    if service.kafka:
        lines.append(f"kafka: {{main: {{listen: 127.0.0.1:{ports.kafka}, brokers: [{brokers}]}}}}")
    lines += [f"tracing: {{collector: {collector}, batch: {{delay: 200ms}}}}", f"keys: {system.keys}",
              f"admin: 127.0.0.1:{ports.admin}", f"state: {state}", filled(service.sidecar, {**places, "folder": system.folder, "app": ports.app})]
    return "\n".join(lines) + "\n"


def surroundings(service, ports, data, places):
    """The environment of a service; `data` is a folder of its own, PUBLIC_URL where others find it."""
    found = {"PORT": str(ports.app), "PUBLIC_URL": f"http://127.0.0.1:{ports.inbound}", "DATA": str(data),
             **{name: filled(value, {**places, "data": data}) for name, value in service.environment.items()}}
    if service.calls:
        proxy = f"http://127.0.0.1:{ports.outbound}"
        found.update({"HTTP_PROXY": proxy, "http_proxy": proxy, "NO_PROXY": "", "no_proxy": ""})
    if service.kafka:
        found["KAFKA_BOOTSTRAP"] = f"127.0.0.1:{ports.kafka}"
    return found
