"""What a demo plays on: a collector, a Kafka, the services with a sidecar beside each; and how the reader is shown what happened."""
import json
import pathlib
import shlex
import shutil
import subprocess
import time
import urllib.parse

import confluent_kafka.admin

from . import system as systems
from .processes import Failed, fetch


class Stage:
    """One system at work. `ports` by service once `start` is over."""

    def __init__(self, system, processes, outrider, query=None):
        self.system, self.processes, self.outrider, self.query = system, processes, outrider, query
        self.collector, self.brokers, self.ports, self.places = None, None, {}, {}

    def start(self, kafka=None, forward=None):
        """All of it; `kafka` is a real one, `forward` where chains go to, too."""
        self.start_collector(forward)
        if kafka:
            self.use_broker(kafka)
        else:
            self.start_broker()
        self.start_backing()
        self.ports = {name: systems.Ports.of(self.processes, self.system, name) for name in self.system.names}
        for service in self.system.services:
            self.start_sidecar(service)
            self.start_service(service)
        for service in self.system.services:
            if service.consuming:
                self.processes.wait_for_log(service.name, service.consuming)  # a consumer group takes seconds to form

    def start_collector(self, forward):
        port = self.processes.port(4318)
        more = ["--forward", forward] if forward else []
        more += ["--flows", self.system.flows] if self.system.flows else []
        self.processes.start("collector", [self.outrider, "collect", "--listen", f"127.0.0.1:{port}", *more])
        self.processes.wait_for("collector", port)
        self.collector = f"http://127.0.0.1:{port}"

    def start_broker(self):
        port = self.processes.port(9092)
        topics = [word for topic in self.system.topics for word in ("--topic", topic)]
        self.processes.start("dev-broker", [self.outrider, "dev-broker", "--listen", f"127.0.0.1:{port}", *topics])
        self.processes.wait_for("dev-broker", port)
        self.brokers = f"127.0.0.1:{port}"

    def use_broker(self, brokers):
        """A real Kafka, in which the topics are made if they are not there."""
        admin = confluent_kafka.admin.AdminClient({"bootstrap.servers": brokers, "log_level": 2})
        wanted = [topic.partition(":") for topic in self.system.topics]
        made = admin.create_topics([confluent_kafka.admin.NewTopic(name, int(count or 1), 1) for name, _, count in wanted], request_timeout=10)
        for each in made.values():
            try:
                each.result()
            except confluent_kafka.KafkaException as error:
                if error.args[0].code() != confluent_kafka.KafkaError.TOPIC_ALREADY_EXISTS:
                    raise Failed(f"--kafka {brokers}: {error.args[0].str()}") from error
        self.brokers = brokers

    def start_backing(self):
        self.places = {"shared": self.processes.folder / "shared"}
        self.places["shared"].mkdir()
        for each in self.system.backing:
            port, data = self.processes.port(0), self.processes.folder / f"{each.name}-data"
            data.mkdir()
            self.processes.replaceable.add(each.name)
            self.processes.start(each.name, [systems.filled(word, {each.name: port, "data": data}) for word in each.command])
            self.processes.wait_for(each.name, port)
            self.places[each.name] = port

    def start_sidecar(self, service):
        ports, name = self.ports[service.name], f"{service.name}-sidecar"
        file, state = self.processes.folder / f"{service.name}.yaml", self.processes.folder / f"{service.name}-state"
        state.mkdir()
        callees = {callee: self.ports[callee].inbound for callee in service.calls}
        file.write_text(systems.sidecar(self.system, service, ports, callees, self.brokers, self.collector, state, self.places))
        self.processes.start(name, [self.outrider, "run", "--config", file])
        for port in (ports.inbound, ports.admin, *([ports.outbound] if callees else []), *([ports.kafka] if service.kafka else [])):
            self.processes.wait_for(name, port)

    def start_service(self, service):
        ports, data = self.ports[service.name], self.processes.folder / f"{service.name}-data"
        data.mkdir(exist_ok=True)
        command = service.command(self.system.folder, self.outrider)
        if not pathlib.Path(command[-1]).exists():
            raise Failed(f"no {command[-1]}; build it: cmake --build --preset release --target {service.compiled or service.name}")
        if service.of:
            self.processes.replaceable.add(service.name)
        self.processes.start(service.name, command, systems.surroundings(service, ports, data, self.places))
        self.processes.wait_for(service.name, ports.app)

    # Where one talks to them. What goes past a sidecar is in no chain: how things stand is asked that way.

    def through(self, name):
        """A service behind its sidecar."""
        return f"http://127.0.0.1:{self.ports[name].inbound}"

    def past(self, name):
        """The service itself."""
        return f"http://127.0.0.1:{self.ports[name].app}"

    def fault(self, name, **switches):
        """Switches faults of a service; see examples/service/faults.py."""
        status, text = fetch(f"{self.past(name)}/fault", switches)
        if status != 200:
            raise Failed(f"{name} answered {status} to {switches}: {text}")

    # What became of it.

    def chains(self, key):
        """What the collector lists for KEY=VALUE."""
        return json.loads(fetch(f"{self.collector}/api/chains?key={urllib.parse.quote(key, safe='')}")[1]).get("chains", [])

    def wait_for_chain(self, key, spans, within=60):
        """Until the chain has as many spans, and is decided."""
        deadline = time.monotonic() + within
        while True:
            found = [each for each in self.chains(key) if each["decided"] and each["spans"] >= spans]
            if found:
                return found[0]
            if time.monotonic() > deadline:
                raise Failed(f"the chain of {key} never became whole: {self.chains(key)}")
            time.sleep(0.1)

    def flow(self, name):
        """What the collector says of an expected flow."""
        return next(each for each in json.loads(fetch(f"{self.collector}/api/flows")[1])["flows"] if each["name"] == name)

    @property
    def program(self):
        """How the reader would call the program."""
        on_path = shutil.which("outrider")
        return "outrider" if on_path and pathlib.Path(on_path).resolve() == self.outrider.resolve() else str(self.outrider)

    def line(self, *arguments):
        """A command as the reader would type it; the collector is named unless it is where the program looks by itself."""
        where = [] if self.collector == "http://127.0.0.1:4318" else ["--from", self.collector]
        return shlex.join([self.program, *arguments, *where])

    def show(self, *arguments):
        """Runs a command of ours as the reader would, on the reader's terminal."""
        line = self.line(*arguments)
        print(f"\n$ {line}", flush=True)
        done = subprocess.run([self.outrider.resolve(), *shlex.split(line)[1:]], timeout=60, check=False)
        if done.returncode != 0:
            raise Failed(f"outrider {arguments[0]} ended with {done.returncode}")

    def what_to_try(self, requests, faults, commands):
        """Lines to copy: requests behind a word about them, {service: fault}, and commands that show what happened."""
        print("\nEverything keeps running until Ctrl-C.", "\n".join(requests))
        print("Make something go wrong:")
        for name, fault in faults.items():
            print(f"  curl -d {shlex.quote(fault):24} {self.past(name)}/fault   # {name}")
        print("See what happened:", *(f"  {command}" for command in commands), sep="\n")
        first, *others = reversed(self.system.names)
        told = ", ".join(f"{name} {self.ports[name].admin}" for name in others)
        print(f"  curl http://127.0.0.1:{self.ports[first].admin}/metrics   # of the sidecar of {first}; others: {told}")
        print(f"Dashboard: {self.collector}/")
        print(f"Kafka: {self.brokers}; logs and configurations: {self.processes.folder}")
