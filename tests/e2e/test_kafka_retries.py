"""A producer that sends again what was lost on the way: the same bytes, with the same context, and one span that tells of it."""
import kafka_case
import kafka_wire
import processes

from harness import attributes
from kafka_case import CONFLUENT, KafkaCase
from kafka_clients import Record
from tap import Tap

RECORDS = [Record("value " * 20, f"key-{n}") for n in range(3)]


class Retries(KafkaCase):
    """The broker tells that it is where the tap is, so that the sidecar comes through the tap."""

    @classmethod
    def setUpClass(cls):
        cls.port = processes.free_ports(1)[0]
        cls.advertised = {"TAPPED": ("127.0.0.1", cls.port)}
        super().setUpClass()
        cls.tap = Tap(cls.port, cls.cluster.addresses[1]["TAPPED"])
        cls.addClassCleanup(cls.tap.close)

    def send_and_lose_the_first(self, mode, codec, **config):
        """(the bodies of both Produce requests, as the broker was to get them; what it has; the spans of sends)."""
        proxy, received = self.tracing(mode, brokers="127.0.0.1:%d" % self.port)
        topic = self.topic()
        self.tap.lose(kafka_wire.PRODUCE)
        seen = len(self.tap.bodies(kafka_wire.PRODUCE))
        CONFLUENT.produce(self.through(proxy), topic, RECORDS, codec, config={"linger.ms": 200, "retry.backoff.ms": 50, **config})
        stored = self.read(topic, len(RECORDS))
        spans = kafka_case.harness.wait_for(lambda: [span for span in received.spans() if "messaging.kafka.offset" in attributes(span)], "a span")
        return self.tap.bodies(kafka_wire.PRODUCE)[seen:], stored, spans

    def assert_the_same(self, mode, codec, **config):
        (first, second), stored, spans = self.send_and_lose_the_first(mode, codec, **config)
        self.assertEqual(first, second)
        carried = {dict(record.headers).get("traceparent", "")[3:52] for record in stored}
        sends = [f"{span['traceId']}-{span['spanId']}" for span in spans if not attributes(span).get("outrider.anchor")]
        self.assertEqual(sends, list(carried), "an id stands for one span")

    def test_of_a_producer_without_an_id(self):
        self.assert_the_same("inject-uncompressed", "none")

    def test_of_an_idempotent_producer(self):
        self.assert_the_same("inject-uncompressed", "none", **{"enable.idempotence": True})

    def test_of_compressed_batches(self):
        for codec in ("gzip", "snappy", "lz4", "zstd"):
            with self.subTest(codec=codec):
                self.assert_the_same("inject-all", codec, **{"enable.idempotence": True})


if __name__ == "__main__":
    kafka_case.main()
