"""Kafka clients of others, each a process of its own, behind one interface: produce, consume, metadata.

Keys, values and headers are text of the characters U+0000 to U+00FF, one per byte; `binary` says which clients take them all.
Those that are lines on a terminal (kcat, the Java tools) take plain words. A bootstrap is "HOST:PORT,...".
"""
import dataclasses
import json
import os
import pathlib
import subprocess

import brokers
import processes

DRIVERS = pathlib.Path(__file__).resolve().parent / "kafka_drivers"
PYTHON = "/usr/bin/python3"  # the distribution's, which has the distribution's packages
ALL = ("none", "gzip", "snappy", "lz4", "zstd")


@dataclasses.dataclass(frozen=True, order=True)
class Record:
    """What a client gives or gets; `partition` and `offset` are known of what was got. Headers are ((name, value)...)."""

    value: str
    key: str = None
    headers: tuple = ()
    partition: int = None
    offset: int = None

    def content(self):
        return self.key, self.value, self.headers

    @staticmethod
    def of(seen):
        return Record(seen["value"], seen["key"], tuple(map(tuple, seen["headers"])), seen["partition"], seen["offset"])


def run(command, stdin="", within=60, environment=None):
    done = subprocess.run([str(word) for word in command], input=stdin, capture_output=True, text=True, timeout=within,
                          env=processes.clean_environment({"PYTHONPATH": "", "LC_ALL": "C.UTF-8", **(environment or {})}))
    assert done.returncode == 0, f"{command[:3]} ended with {done.returncode}:\n{done.stdout[-1500:]}\n{done.stderr[-2500:]}"
    return done


class Kcat:
    """librdkafka's command line."""

    name, compressions, headers, binary, groups = "kcat", ALL, True, False, True

    def start(self, bootstrap, config):
        return ["kcat", "-b", bootstrap, "-q", *(f"-X{name}={value}" for name, value in (config or {}).items())]

    def produce(self, bootstrap, topic, records, compression="none", acks=None, config=None):
        more = [f"-Xacks={acks}"] if acks is not None else []
        for headers in sorted({record.headers for record in records}):  # one call has one set of headers
            lines = "".join(f"{record.key}|{record.value}\n" for record in records if record.headers == headers)
            run([*self.start(bootstrap, config), *more, "-P", "-t", topic, "-z", compression, "-K|",
                 *(f"-H{name}={value}" for name, value in headers)], lines)

    def consume(self, bootstrap, topic, count, group=None, config=None):
        if group:
            mode = ["-G", group, "-X", "auto.offset.reset=earliest", topic]
        else:
            mode = ["-C", "-t", topic, "-o", "beginning"]
        start = self.start(bootstrap, config)
        done = run([*start, "-J", "-u", "-c", count, *mode])
        return [self.record(json.loads(line)) for line in done.stdout.splitlines()]

    def record(self, said):
        pairs = said.get("headers", [])
        return Record(said["payload"], said["key"], tuple(zip(pairs[::2], pairs[1::2])), said["partition"], said["offset"])

    def metadata(self, bootstrap, config=None):
        said = json.loads(run([*self.start(bootstrap, config), "-L", "-J"]).stdout)
        return {each["id"]: address_of(each["name"]) for each in said["brokers"]}


class Driven:
    """A client with a driver program: job in, result out."""

    headers, binary, groups = True, True, True

    def do(self, job, within=60):
        told = run(self.command(), json.dumps(job), within, self.environment()).stdout
        return json.loads(told.rstrip("\n").rpartition("\n")[2])

    def environment(self):
        return None

    def metadata(self, bootstrap, config=None):
        found = self.do({"do": "metadata", "config": self.config(bootstrap, config)})["brokers"]
        return {int(node): tuple(address) for node, address in found.items()}

    def produce(self, bootstrap, topic, records, compression="none", acks=None, config=None):
        """[(partition, offset)], where the client tells them."""
        job = {"do": "produce", "topic": topic, "records": [dataclasses.asdict(record) for record in records]}
        result = self.do({**job, **self.produce_job(bootstrap, compression, acks, config)})
        assert not any(each is None or "error" in each for each in result["results"]), result
        return [(each["partition"], each["offset"]) for each in result["results"]]

    def consume(self, bootstrap, topic, count, group=None, config=None, commit=False, seconds=20):
        job = {"do": "consume", "topic": topic, "count": count, "commit": commit, "seconds": seconds}
        result = self.do({**job, **self.consume_job(bootstrap, group, config)})
        return [Record.of(seen) for seen in result["records"]]


class Confluent(Driven):
    """librdkafka through python3-confluent-kafka."""

    name, compressions = "confluent", ALL

    def command(self):
        return [PYTHON, DRIVERS / "confluent.py"]

    def config(self, bootstrap, more=None):
        return {"bootstrap.servers": bootstrap, "client.id": "confluent", **(more or {})}

    def produce_job(self, bootstrap, compression, acks, config):
        more = {} if acks is None else {"acks": acks}
        return {"config": self.config(bootstrap, {"compression.type": compression, **more, **(config or {})})}

    def consume_job(self, bootstrap, group, config):
        return {"config": self.config(bootstrap, {**({"group.id": group} if group else {}), **(config or {})})}

    def started(self, job, folder=None):
        """The driver as a process that tells its outcomes as lines of its log."""
        return Driver(self.command(), job, folder)


class KafkaPython(Driven):
    """python3-kafka: older protocol versions than all others."""

    name, compressions = "kafka-python", ALL

    def command(self):
        return [PYTHON, DRIVERS / "kafka_python.py"]

    def config(self, bootstrap, more=None):
        return {"bootstrap_servers": bootstrap.split(","), "client_id": "kafka-python", **(more or {})}

    def produce_job(self, bootstrap, compression, acks, config):
        more = {} if acks is None else {"acks": acks}
        return {"config": self.config(bootstrap, {"compression_type": None if compression == "none" else compression, **more, **(config or {})})}

    def consume_job(self, bootstrap, group, config):
        return {"config": self.config(bootstrap, {"group_id": group, **(config or {})})}


class KafkaJs(Driven):
    """kafkajs; it reads only as a member of a group."""

    name, compressions = "kafkajs", ("none", "gzip", "snappy")

    def __init__(self, folder):
        self.folder = folder

    def command(self):
        return ["node", DRIVERS / "kafkajs.js"]

    def environment(self):
        return {"NODE_PATH": f"{self.folder}/node_modules", "KAFKAJS_NO_PARTITIONER_WARNING": "1"}

    def config(self, bootstrap, more=None):
        return {"brokers": bootstrap.split(","), "clientId": "kafkajs", **(more or {})}

    def produce_job(self, bootstrap, compression, acks, config):
        return {"config": self.config(bootstrap, config), "compression": compression, "acks": -1 if acks in (None, "all") else int(acks)}

    def consume_job(self, bootstrap, group, config):
        return {"config": self.config(bootstrap, config), "consumer": {"groupId": group or f"reads-{os.getpid()}-{os.urandom(4).hex()}"}}


class Java:
    """The command-line tools of one version of Kafka; `options` are those of the virtual machine."""

    name, compressions, headers, binary, groups = "java", ALL, True, False, True

    def __init__(self, jars, options=brokers.SMALL):
        self.jars, self.options = jars, options
        self.producer = "ConsoleProducer" if self.is_new() else "kafka.tools.ConsoleProducer"

    def is_new(self):
        return int(self.jars.name.split("-")[1].split(".")[0]) >= 4

    def tool(self, name, *arguments):
        name = name if name.startswith("kafka.") else f"org.apache.kafka.tools.{name}"
        return [*brokers.java(self.jars, self.options), "-Dorg.slf4j.simpleLogger.defaultLogLevel=error", name, *arguments]

    def properties(self, flag, config):
        return [word for name, value in (config or {}).items() for word in (flag, f"{name}={value}")]

    def produce(self, bootstrap, topic, records, compression="none", acks=None, config=None):
        config = {**({} if acks is None else {"acks": acks, "enable.idempotence": acks == "all"}), **(config or {})}
        lines = [(",".join(f"{name}:{value}" for name, value in record.headers) or "none:none") + f"\t{record.key}\t{record.value}\n" for record in records]
        run(self.tool(self.producer, "--bootstrap-server", bootstrap, "--topic", topic, "--compression-codec", compression,
                      "--property", "parse.key=true", "--property", "parse.headers=true", *self.properties("--producer-property", config)), "".join(lines))

    def consume(self, bootstrap, topic, count, group=None, config=None, commit=False, share=False, seconds=30):
        """`share`: as a member of the share group, which takes up where it was joined first."""
        shown = [word for name in ("key", "partition", "offset", "headers") for word in ("--property", f"print.{name}=true")]
        config = {} if share else {"auto.offset.reset": "earliest", "enable.auto.commit": "true" if commit else "false", **(config or {})}
        name = "consumer.ConsoleShareConsumer" if share else "consumer.ConsoleConsumer"
        done = run(self.tool(name, "--bootstrap-server", bootstrap, "--topic", topic, "--max-messages", count,
                             "--timeout-ms", seconds * 1000, *shown, *(["--group", group] if group else []),
                             *self.properties("--consumer-property", config)), within=seconds + 30)
        return [self.record(line) for line in done.stdout.splitlines() if line.startswith("Partition:")]

    def record(self, line):
        partition, offset, headers, key, value = line.split("\t")
        pairs = tuple(tuple(pair.split(":", 1)) for pair in headers.split(",")) if headers != "NO_HEADERS" else ()
        return Record(value, key, tuple(pair for pair in pairs if pair != ("none", "none")), int(partition.split(":")[1]), int(offset.split(":")[1]))

    def started(self, name, *arguments, folder=None):
        """A tool as a process, its output being its log."""
        return processes.Process(self.tool(name, *arguments), folder=folder)


class Driver(processes.Process):
    """A driver that runs beside the test, its outcomes being lines of JSON in its log."""

    def __init__(self, command, job, folder=None):
        super().__init__(command, {"PYTHONPATH": ""}, folder, stdin=json.dumps(job))


def outcomes(process, name=None):
    """What a driver, or Kafka's VerifiableProducer, has told so far: [{...}]."""
    found = [json.loads(line) for line in process.log().splitlines(keepends=True) if line.startswith("{") and line.endswith("}\n")]
    return [each for each in found if name is None or each.get("name") == name]


def address_of(text):
    host, _, port = text.rpartition(":")
    return host, int(port)


def kafkajs():
    """kafkajs, or None where there is no Node.js."""
    done = subprocess.run([processes.ROOT / "tests/support/kafkajs.sh"], capture_output=True, text=True)
    if done.returncode == 3:
        return None
    assert done.returncode == 0, f"fetching kafkajs failed:\n{done.stderr[-3000:]}"
    return KafkaJs(done.stdout.strip())
