"""What every test with a real Kafka starts from: brokers for a whole class, sidecars in front of them.

DIRECT=1 in the environment leaves the sidecar out: what fails then is the client's, the broker's or the test's own doing.
"""
import os
import random
import sys

import brokers
import harness
import kafka_clients
from kafka_clients import outcomes

DIRECT = os.environ.get("DIRECT") == "1"
KAFKA = brokers.jars()
OLD, NEW = KAFKA or (None, None)  # folders of jars
CONFLUENT, KCAT, KAFKA_PYTHON = kafka_clients.Confluent(), kafka_clients.Kcat(), kafka_clients.KafkaPython()


class NoSidecar:
    """Stands where a sidecar would, when there is none."""

    def __init__(self, clusters):
        self.kafka = clusters

    def close(self):
        pass


def without_context(record):
    """Its key, value and headers, less the trace context that a sidecar may have added."""
    return record.key, record.value, tuple(pair for pair in record.headers if pair[0] not in ("traceparent", "tracestate"))


def text_of(address):
    return "%s:%d" % tuple(address)


class KafkaCase(harness.Case):
    """One cluster of `version` for all tests of the class, on `count` nodes."""

    version, count, secure, advertised, settings = NEW, 1, None, None, {}

    @classmethod
    def setUpClass(cls):
        if cls is KafkaCase:
            return
        cls.cluster = brokers.Cluster(cls.version, cls.count, cls.secure, advertised=cls.advertised, **cls.settings)
        cls.addClassCleanup(cls.cluster.close)
        cls.java = kafka_clients.Java(cls.version)

    def in_front(self, bootstrap=None, more=(), **how):
        """A sidecar in front of the cluster, or of these brokers."""
        bootstrap = bootstrap or self.cluster.bootstrap()
        if DIRECT:
            return NoSidecar({"main": tuple(kafka_clients.address_of(bootstrap.split(",")[0]))})
        return self.sidecar(outbound=False, more=["--kafka", f"127.0.0.1:0={bootstrap}", *more], **how)

    def tracing(self, mode=None, service="orders", brokers=None):
        """(a sidecar in front of the cluster that traces all topics in this mode, the receiver of its spans)."""
        received = self.receiver()
        if DIRECT:
            return self.in_front(), received
        rules = f'    trace: [{{topics: "*", mode: {mode}}}]\n' if mode else ""
        text = (f"service: {service}\nstate: {self.folder()}\nkafka:\n  main:\n    listen: 127.0.0.1:0\n"
                f"    brokers: [{brokers or self.cluster.bootstrap()}]\n{rules}")
        settings = self.json_spans(**{"tracing.batch.delay": "100ms"})
        more = [word for name, value in settings.items() for word in ("--set", f"{name}={value}")]
        return self.sidecar_from(text, ["--admin", "127.0.0.1:0", "--otlp", received.url, *more]), received

    def through(self, sidecar):
        """What a client is given as bootstrap address."""
        return text_of(sidecar.kafka["main"])

    def topic(self, name=None, partitions=1, **how):
        return self.cluster.create_topic(name or f"topic-{random.getrandbits(32):08x}", partitions, **how)

    def assert_each_once(self, topic, producer, count, partitions):
        """All of a stream's numbered records were acknowledged, and are at the brokers once and in order, where the acknowledgements said.
        Those of a batch that a broker found to have already come without an offset."""
        self.assertEqual(outcomes(producer, "producer_send_error"), [])
        told = {each["value"]: (each["partition"], each["offset"]) for each in outcomes(producer, "producer_send_success")}
        stored = self.read(topic, count)
        self.assertEqual([record.value for record in stored], [str(n) for part in range(partitions) for n in range(part, count, partitions)])
        self.assertEqual(set(told), {record.value for record in stored})
        self.assertEqual([record for record in stored if told[record.value] not in ((record.partition, record.offset), (record.partition, None))], [])

    def read(self, topic, count, exactly=True, **config):
        """The `count` records of the topic, all there are, by partition and offset, read from the brokers themselves. It is read again
        while there are fewer: a leader that has just been elected shows its last records only when the others have them. There may
        be more where not `exactly` so many are expected."""
        def found():
            records = CONFLUENT.consume(self.cluster.bootstrap(), topic, None, config={"isolation.level": "read_committed", **config})
            return records if len(records) >= count else None
        records = harness.wait_for(found, f"{count} records of {topic}", 20)
        if exactly:
            self.assertEqual(len(records), count, f"records of {topic} at the brokers")
        return sorted(records, key=lambda record: (record.partition, record.offset))


def missing(what, why):
    """Ends the whole file: as failed in CI, elsewhere as skipped."""
    if os.environ.get("CI") == "true":
        sys.exit(f"error: CI tests with a real {what}, and there is no {why} here for it")
    harness.skip_all(f"no {why} here, so NOTHING WAS TESTED WITH A REAL {what.upper()}")


def kafkajs():
    return kafka_clients.kafkajs() or missing("kafkajs", "Node.js or npm")


def main():
    if KAFKA is None:
        missing("Kafka", "Java or Maven")
    harness.main()
