"""Brokers that come, go and change their leaderships behind the sidecar, a sidecar that is restarted, and ports in place of addresses."""
import harness
import kafka_case
import kafka_wire
import processes

from kafka_case import CONFLUENT, KafkaCase
from kafka_clients import Record, outcomes

NOT_LEADER = 6
PRODUCED = 4000


class Addresses(KafkaCase):
    count = 3

    def setUp(self):
        self.port = processes.free_ports(1)[0]
        self.state = self.folder()
        self.proxy = self.start_sidecar()

    def start_sidecar(self):
        """On the same port each time, as its clients know it."""
        if kafka_case.DIRECT:
            return self.in_front()
        flags = self.arguments(outbound=False, state=self.state)
        return self.keep(harness.Sidecar([*flags, "--kafka", f"127.0.0.1:{self.port}={self.cluster.bootstrap()}"]))

    def producing(self, topic, count=PRODUCED, rate=400, **config):
        config = CONFLUENT.config(self.through(self.proxy), {"enable.idempotence": True, "linger.ms": 5, "retry.backoff.ms": 50,
                                                                    "reconnect.backoff.max.ms": 500, **config})
        job = {"do": "stream", "topic": topic, "count": count, "partitions": 3, "rate": rate, "seconds": 60, "config": config}
        return self.keep(CONFLUENT.started(job))

    def consuming(self, topic, count=PRODUCED):
        config = CONFLUENT.config(self.through(self.proxy), {"reconnect.backoff.max.ms": 500})
        return self.keep(CONFLUENT.started({"do": "consume", "topic": topic, "count": count, "seconds": 60, "config": config}))

    def acknowledged(self, producer, count):
        harness.wait_for(lambda: len(outcomes(producer, "producer_send_success")) >= count or producer.process.poll() is not None,
                         f"{count} acknowledged records", 60)

    def assert_all_passed(self, topic, producer, consumer, count=PRODUCED):
        """All were acknowledged, and what the brokers have, and what was read meanwhile, is each of them once and in order."""
        self.assertEqual(producer.wait(90), 0, producer.log()[-2000:])
        self.assert_each_once(topic, producer, count, 3)
        self.assertEqual(consumer.wait(90), 0, consumer.log()[-2000:])
        read = [Record.of(each) for each in outcomes(consumer)[-1]["records"]]
        for part in range(3):
            self.assertEqual([int(record.value) for record in read if record.partition == part], list(range(part, count, 3)))

    def assert_only_the_sidecar(self, client):
        if not kafka_case.DIRECT:
            brokers = {address for addresses in self.cluster.addresses.values() for address in addresses.values()}
            self.assertEqual({remote for _, remote in client.connections()} & brokers, set(), "a client found a way around the sidecar")

    def test_each_node_has_an_address_of_its_own(self):
        topic = self.topic(partitions=3)
        leaders = self.cluster.leaders(topic)
        with kafka_wire.connected(self.proxy.kafka["main"]) as connection:
            told = connection.metadata()["brokers"]
        self.assertEqual(told, {node: (f"127.1.0.{node}", self.proxy.kafka["main"][1]) for node in (1, 2, 3)})
        for node, address in told.items():
            with kafka_wire.connected(address) as connection:
                errors = {partition: connection.latest_offset(topic, partition)[0] for partition in leaders}
            self.assertEqual(errors, {partition: 0 if leader == node else NOT_LEADER for partition, leader in leaders.items()}, f"node {node}")

    def test_nodes_that_stop_and_start(self):
        topic = self.topic(partitions=3)
        producer, consumer = self.producing(topic), self.consuming(topic)
        self.acknowledged(producer, 300)
        self.cluster.stop(1)
        self.acknowledged(producer, 900)
        self.cluster.start(1)
        self.cluster.kill(2)
        self.acknowledged(producer, 1800)
        self.cluster.start(2)
        self.assert_only_the_sidecar(producer)
        self.assert_only_the_sidecar(consumer)
        self.cluster.elect_preferred(topic)
        self.assert_all_passed(topic, producer, consumer)

    def test_leaders_that_move_under_clients_that_are_told_where(self):
        """KIP-951: the Java client goes to the new leader that the answer names, with its address."""
        topic = self.topic(assignments={part: [1 + (part + turn) % 3 for turn in range(3)] for part in range(3)})
        settings = self.folder() / "producer.properties"
        settings.write_text("retries=2147483647\nretry.backoff.ms=50\n")  # the tool's own default is never to send again
        producer = self.keep(self.java.started("VerifiableProducer", "--bootstrap-server", self.through(self.proxy), "--topic", topic,
                                               "--max-messages", PRODUCED, "--throughput", 400, "--acks", -1, "--producer.config", settings))
        consumer = self.keep(self.java.started("consumer.ConsoleConsumer", "--bootstrap-server", self.through(self.proxy), "--topic", topic,
                                               "--from-beginning", "--max-messages", PRODUCED, "--timeout-ms", 60000))
        self.acknowledged(producer, 300)
        for node in (1, 2):
            self.cluster.stop(node)
            self.cluster.start(node)
            self.cluster.elect_preferred(topic)
            self.assert_only_the_sidecar(producer)
            self.assert_only_the_sidecar(consumer)
        self.assertEqual(producer.wait(90), 0, producer.log()[-2000:])
        self.assertEqual(len(outcomes(producer, "producer_send_success")), PRODUCED)
        self.assertCountEqual([int(record.value) for record in self.read(topic, PRODUCED)], range(PRODUCED))
        self.assertEqual(consumer.wait(90), 0, consumer.log()[-2000:])
        self.assertCountEqual([int(line) for line in consumer.log().splitlines() if line.isdigit()], range(PRODUCED))

    def test_a_sidecar_that_is_restarted(self):
        topic = self.topic(partitions=3)
        producer, consumer = self.producing(topic), self.consuming(topic)
        for mark, end in ((300, "stop"), (1200, "kill")):
            self.acknowledged(producer, mark)
            if not kafka_case.DIRECT:
                getattr(self.proxy, end)()
                self.proxy = self.start_sidecar()
        self.assert_all_passed(topic, producer, consumer)

    def test_ports_in_place_of_addresses(self):
        """Nodes 1 to 3 are at the ports after the base; the listener's own is below them, or above them and yet no node's."""
        for below in (True, False):
            with self.subTest(below=below):
                first = processes.free_range(5)
                listen, base = (first, first + 1) if below else (first + 4, first)
                flags = self.arguments(outbound=False, settings={"kafka.main.advertise": "127.0.0.1", "kafka.main.base_port": base})
                self.proxy = self.keep(harness.Sidecar([*flags, "--kafka", f"127.0.0.1:{listen}={self.cluster.bootstrap()}"]))
                with kafka_wire.connected(self.proxy.kafka["main"]) as connection:
                    self.assertEqual(connection.metadata()["brokers"], {node: ("127.0.0.1", base + node) for node in (1, 2, 3)})
                topic = self.topic(partitions=3)
                producer, consumer = self.producing(topic, 300), self.consuming(topic, 300)
                self.assert_all_passed(topic, producer, consumer, 300)


if __name__ == "__main__":
    kafka_case.main()
