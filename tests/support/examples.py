"""The systems of examples/, started as ./demo starts them: a sidecar beside each service, which sends what it sees to a collector."""
import importlib.util
import json
import pathlib
import socket
import sys
import tempfile

import dev_broker
import processes
import wire

EXAMPLES = processes.ROOT / "examples"
sys.path.append(str(EXAMPLES))
from demo import system as systems  # noqa: E402  (what ./demo starts is what is tested)

SILENT = {"slow": "0ms", "failing": 0, "dropping": 0, "duplicating": False}


def described(folder):
    """The module system.py of an example."""
    spec = importlib.util.spec_from_file_location(f"{folder}_system", EXAMPLES / folder / "system.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def listens(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def direct(port, path, body=None):
    """Past the sidecar, so that it is in no chain: the JSON that a service answers."""
    answer = wire.ask(("127.0.0.1", port), path, method="GET" if body is None else "POST",
                      body=None if body is None else json.dumps(body).encode(), fields={"Content-Type": "application/json"})
    assert answer.status == 200, f"{path}: {answer.start} {answer.body!r}"
    return json.loads(answer.body)


class Closing:
    def __init__(self, folder):
        self.close = folder.cleanup


class Running:
    """A system, its consumers having their partitions. `keep` ends what is handed to it when the test, or the class, ends. `brokers` are a
    Kafka that has the topics; without any, a broker in memory is started. `without` are services that are left out; their sidecars run."""

    def __init__(self, system, keep, collector, brokers=None, without=(), settings=None, environment=None):
        self.system, self.keep, self.collector, self.settings, self.environment = system, keep, collector, settings or {}, environment or {}
        self.sidecars, self.services, self.ports, self.data = {}, {}, {}, {}
        if brokers is None:
            topics = [word for topic in system.topics for word in ("--topic", topic)]
            brokers = keep(dev_broker.DevBroker(*topics)).address
        self.brokers, self.places, self.backing = brokers, {"shared": self.folder()}, {}
        for each in system.backing:
            self.start_backing(each)
        for name in system.names:
            self.start_sidecar(name)
            if name not in without:
                self.start_service(name)
        for name in system.names:
            if name not in without:
                self.wait_until_it_consumes(name)

    def folder(self):
        folder = tempfile.TemporaryDirectory(prefix="outrider-example-")
        self.keep(Closing(folder))
        return pathlib.Path(folder.name)

    def start_backing(self, each):
        """Also again, after it ended, where it was; with nothing of what it had."""
        port = self.places.setdefault(each.name, processes.free_ports(1)[0])
        command = [systems.filled(word, {each.name: port, "data": self.folder()}) for word in each.command]
        self.backing[each.name] = self.keep(processes.Process(command))
        wire.wait_for(lambda: listens(port), f"{each.name} to listen", 30)

    def start_sidecar(self, name):
        self.ports[name], folder, service = processes.free_ports(1)[0], self.folder(), self.system.service(name)
        callees = {callee: self.sidecars[callee].inbound[1] for callee in service.calls}
        text = systems.sidecar(self.system, service, systems.Ports(self.ports[name]), callees, self.brokers, self.collector, f"{folder}/state", self.places)
        (folder / "sidecar.yaml").write_text(text)
        more = [word for setting, value in self.settings.items() for word in ("--set", f"{setting}={value}")]
        self.sidecars[name] = self.keep(processes.Sidecar(["--config", str(folder / "sidecar.yaml"), *more]))

    def start_service(self, name):
        """Also again, after it ended: with the data that it left."""
        service, sidecar = self.system.service(name), self.sidecars[name]
        if name not in self.data:
            self.data[name] = self.folder()
        ports = systems.Ports(self.ports[name], sidecar.inbound[1], outbound=sidecar.outbound and sidecar.outbound[1], kafka=sidecar.kafka and sidecar.kafka["main"][1])
        environment = {"PYTHONUNBUFFERED": "1", "PYTHONDONTWRITEBYTECODE": "1", **systems.surroundings(service, ports, self.data[name], self.places), **self.environment}
        command = service.command(self.system.folder, pathlib.Path(processes.OUTRIDER), dev_broker.PYTHON)
        self.services[name] = self.keep(processes.Process(command, environment))
        wire.wait_for(lambda: listens(self.ports[name]), f"{name} to listen", 30)

    def wait_until_it_consumes(self, name):
        said = self.system.service(name).consuming
        if said:
            self.services[name].wait_for_log(said, within=60)  # the group has formed

    def ask(self, name, path, method="GET", body=None):
        """(status, JSON), through the sidecar of a service."""
        answer = wire.ask(self.sidecars[name].inbound, path, method=method, body=None if body is None else json.dumps(body).encode(),
                          fields={"Content-Type": "application/json"})
        return answer.status, json.loads(answer.body)

    def direct(self, name, path, body=None):
        return direct(self.ports[name], path, body)

    def fault(self, name, **switches):
        """Sets the faults of a service, those that are not named to none."""
        return self.direct(name, "/fault", {**SILENT, **switches})
