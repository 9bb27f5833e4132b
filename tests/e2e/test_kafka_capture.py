"""What a sidecar keeps of Kafka's records for chains, with a real broker and an independent client."""
import base64

import harness

from harness import attributes
from kafka_case import CONFLUENT, KafkaCase
from kafka_clients import Record

PRODUCER, CONSUMER = 4, 5
KEYS = "keys: {order: ['json:/orderId', 'kafka:header:order', 'kafka:key']}\n"


def hashes(span):
    raw = base64.b64decode(attributes(span).get("outrider.echo", ""))
    return {raw[at:at + 8] for at in range(0, len(raw), 8)}


class Capture(KafkaCase):
    def capturing(self, service, mode=None, keys=KEYS):
        """(a sidecar with a collector, the spans that it gets)."""
        received = self.receiver()
        rules = f'    trace: [{{topics: "*", mode: {mode}}}]\n' if mode else ""
        text = (f"service: {service}\nstate: {self.folder()}\n{keys}"
                f"tracing: {{collector: '{received.url}', protocol: http/json, echo_key: 'one for all of them', sampler: traceidratio, sampler_arg: 0.0}}\n"
                f"kafka:\n  main:\n    listen: 127.0.0.1:0\n    brokers: [{self.cluster.bootstrap()}]\n{rules}")
        return self.sidecar_from(text), received

    def spans(self, received, name, count=1):
        def found():
            spans = [span for span in received.spans() if span["name"] == name and not attributes(span).get("outrider.anchor")]
            return spans if len(spans) >= count else None
        return harness.wait_for(found, f"{count} spans {name!r} (there are {[span['name'] for span in received.spans()]})", 20)

    def send(self, proxy, topic, records, codec="none"):
        return CONFLUENT.produce(self.through(proxy), topic, records, codec, config={"linger.ms": 200})

    def test_a_record_is_known_by_its_key_on_both_sides(self):
        producer, sent = self.capturing("orders")
        topic = self.topic()
        self.send(producer, topic, [Record('{"orderId":"4711-0815","sum":1234567}', "k-1", (("ce_id", "m-1"), ("ce_causationid", "m-0")))])
        send, = self.spans(sent, f"send {topic}")
        said = attributes(send)
        self.assertEqual((send["kind"], said["chain.key.order"], said["chain.message_id"], said["chain.causation_id"]), (PRODUCER, "4711-0815", "m-1", "m-0"))
        self.assertIs(said["outrider.head_sampled"], False)
        self.assertEqual(said["outrider.inbound_open"], 0)
        self.assertEqual(said["outrider.kafka.cluster"], self.cluster.id)
        consumer, got = self.capturing("billing")
        record, = CONFLUENT.consume(self.through(consumer), topic, 1)
        carried = dict(record.headers)
        self.assertEqual(carried["tracestate"], f"outrider={send['spanId']}")
        process, = self.spans(got, f"process {topic}")
        self.assertEqual((process["kind"], process["traceId"], process["parentSpanId"]), (CONSUMER, send["traceId"], send["spanId"]))
        self.assertEqual(attributes(process)["chain.key.order"], "4711-0815")
        self.assertEqual(attributes(process)["outrider.kafka.cluster"], said["outrider.kafka.cluster"])
        self.assertEqual(len(hashes(process) & hashes(send)), 4, "the order, the sum, the record's key and the message's id")
        poll, = self.spans(got, f"poll {topic}")
        self.assertEqual(attributes(poll)["chain.key.order"], "4711-0815")

    def test_a_batch_is_known_by_all_its_keys(self):
        producer, sent = self.capturing("orders")
        topic = self.topic()
        self.send(producer, topic, [Record("plain", f"key-{n:02}") for n in range(20)])
        keys = [attributes(span)["chain.key.order"] for span in self.spans(sent, f"send {topic}")]
        if len(keys) == 1:  # the client made one batch of them
            self.assertEqual(keys[0], [f"key-{n:02}" for n in range(16)])
            self.assertEqual(attributes(self.spans(sent, f"send {topic}")[0])["outrider.captured.left_out"], 4)

    def test_records_are_read_in_every_mode_and_codec(self):
        for codec, mode in (("none", "derive"), ("lz4", "derive"), ("gzip", "inject-uncompressed"), ("zstd", "inject-all"), ("snappy", "inject-uncompressed")):
            with self.subTest(codec=codec, mode=mode):
                producer, sent = self.capturing("orders", mode)
                topic = self.topic()
                value = '{"orderId":"packed-1","filler":"' + "x" * 2_000 + '"}'
                self.send(producer, topic, [Record(value, "k-1")], codec)
                send, = self.spans(sent, f"send {topic}")
                self.assertEqual(attributes(send)["chain.key.order"], "packed-1")
                consumer, got = self.capturing("billing", mode)
                record, = CONFLUENT.consume(self.through(consumer), topic, 1)
                self.assertEqual(record.value, value)
                poll, = self.spans(got, f"poll {topic}")
                self.assertEqual(attributes(poll)["chain.key.order"], "packed-1")
                told = hashes(poll) | {each for span in got.spans() if span["name"] == f"process {topic}" for each in hashes(span)}
                self.assertTrue(told & hashes(send))
                consumer.close()
                producer.close()


if __name__ == "__main__":
    harness.main()
