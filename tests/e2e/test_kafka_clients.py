"""Clients of others, unchanged, through the sidecar: what they write and read, their groups, transactions and what they are told."""

import kafka_case
import kafka_clients
import kafka_wire

from kafka_case import CONFLUENT, KAFKA_PYTHON, KCAT, KafkaCase, without_context
from kafka_clients import Record

EVERY_BYTE = "".join(map(chr, range(256)))
WORDS = [Record(f"value-{n}", f"key-{n}", (("kind", f"h{n % 2}"),)) for n in range(10)]
BYTES = [Record(EVERY_BYTE * (n + 1), f"\0\xff{n}", (("kind", EVERY_BYTE), ("kind", str(n)))) for n in range(10)]
OPAQUE = {"DescribeConfigs": 32, "DescribeGroups": 15, "ListGroups": 16, "CreateTopics": 19, "DescribeAcls": 29}
CONTROLLERS_OWN = {52, 53, 54, 59, 82}
UNSUPPORTED_VERSION = 35


class Clients:
    """Against whichever version."""

    def setUp(self):
        self.proxy = self.in_front()
        self.bootstrap = self.through(self.proxy)

    def round_trip(self, client):
        """Written through the sidecar with every codec, read at the broker and through the sidecar."""
        topic, written = self.topic(partitions=2), []
        for codec in client.compressions:
            records = [Record(f"{codec} {record.value}", record.key, record.headers) for record in (BYTES if client.binary else WORDS)]
            client.produce(self.bootstrap, topic, records, codec)
            written += [record.content() for record in records]
        stored = self.read(topic, len(written))
        self.assertCountEqual([without_context(record) for record in stored], written)
        self.assertEqual(sorted(client.consume(self.bootstrap, topic, len(written))), sorted(stored), f"what {client.name} read")

    def test_kcat(self):
        self.round_trip(KCAT)

    def test_confluent(self):
        self.round_trip(CONFLUENT)

    def test_kafka_python(self):
        self.round_trip(KAFKA_PYTHON)

    def test_kafkajs(self):
        self.round_trip(KAFKAJS)

    def test_java(self):
        self.round_trip(self.java)

    def test_acks_of_every_kind(self):
        for client in (CONFLUENT, KAFKA_PYTHON, KAFKAJS):
            for acks in (0, 1, "all"):
                with self.subTest(client=client.name, acks=acks):
                    topic = self.topic()
                    client.produce(self.bootstrap, topic, WORDS, acks=acks)
                    self.assertEqual([without_context(record) for record in self.read(topic, len(WORDS))], [record.content() for record in WORDS])

    def test_an_idempotent_producer(self):
        topic, records = self.topic(), [Record(str(n), "k") for n in range(2000)]
        told = CONFLUENT.produce(self.bootstrap, topic, records, config={"enable.idempotence": True, "linger.ms": 1})
        self.assertEqual(told, [(0, n) for n in range(2000)])
        self.assertEqual([record.value for record in self.read(topic, 2000)], [record.value for record in records])

    def test_transactions_that_commit_and_abort(self):
        topic = self.topic()
        for name, abort in (("kept", False), ("dropped", True), ("kept too", False)):
            job = CONFLUENT.produce_job(self.bootstrap, "none", None, {"transactional.id": topic})
            records = [{"value": name, "key": None, "headers": []}] * 5
            CONFLUENT.do({"do": "produce", "topic": topic, "records": records, "abort": abort, **job})
        for reader in (self.cluster.bootstrap(), self.bootstrap):
            got = CONFLUENT.consume(reader, topic, 10, config={"isolation.level": "read_committed"})
            self.assertEqual([record.value for record in got], ["kept"] * 5 + ["kept too"] * 5)

    def test_offsets_within_a_transaction(self):
        source, target = self.topic(), self.topic()
        CONFLUENT.produce(self.bootstrap, source, [Record(str(n)) for n in range(100)])
        kafka_clients.run(self.java.tool("TransactionalMessageCopier", "--broker-list", self.bootstrap, "--input-topic", source, "--input-partition", 0,
                                         "--output-topic", target, "--transactional-id", target, "--consumer-group", target,
                                         "--transaction-size", 30, "--use-group-metadata"))
        self.assertEqual([record.value for record in self.read(target, 100)], [str(n) for n in range(100)])

    def test_a_group_goes_on_where_it_was(self):
        for client in (CONFLUENT, KAFKA_PYTHON, KAFKAJS, self.java):
            with self.subTest(client=client.name):
                topic = self.topic(partitions=2)
                for turn in ("first", "second"):
                    client.produce(self.bootstrap, topic, [Record(f"{turn} {n}", str(n)) for n in range(10)])
                    got = client.consume(self.bootstrap, topic, 10, group=topic, commit=True)
                    self.assertCountEqual([record.value for record in got], [f"{turn} {n}" for n in range(10)])

    def test_only_the_sidecar_is_told_of(self):
        port = self.proxy.kafka["main"][1]
        expected = {node: (f"127.1.0.{node}", port) for node in self.cluster.brokers}
        for client in (KCAT, CONFLUENT, KAFKA_PYTHON, KAFKAJS):
            with self.subTest(client=client.name):
                self.assertEqual(client.metadata(self.bootstrap), expected)
        with kafka_wire.connected(self.proxy.kafka["main"]) as connection:
            self.assertEqual(connection.metadata()["brokers"], expected)
            node, *address = connection.find_coordinator("some-group")
            self.assertEqual(tuple(address), expected[node])

    def test_the_java_admin_client_is_told_of_the_sidecar(self):
        """It asks DescribeCluster, and then every broker for its versions."""
        command = "BrokerApiVersionsCommand" if self.java.is_new() else "kafka.admin.BrokerApiVersionsCommand"
        said = kafka_clients.run(self.java.tool(command, "--bootstrap-server", self.bootstrap)).stdout
        self.assertIn(f"127.1.0.1:{self.proxy.kafka['main'][1]} (id: 1", said)
        self.assertNotIn(kafka_case.text_of(self.cluster.address), said)

    def test_versions_of_what_is_opaque_have_no_ceiling(self):
        with kafka_wire.connected(self.cluster.address) as direct, kafka_wire.connected(self.proxy.kafka["main"]) as connection:
            brokers_own, told = direct.api_versions(), connection.api_versions()
        self.assertEqual({name: told.get(key) for name, key in OPAQUE.items()}, {name: brokers_own[key] for name, key in OPAQUE.items()})
        self.assertEqual({key for key in told if key not in brokers_own}, set())
        self.assertEqual(set(told) & CONTROLLERS_OWN, set())
        self.assertEqual(told[kafka_wire.PRODUCE][0], brokers_own[kafka_wire.PRODUCE][0])
        for key, (lowest, highest) in told.items():
            self.assertTrue(brokers_own[key][0] <= lowest <= highest <= brokers_own[key][1], f"API {key}: {told[key]} of {brokers_own[key]}")

    def test_versions_are_told_to_one_who_asks_in_a_version_of_the_future(self):
        with kafka_wire.connected(self.proxy.kafka["main"]) as connection:
            connection.post(kafka_wire.API_VERSIONS, 127, b"\0\0\0\0\0")
            _, fields = connection.answer()
            self.assertEqual(fields.number("h"), UNSUPPORTED_VERSION)
            ranges = fields.array(lambda each: (each.number("h"), each.number("h"), each.number("h")))
            self.assertIn(kafka_wire.API_VERSIONS, [key for key, _, _ in ranges])
            self.assertEqual(fields.data, b"")
            self.assertTrue(connection.api_versions())  # the connection goes on

    def test_pipelined_requests_are_answered_in_order(self):
        topic = self.topic()
        with kafka_wire.connected(self.proxy.kafka["main"]) as connection:
            asked, frames = [], b""
            for turn in range(100):
                api, version, body = ((kafka_wire.API_VERSIONS, 0, b""), (kafka_wire.METADATA, 1, kafka_wire.array([kafka_wire.string(topic)])),
                                      (kafka_wire.FIND_COORDINATOR, 1, kafka_wire.string("g") + b"\0"))[turn % 3]
                asked.append(1000 + turn * 7)
                frames += kafka_wire.framed(kafka_wire.header(api, version, asked[-1]) + body)
            for start in range(0, len(frames), 999):  # frames are cut anywhere
                connection.send(frames[start:start + 999])
            self.assertEqual([connection.answer()[0] for _ in asked], asked)


class OnKafka3(Clients, KafkaCase):
    version = kafka_case.OLD


class OnKafka4(Clients, KafkaCase):
    version = kafka_case.NEW

    def test_a_group_of_the_new_protocol(self):
        topic, new = self.topic(partitions=2), {"group.protocol": "consumer"}
        for turn in ("first", "second"):
            self.java.produce(self.bootstrap, topic, [Record(f"{turn} {n}", str(n)) for n in range(10)])
            got = self.java.consume(self.bootstrap, topic, 10, group=topic, config=new, commit=True)
            self.assertCountEqual([record.value for record in got], [f"{turn} {n}" for n in range(10)])

    def test_a_share_group(self):
        topic = self.topic(partitions=2)
        with kafka_wire.connected(self.cluster.address) as connection:
            connection.configure_group(topic, "share.auto.offset.reset", "earliest")
        for turn in ("first", "second"):
            self.java.produce(self.bootstrap, topic, [Record(f"{turn} {n}", str(n)) for n in range(10)])
            got = self.java.consume(self.bootstrap, topic, 10, group=topic, share=True)
            self.assertCountEqual([record.value for record in got], [f"{turn} {n}" for n in range(10)])


if __name__ == "__main__":
    KAFKAJS = kafka_case.kafkajs()
    kafka_case.main()
