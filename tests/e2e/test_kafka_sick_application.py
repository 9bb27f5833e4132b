"""Consumption pauses while the application is known to be sick, and nobody leaves a group for it: a real Kafka, and clients that know nothing."""
import json
import random
import re
import time

import kafka_case
import kafka_wire
import processes

from harness import wait_for
from kafka_case import CONFLUENT, KafkaCase
from kafka_clients import Record, outcomes
from processes import Application

SESSION = 6.0  # seconds, the least that brokers allow; the pause is longer: who sent no heartbeats would be gone
RECORDS = 100


class SickCase(KafkaCase):
    settings = {"group.consumer.min.session.timeout.ms": int(SESSION * 1000), "group.consumer.session.timeout.ms": int(SESSION * 1000),
                "group.consumer.min.heartbeat.interval.ms": 500, "group.consumer.heartbeat.interval.ms": 500}

    def watched(self, more=()):
        """(a sidecar in front of the cluster and of an application, the application)."""
        app = self.keep(Application())
        quick = {"health.app.every": "100ms", "health.app.fall": 2, "health.app.rise": 1, "workers": 2}
        proxy = self.in_front(app=app, settings=quick, more=more)
        self.wait_until(proxy, well=True)
        return proxy, app

    def wait_until(self, proxy, well):
        wait_for(lambda: proxy.get("/readyz").status == (200 if well else 503), "the application's health to be known")

    def paused(self, proxy):
        return json.loads(proxy.get("/api/state").body)["kafka"]["main"]["paused"]

    def ends(self, topic):
        with kafka_wire.connected(self.cluster.address) as connection:
            return sum(connection.latest_offset(topic, partition)[1] for partition in range(2))

    def classic_group(self, group):
        with kafka_wire.connected(self.cluster.address) as connection:
            return connection.classic_group(group)

    def consumer_group(self, group):
        with kafka_wire.connected(self.cluster.address) as connection:
            return connection.consumer_group(group)

    def rebalances(self, group):
        """How often the broker says that it has begun to reorganise this group, with the generations."""
        return re.findall(rf"(?:Preparing to rebalance|Stabilized) group {group} .*?generation (\d+)", self.cluster.brokers[1].log())

    def assert_paused_and_resumed(self, topic, received, described):
        """`received()` is how many records the client has had, `described()` what the broker says of its group."""
        proxy, app = self.proxy, self.app
        CONFLUENT.produce(self.through(proxy), topic, [Record(str(n)) for n in range(10)])
        wait_for(lambda: received() == 10, "the first records", 30)
        self.assertIsNone(self.paused(proxy))
        group = described()
        app.kill()
        self.wait_until(proxy, well=False)
        time.sleep(1)  # a fetch that was at the broker has come back
        CONFLUENT.produce(self.through(proxy), topic, [Record(str(n)) for n in range(RECORDS)])
        self.assertEqual(self.ends(topic), 10 + RECORDS, "producing goes on")
        time.sleep(SESSION + 2)
        self.assertEqual(received(), 10, "records while the application was sick")
        self.assertEqual(described(), group, "its state, members and generation")
        said = self.paused(proxy)
        self.assertGreater(said["fetches_answered_here"], 3)
        self.assertIn("refused", said["why"])
        self.assertEqual(proxy.total("outrider_kafka_paused", cluster="main"), 1)
        self.assertAlmostEqual(proxy.total("outrider_kafka_paused_since_seconds"), time.time() - SESSION - 3, delta=6)
        self.keep(Application(app.port))
        self.wait_until(proxy, well=True)
        began = time.monotonic()
        wait_for(lambda: received() == 10 + RECORDS, "the records that waited", 10)
        self.assertLess(time.monotonic() - began, 1)
        self.assertEqual(described(), group, "after the pause too")
        self.assertIsNone(self.paused(proxy))
        self.assertEqual(proxy.total("outrider_kafka_paused", cluster="main"), 0)

    def names(self):
        return self.topic(partitions=2), "group-%08x" % random.getrandbits(32)


class Consumers:
    def test_librdkafka(self):
        (self.proxy, self.app), (topic, group) = self.watched(), self.names()
        config = {"session.timeout.ms": int(SESSION * 1000), "heartbeat.interval.ms": 500, "auto.offset.reset": "earliest"}
        command = ["kcat", "-b", self.through(self.proxy), *(f"-X{name}={value}" for name, value in config.items()), "-u", "-f", "got %s\\n", "-G", group, topic]
        consumer = self.keep(processes.Process(command, {"LC_ALL": "C.UTF-8"}))
        wait_for(lambda: "assigned" in consumer.log(), "its partitions", 30)
        self.assert_paused_and_resumed(topic, lambda: consumer.log().count("got "), lambda: (self.classic_group(group), self.rebalances(group)))
        self.assertEqual(self.classic_group(group)[0], "Stable")
        self.assertEqual(consumer.log().count("rebalanced"), 1, consumer.log()[-1500:])

    def java_consumer(self, topic, group, *more, **config):
        file = self.folder() / "consumer.properties"
        file.write_text("".join(f"{name.replace('_', '.')}={value}\n" for name, value in config.items()))
        consumer = self.keep(self.java.started("VerifiableConsumer", "--bootstrap-server", self.through(self.proxy), "--topic", topic, "--group-id", group,
                                               "--reset-policy", "earliest", "--command-config" if self.java.is_new() else "--consumer.config", file, *more))
        wait_for(lambda: outcomes(consumer, "partitions_assigned"), "its partitions", 30)
        return consumer, lambda: sum(each["count"] for each in outcomes(consumer, "records_consumed"))

    def assert_kept_its_partitions(self, consumer):
        assigned = [each for each in outcomes(consumer, "partitions_assigned") if each["partitions"]]
        self.assertEqual(len(assigned), 1, assigned)
        self.assertEqual([each for each in outcomes(consumer, "partitions_revoked") if each["partitions"]], [])

    def test_the_java_consumer(self):
        (self.proxy, self.app), (topic, group) = self.watched(), self.names()
        consumer, received = self.java_consumer(topic, group, session_timeout_ms=int(SESSION * 1000), heartbeat_interval_ms=500)
        self.assert_paused_and_resumed(topic, received, lambda: (self.classic_group(group), self.rebalances(group)))
        self.assertEqual(self.classic_group(group)[0], "Stable")
        self.assert_kept_its_partitions(consumer)


class OnKafka3(Consumers, SickCase):
    version, settings = kafka_case.OLD, {}


class OnKafka4(Consumers, SickCase):
    version = kafka_case.NEW

    def test_a_group_of_the_new_protocol(self):
        (self.proxy, self.app), (topic, group) = self.watched(), self.names()
        consumer, received = self.java_consumer(topic, group, "--group-protocol", "consumer")
        wait_for(lambda: self.consumer_group(group)[0] == "Stable", "the group to be stable", 20)
        self.assert_paused_and_resumed(topic, received, lambda: self.consumer_group(group))
        self.assertEqual(self.consumer_group(group)[0], "Stable")
        self.assert_kept_its_partitions(consumer)

    def test_a_share_group(self):
        """Its fetches pass, as they carry acknowledgements, but acquire nothing."""
        (self.proxy, self.app), (topic, group) = self.watched(), self.names()
        with kafka_wire.connected(self.cluster.address) as connection:
            connection.configure_group(group, "share.auto.offset.reset", "earliest")
        consumer = self.keep(self.java.started("consumer.ConsoleShareConsumer", "--bootstrap-server", self.through(self.proxy), "--topic", topic, "--group", group))
        self.assert_paused_and_resumed(topic, lambda: len(re.findall(r"^\d+$", consumer.log(), re.MULTILINE)), lambda: None)
        time.sleep(2)
        self.assertEqual(len(re.findall(r"^\d+$", consumer.log(), re.MULTILINE)), 10 + RECORDS, "each once: what was acknowledged before did arrive")

    def test_a_cluster_that_is_not_to_pause(self):
        (self.proxy, self.app), (topic, group) = self.watched(["--set", "kafka.main.pause_when_sick=false"]), self.names()
        _, received = self.java_consumer(topic, group)
        self.app.kill()
        self.wait_until(self.proxy, well=False)
        CONFLUENT.produce(self.through(self.proxy), topic, [Record(str(n)) for n in range(RECORDS)])
        wait_for(lambda: received() == RECORDS, "the records", 20)
        self.assertIsNone(self.paused(self.proxy))


if __name__ == "__main__":
    kafka_case.main()
