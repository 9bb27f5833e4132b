"""A real Apache Kafka from its jars: one broker or several, KRaft, on loopback, in a folder of its own."""
import base64
import os
import pathlib
import shutil
import subprocess
import tempfile
import uuid

import kafka_wire
import processes
import wire

SCRIPT = processes.ROOT / "tests/support/kafka.sh"
SMALL = ("-Xmx384m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")  # starts fast; a broker that is measured gets other options
USERS = {"alice": "alice-secret"}
SCRAM = ("SCRAM-SHA-256", "SCRAM-SHA-512")
SASL = ("PLAIN", *SCRAM, "OAUTHBEARER")


def jars():
    """The folders of the tested versions, oldest first; None where there is no Java or Maven."""
    done = subprocess.run([SCRIPT], capture_output=True, text=True)
    if done.returncode == 3:
        return None
    assert done.returncode == 0, f"fetching Kafka failed:\n{done.stderr[-3000:]}"
    return [pathlib.Path(line) for line in done.stdout.split()]


def java(folder, options=SMALL):
    """The start of a command that runs a class of these jars."""
    archive = class_archive(folder)
    shared = [f"-XX:SharedArchiveFile={archive}"] if archive.exists() else []
    return ["java", *options, *shared, "-Xlog:disable", "-Xlog:all=error:stderr", "-cp", f"{folder}/*"]


def class_archive(folder):
    """Where the classes that a broker loads are kept as this very Java maps them: it halves the time to start."""
    program = os.path.realpath(shutil.which("java"))
    return folder.parent / f"{folder.name}-{os.stat(program).st_mtime_ns:x}.jsa"


def new_id():
    """A random id as Kafka writes it."""
    return base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")


class Broker(processes.Process):
    """One node, broker and controller in one. `address` is its plain listener, `addresses` all of them by protocol."""

    def __init__(self, cluster, node):
        self.cluster, self.node, self.folder = cluster, node, cluster.folder / f"node-{node}"
        self.addresses = cluster.addresses[node]
        self.address = self.addresses["PLAINTEXT"]
        self.archive = class_archive(cluster.jars)
        self.made = None if self.archive.exists() else self.archive.with_suffix(f".{os.getpid()}-{node}")
        keeping = [f"-XX:ArchiveClassesAtExit={self.made}"] if self.made else []
        super().__init__([*java(cluster.jars, cluster.java_options), *keeping, "kafka.Kafka", self.folder / "server.properties"],
                         {"LC_ALL": "C"}, self.folder)

    def stop(self, within=30):
        """A controlled shutdown: the node gives its leaderships away first."""
        code = super().stop(within)
        if self.made and self.made.exists():
            self.made.rename(self.archive)
        return code

    def close(self):
        if self.process.poll() is None and self.made:
            self.stop()
        elif self.process.poll() is None:
            self.kill()  # its data are thrown away
        super().close()


class Cluster:
    """`count` nodes of one version, started and answering. `secure` (an authority.Authority) adds SASL and TLS listeners;
    `advertised` ({name: (host, port)}, of one node) adds plain listeners that are told to clients as something else, for proxies;
    `host` is where all of it listens; `settings` are more of server.properties."""

    def __init__(self, folder, count=1, secure=None, java_options=SMALL, advertised=None, where=None, host="127.0.0.1", **settings):
        self.jars, self.count, self.secure, self.java_options, self.settings = pathlib.Path(folder), count, secure, java_options, settings
        self.advertised = advertised or {}
        self.temporary = tempfile.TemporaryDirectory(prefix="kafka-", dir=where)
        self.folder = pathlib.Path(self.temporary.name)
        self.id = new_id()
        protocols = ["PLAINTEXT", "CONTROLLER", *(("SSL", "SASL_PLAINTEXT", "SASL_SSL") if secure else ()), *self.advertised]
        ports = iter(processes.free_ports(count * len(protocols)))
        self.addresses = {node: {protocol: (host, next(ports)) for protocol in protocols} for node in range(1, count + 1)}
        self.brokers = {}
        try:
            self.prepare()
            for node in self.addresses:
                self.brokers[node] = Broker(self, node)
            self.wait_for_nodes(self.addresses)
        except BaseException:
            self.close()
            raise

    def prepare(self):
        """Formats the first node's storage; the others' differ in their ids only."""
        for node in self.addresses:
            folder = self.folder / f"node-{node}"
            folder.mkdir()
            (folder / "server.properties").write_text("".join(f"{name}={value}\n" for name, value in self.properties(node, folder).items()))
        first = self.folder / "node-1"
        users = [f"--add-scram={scram}=[name={name},password={secret}]" for name, secret in USERS.items() for scram in SCRAM] if self.secure else []
        command = [*java(self.jars), "kafka.tools.StorageTool", "format", f"--cluster-id={self.id}", "--config", first / "server.properties", *users]
        done = subprocess.run([str(word) for word in command], capture_output=True, text=True, env=processes.clean_environment())
        assert done.returncode == 0, f"formatting failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}"
        for node in list(self.addresses)[1:]:
            data = shutil.copytree(first / "data", self.folder / f"node-{node}/data")
            (data / "meta.properties").write_text(f"version=1\nnode.id={node}\ncluster.id={self.id}\ndirectory.id={new_id()}\n")

    def properties(self, node, folder):
        copies = min(self.count, 3)
        named = {protocol: f"{protocol}://%s:%d" % address for protocol, address in self.addresses[node].items()}
        told = {**named, **{name: f"{name}://%s:%d" % address for name, address in self.advertised.items()}}
        plain = {"CONTROLLER", *self.advertised}
        internal = {"replication.factor": copies, "min.isr": 1, "num.partitions": 4}
        return {
            "process.roles": "broker,controller", "node.id": node, "log.dirs": folder / "data",
            "controller.quorum.voters": ",".join("%d@%s:%d" % (each, *at["CONTROLLER"]) for each, at in self.addresses.items()),
            "controller.listener.names": "CONTROLLER", "inter.broker.listener.name": "PLAINTEXT",
            "listeners": ",".join(named.values()),
            "listener.security.protocol.map": ",".join(f"{name}:{'PLAINTEXT' if name in plain else name}" for name in named),
            "advertised.listeners": ",".join(text for protocol, text in told.items() if protocol != "CONTROLLER"),
            "default.replication.factor": copies, "num.partitions": 4,
            "offsets.topic.replication.factor": copies, "offsets.topic.num.partitions": 4,
            **{f"transaction.state.log.{name}": value for name, value in internal.items()},
            **{f"share.coordinator.state.topic.{name}": value for name, value in internal.items()},
            "group.coordinator.rebalance.protocols": "classic,consumer", "group.initial.rebalance.delay.ms": 0,
            # A node that was killed is missed soon, and one that comes back is let in soon.
            "broker.session.timeout.ms": 3000, "broker.heartbeat.interval.ms": 500,
            "controlled.shutdown.enable": "true", "auto.leader.rebalance.enable": "false",
            "log.cleaner.enable": "false", "num.network.threads": 2, "num.io.threads": 4,
            **(self.secure_properties(folder) if self.secure else {}),
            **self.settings,
        }

    def secure_properties(self, folder):
        module = "org.apache.kafka.common.security"
        jaas = {
            "plain": f'{module}.plain.PlainLoginModule required ' + " ".join(f'user_{name}="{secret}"' for name, secret in USERS.items()),
            **{scram.lower(): f"{module}.scram.ScramLoginModule required" for scram in SCRAM},
            "oauthbearer": f'{module}.oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub="broker"',
        }
        certificate, key = self.secure.issue(f"node-{folder.name}", "IP:127.0.0.1,DNS:localhost")
        both = folder / "keystore.pem"
        both.write_text(key.read_text() + certificate.read_text())
        return {"ssl.keystore.type": "PEM", "ssl.keystore.location": both, "sasl.enabled.mechanisms": ",".join(SASL),
                **{f"listener.name.{listener}.{mechanism}.sasl.jaas.config": f"{text};"
                   for listener in ("sasl_plaintext", "sasl_ssl") for mechanism, text in jaas.items()}}

    def bootstrap(self, protocol="PLAINTEXT"):
        return ",".join("%s:%d" % addresses[protocol] for addresses in self.addresses.values())

    @property
    def address(self):
        """The plain listener of a node that runs."""
        return next(broker.address for broker in self.brokers.values() if broker.process.poll() is None)

    def metadata(self, topics=()):
        return kafka_wire.brokers_known(self.address, topics)

    def wait_for_nodes(self, nodes, within=90):
        """Until every one of the running nodes knows exactly these and a controller."""
        def known():
            for broker in self.brokers.values():
                assert broker.process.poll() is None or broker.node not in nodes, f"node {broker.node} ended:\n{broker.log()[-3000:]}"
            seen = [kafka_wire.brokers_known(self.brokers[node].address) for node in nodes]
            return all(each and set(each["brokers"]) == set(nodes) and each["controller"] > 0 for each in seen)
        wire.wait_for(known, f"nodes {sorted(nodes)} to know each other", within)

    def create_topic(self, name, partitions=1, **how):
        """Created, and led everywhere."""
        with kafka_wire.connected(self.address) as connection:
            connection.create_topic(name, partitions, how.pop("replication", min(self.count, 3)), **how)
        wire.wait_for(lambda: self.leaders(name), f"leaders of {name}", 20)
        return name

    def leaders(self, topic):
        """{partition: node}; empty while one has none, or while a running node does not know them."""
        seen = [kafka_wire.brokers_known(broker.address, [topic]) for broker in self.brokers.values() if broker.process.poll() is None]
        found = [{index: leader for index, (error, leader, _, _) in each["topics"].get(topic, {}).items() if error == 0 and leader > 0}
                 for each in seen if each]
        whole = len(found) == len(seen) and all(found) and all(each == found[0] for each in found)
        return found[0] if whole and all(len(each) == len(found[0]) for each in found) else {}

    def delete_topic(self, name):
        with kafka_wire.connected(self.address) as connection:
            connection.delete_topic(name)

    def elect_preferred(self, topic):
        """Moves the leaderships back to where they were first, while every node runs."""
        def elected():
            with kafka_wire.connected(self.address) as connection:
                return connection.elect_preferred(topic, connection.metadata([topic])["topics"][topic])
        wire.wait_for(elected, f"the preferred leaders of {topic}", 20)
        wire.wait_for(lambda: self.leaders(topic), f"leaders of {topic}", 20)

    def stop(self, node):
        self.brokers[node].stop()
        self.brokers[node].close()

    def kill(self, node):
        self.brokers[node].kill()

    def start(self, node, wait=True):
        """The node again, with the data that it left."""
        self.brokers[node].close()
        self.brokers[node] = Broker(self, node)
        if wait:
            self.wait_for_nodes([each for each, broker in self.brokers.items() if broker.process.poll() is None])

    def close(self):
        for broker in self.brokers.values():
            broker.close()
        self.temporary.cleanup()
