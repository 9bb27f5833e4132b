"""The place of records in traces: spans of send, poll and commit, contexts in headers, and the same ids derived on both sides."""
import re

import harness
import kafka_case

from harness import CLIENT, attributes
from kafka_case import CONFLUENT, KafkaCase, without_context
from kafka_clients import Record

PRODUCER, CONSUMER, ERROR = 4, 5, 2
CODECS = ("none", "gzip", "snappy", "lz4", "zstd")
COMPRESSED = CODECS[1:]
MOST_LINKS = 128
TRACEPARENT = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}")
RECORDS = [Record(f"value-{n}", f"key-{n}", (("kind", "order"),)) for n in range(5)]
OWN = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def ids(span_or_link):
    return span_or_link["traceId"], span_or_link["spanId"]


def parent_in(record):
    """(trace id, span id) of the record's header."""
    values = [value for name, value in record.headers if name == "traceparent"]
    assert len(values) == 1 and TRACEPARENT.fullmatch(values[0]), f"traceparent of {record}: {values}"
    return TRACEPARENT.fullmatch(values[0]).groups()


class Tracing(KafkaCase):
    def spans(self, received, name, count=1):
        """All spans of this name, once there are that many; less anchors, which only tie a derived trace to the one it belongs to."""
        def found():
            spans = [span for span in received.spans() if span["name"] == name and not attributes(span).get("outrider.anchor")]
            return spans if len(spans) >= count else None
        return harness.wait_for(found, f"{count} spans {name!r} (there are {[span['name'] for span in received.spans()]})", 10)

    def links_of_polls(self, received, topic, count):
        """The ids that all polls of the topic link to, once they are that many."""
        def found():
            links = [ids(link) for span in received.spans() if span["name"] == f"poll {topic}" for link in span.get("links", [])]
            return links if len(links) >= count else None
        return harness.wait_for(found, f"{count} links of polls of {topic}", 10)

    def send(self, proxy, topic, records=RECORDS, codec="none", **config):
        """In one batch."""
        return CONFLUENT.produce(self.through(proxy), topic, records, codec, config={"linger.ms": 200, **config})

    def poll(self, topic, count, mode=None, **how):
        """Reads through a sidecar of another service; (what it read, the receiver of its spans)."""
        proxy, received = self.tracing(mode, service="stock")
        records = CONFLUENT.consume(self.through(proxy), topic, count, **how)
        self.assertEqual(len(records), count)
        return records, received

    def test_a_send_is_told(self):
        proxy, received = self.tracing()
        topic = self.topic()
        self.send(proxy, topic)
        self.send(proxy, topic)
        first, second = sorted(self.spans(received, f"send {topic}", 2), key=lambda span: int(span["startTimeUnixNano"]))
        said = attributes(second)
        host, port = self.cluster.address
        self.assertEqual({name: said.get(name) for name in (
            "messaging.system", "messaging.operation.name", "messaging.operation.type", "messaging.destination.name", "messaging.destination.partition.id",
            "messaging.client.id", "messaging.batch.message_count", "messaging.kafka.offset", "server.address", "server.port")}, {
                "messaging.system": "kafka", "messaging.operation.name": "send", "messaging.operation.type": "send",
                "messaging.destination.name": topic, "messaging.destination.partition.id": "0", "messaging.client.id": "confluent",
                "messaging.batch.message_count": len(RECORDS), "messaging.kafka.offset": len(RECORDS), "server.address": host, "server.port": port})
        self.assertEqual((first["kind"], first.get("status", {}).get("code", 0)), (PRODUCER, 0))
        self.assertGreater(int(first["endTimeUnixNano"]), int(first["startTimeUnixNano"]))

    def test_records_that_are_not_compressed_carry_the_context(self):
        proxy, received = self.tracing()
        topic = self.topic()
        self.send(proxy, topic)
        stored = self.read(topic, len(RECORDS))
        self.assertEqual([without_context(record) for record in stored], [record.content() for record in RECORDS])
        sent = {ids(span) for span in self.spans(received, f"send {topic}")}
        self.assertEqual({parent_in(record) for record in stored}, sent)
        got, polled = self.poll(topic, len(RECORDS))
        self.assertEqual(got, stored)
        self.assertEqual(set(self.links_of_polls(polled, topic, 1)), sent)

    def test_a_context_of_the_producers_own_is_left_and_continued(self):
        proxy, received = self.tracing()
        topic = self.topic()
        records = [Record("mine", "k", (("traceparent", OWN), ("tracestate", "a=b"), ("kind", "x")))]
        self.send(proxy, topic, records)
        self.assertEqual(self.read(topic, 1)[0].content(), records[0].content())
        span, = self.spans(received, f"send {topic}")
        self.assertEqual((span["traceId"], span.get("parentSpanId")), (OWN[3:35], OWN[36:52]))
        self.assertEqual({ids(link) for link in span.get("links", [])} - {ids(each) for each in received.spans()}, set(), "links lead to spans")
        _, polled = self.poll(topic, 1)
        link, = self.links_of_polls(polled, topic, 1)
        self.assertEqual(link, (OWN[3:35], OWN[36:52]))

    def anchor(self, received):
        found, = harness.wait_for(lambda: [each for each in received.spans() if attributes(each).get("outrider.anchor")], "the anchor")
        return found

    def test_a_derived_trace_is_tied_to_the_one_that_it_belongs_to(self):
        """One who only knows the batch finds the anchor, and by its link the producer's own trace."""
        for codec, mode, reads in (("none", "derive", "derive"), ("gzip", "inject-all", None)):
            with self.subTest(codec=codec, mode=mode):
                proxy, received = self.tracing(mode)
                topic = self.topic()
                self.send(proxy, topic, [Record("mine" * 100, "k", (("traceparent", OWN),))], codec)  # long: or it would not be compressed
                span, = self.spans(received, f"send {topic}")
                anchor = self.anchor(received)
                self.assertEqual([ids(link) for link in anchor["links"]], [ids(span)])
                self.assertEqual([ids(link) for link in span["links"]], [ids(anchor)])
                _, polled = self.poll(topic, 1, reads)
                self.assertEqual(self.links_of_polls(polled, topic, 1), [ids(anchor)])

    def test_one_who_does_not_unpack_finds_the_anchor_of_what_was_added(self):
        proxy, received = self.tracing("inject-all")
        topic = self.topic()
        self.send(proxy, topic, codec="lz4")
        span, = self.spans(received, f"send {topic}")
        self.assertEqual([ids(link) for link in self.anchor(received)["links"]], [ids(span)])
        _, polled = self.poll(topic, len(RECORDS))
        self.assertEqual(self.links_of_polls(polled, topic, 1), [ids(self.anchor(received))])

    def test_what_is_done_with_a_record_belongs_to_its_producers_trace(self):
        proxy, received = self.tracing()
        topic = self.topic()
        self.send(proxy, topic)
        sent, = self.spans(received, f"send {topic}")
        _, polled = self.poll(topic, len(RECORDS), group="stock-group")
        span = self.spans(polled, f"process {topic}")[0]
        self.assertEqual((span["kind"], span["traceId"], span["parentSpanId"]), (CONSUMER, *ids(sent)))
        self.assertEqual([ids(link) for link in span["links"]], [ids(sent)])
        said = attributes(span)
        self.assertEqual((said["messaging.operation.name"], said["messaging.operation.type"], said["messaging.consumer.group.name"]),
                         ("process", "process", "stock-group"))

    def test_records_with_and_without_a_context_in_one_batch(self):
        proxy, _ = self.tracing()
        topic = self.topic()
        records = [Record("mine", "k", (("traceparent", OWN),)), Record("bare", "k"), Record("bare too", "k")]
        self.send(proxy, topic, records)
        stored = self.read(topic, 3)
        self.assertEqual(stored[0].content(), records[0].content())
        for record in stored[1:]:
            self.assertNotEqual(parent_in(record)[0], OWN[3:35], "a record without a context is not attached to its neighbour's trace")

    def assert_derived(self, topic, received, polled, stored):
        """The records have no header, and the poll links to the send all the same."""
        self.assertEqual([record.content() for record in stored], [record.content() for record in RECORDS])
        sent = {ids(span) for span in self.spans(received, f"send {topic}")}
        self.assertEqual(set(self.links_of_polls(polled, topic, 1)), sent)
        self.assertEqual({span["kind"] for span in received.spans()}, {CLIENT})

    def test_ids_of_compressed_batches_are_derived_on_both_sides(self):
        for codec in COMPRESSED:
            for idempotent in (False, True):
                with self.subTest(codec=codec, idempotent=idempotent):
                    proxy, received = self.tracing()
                    topic = self.topic()
                    self.send(proxy, topic, codec=codec, **{"enable.idempotence": idempotent})
                    got, polled = self.poll(topic, len(RECORDS))
                    self.assert_derived(topic, received, polled, got)
                    proxy.close()

    def test_ids_are_derived_where_a_rule_says_so(self):
        for idempotent in (False, True):
            with self.subTest(idempotent=idempotent):
                proxy, received = self.tracing("derive")
                topic = self.topic()
                self.send(proxy, topic, **{"enable.idempotence": idempotent})
                got, polled = self.poll(topic, len(RECORDS), "derive")
                self.assert_derived(topic, received, polled, got)

    def test_headers_are_added_to_compressed_batches_where_a_rule_says_so(self):
        proxy, received = self.tracing("inject-all")
        for codec in CODECS:
            with self.subTest(codec=codec):
                topic = self.topic()
                self.send(proxy, topic, codec=codec)
                stored = self.read(topic, len(RECORDS))
                self.assertEqual([without_context(record) for record in stored], [record.content() for record in RECORDS])
                sent = {ids(span) for span in self.spans(received, f"send {topic}")}
                self.assertEqual({parent_in(record) for record in stored}, sent)
                read_by_java = self.java.consume(self.cluster.bootstrap(), topic, len(RECORDS))
                self.assertEqual(read_by_java, stored, "as the Java client decompresses it")
                _, polled = self.poll(topic, len(RECORDS), "inject-all")
                self.assertEqual(set(self.links_of_polls(polled, topic, 1)), sent)

    def test_nothing_is_traced_where_a_rule_says_so(self):
        proxy, received = self.tracing("none")
        topic = self.topic()
        self.send(proxy, topic)
        self.assertEqual([record.content() for record in self.read(topic, len(RECORDS))], [record.content() for record in RECORDS])
        self.assertEqual(CONFLUENT.consume(self.through(proxy), topic, len(RECORDS)), self.read(topic, len(RECORDS)))
        self.assertEqual(received.spans(), [])

    def test_the_group_is_told_whichever_worker_reads(self):
        """The group is named on another connection than the one that fetches."""
        proxy, _ = self.tracing()
        topic = self.topic()
        self.send(proxy, topic)
        reader, polled = self.tracing(service="stock")
        for turn in range(8):
            CONFLUENT.consume(self.through(reader), topic, len(RECORDS), group=f"group-{turn}", config={"client.id": f"client-{turn}"})
        told = {(said["messaging.client.id"], said.get("messaging.consumer.group.name"))
                for said in map(attributes, self.spans(polled, f"poll {topic}", 8)) if "messaging.batch.message_count" in said}
        self.assertEqual(told, {(f"client-{turn}", f"group-{turn}") for turn in range(8)})

    def test_a_poll_is_told(self):
        proxy, _ = self.tracing()
        topic = self.topic()
        self.send(proxy, topic)
        _, polled = self.poll(topic, len(RECORDS), group="stock-group")
        span = next(span for span in self.spans(polled, f"poll {topic}") if span.get("links"))
        said = attributes(span)
        self.assertEqual(span["kind"], CLIENT)
        self.assertEqual({name: said.get(name) for name in (
            "messaging.system", "messaging.operation.name", "messaging.operation.type", "messaging.destination.name",
            "messaging.client.id", "messaging.consumer.group.name", "messaging.batch.message_count")}, {
                "messaging.system": "kafka", "messaging.operation.name": "poll", "messaging.operation.type": "receive",
                "messaging.destination.name": topic, "messaging.client.id": "confluent", "messaging.consumer.group.name": "stock-group",
                "messaging.batch.message_count": len(RECORDS)})

    def test_a_poll_of_many_batches_has_links_to_all(self):
        proxy, received = self.tracing("derive")
        topic, count = self.topic(), 300
        self.send(proxy, topic, [Record(str(n)) for n in range(count)], **{"batch.num.messages": 1, "linger.ms": 0, "enable.idempotence": True})
        sent = {ids(span) for span in self.spans(received, f"send {topic}", count)}
        self.assertEqual(len(sent), count)
        _, polled = self.poll(topic, count, "derive")
        self.assertEqual(set(self.links_of_polls(polled, topic, count)), sent)
        self.assertLessEqual(max(len(span.get("links", [])) for span in self.spans(polled, f"poll {topic}")), MOST_LINKS)

    def test_a_commit_is_told(self):
        proxy, _ = self.tracing()
        topic = self.topic()
        self.send(proxy, topic)
        _, polled = self.poll(topic, len(RECORDS), group="stock-group", commit=True)
        span = self.spans(polled, f"commit {topic}")[0]
        said = attributes(span)
        self.assertEqual(span["kind"], CLIENT)
        self.assertEqual({name: said.get(name) for name in (
            "messaging.system", "messaging.operation.name", "messaging.operation.type", "messaging.destination.name", "messaging.consumer.group.name")}, {
                "messaging.system": "kafka", "messaging.operation.name": "commit", "messaging.operation.type": "settle",
                "messaging.destination.name": topic, "messaging.consumer.group.name": "stock-group"})

    def test_a_refusal_is_an_error(self):
        proxy, received = self.tracing()
        topic = self.topic(max_message_bytes=1000)
        with self.assertRaisesRegex(AssertionError, "MSG_SIZE_TOO_LARGE"):
            self.send(proxy, topic, [Record("x" * 5000)])
        span, = self.spans(received, f"send {topic}")
        self.assertEqual((span["status"]["code"], attributes(span)["error.type"]), (ERROR, "MESSAGE_TOO_LARGE"))

    def test_a_batch_at_the_brokers_limit_is_not_grown(self):
        proxy, received = self.tracing()
        topic = self.topic()
        records = [Record("x" * 1_048_490, "k")]
        self.send(proxy, topic, records, **{"message.max.bytes": 1_048_588})
        self.assertEqual(self.read(topic, 1)[0].content(), records[0].content())
        self.spans(received, f"send {topic}")

    def test_transactions_are_traced_and_stay_whole(self):
        proxy, received = self.tracing()
        topic = self.topic()
        self.send(proxy, topic, **{"transactional.id": topic})
        stored = self.read(topic, len(RECORDS))
        self.assertEqual({parent_in(record) for record in stored}, {ids(span) for span in self.spans(received, f"send {topic}")})


if __name__ == "__main__":
    kafka_case.main()
