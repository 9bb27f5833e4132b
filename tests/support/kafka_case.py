"""What every test with a real Kafka starts from: brokers for a whole class, sidecars in front of them.

DIRECT=1 in the environment leaves the sidecar out: what fails then is the client's, the broker's or the test's own doing.
"""
import os
import random
import sys

import brokers
import harness
import kafka_clients

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


def text_of(address):
    return "%s:%d" % tuple(address)


class KafkaCase(harness.Case):
    """One cluster of `version` for all tests of the class, on `count` nodes."""

    version, count, secure, settings = NEW, 1, None, {}

    @classmethod
    def setUpClass(cls):
        if cls is KafkaCase:
            return
        cls.cluster = brokers.Cluster(cls.version, cls.count, cls.secure, **cls.settings)
        cls.addClassCleanup(cls.cluster.close)
        cls.java = kafka_clients.Java(cls.version)

    def in_front(self, bootstrap=None, more=(), **how):
        """A sidecar in front of the cluster, or of these brokers."""
        bootstrap = bootstrap or self.cluster.bootstrap()
        if DIRECT:
            return NoSidecar({"main": tuple(kafka_clients.address_of(bootstrap.split(",")[0]))})
        return self.sidecar(outbound=False, more=["--kafka", f"127.0.0.1:0={bootstrap}", *more], **how)

    def through(self, sidecar):
        """What a client is given as bootstrap address."""
        return text_of(sidecar.kafka["main"])

    def topic(self, name=None, partitions=1, **how):
        return self.cluster.create_topic(name or f"topic-{random.getrandbits(32):08x}", partitions, **how)

    def read(self, topic, count, **config):
        """`count` records of the topic, by partition and offset, read from the brokers themselves."""
        found = CONFLUENT.consume(self.cluster.bootstrap(), topic, count, config={"isolation.level": "read_committed", **config})
        self.assertEqual(len(found), count, f"records of {topic} at the broker")
        return sorted(found, key=lambda record: (record.partition, record.offset))


def versions(case):
    """The same tests against each version: two classes in place of this one, for `globals().update`."""
    return {f"{case.__name__}On{jars.name.title().replace('-', '').replace('.', '')}": type(f"{case.__name__}On{jars.name}", (case, KafkaCase), {"version": jars})
            for jars in KAFKA or ()}


def main():
    if KAFKA is None:
        if os.environ.get("CI") == "true":
            sys.exit("error: CI tests against a real Kafka, and there is no Java or Maven here for it")
        harness.skip_all("no Java or Maven here, so NOTHING WAS TESTED AGAINST A REAL KAFKA")
    harness.main()
