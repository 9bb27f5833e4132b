"""Policies in front of a real Kafka, with clients that know nothing of them: quotas, breakers, paused consumers, refused topics."""
import json
import random
import re
import time

import kafka_case
import kafka_clients
import processes

from harness import wait_for
from kafka_case import CONFLUENT, KCAT, KafkaCase
from kafka_clients import Record, outcomes

MIB = 1 << 20


class PoliciesCase(KafkaCase):
    def governed(self, policies, **settings):
        """A sidecar whose policies are this YAML list, each rule a line."""
        self.file = self.folder() / "policies.yaml"
        self.file.write_text("policies:\n" + "".join(f"  - {each}\n" for each in policies))
        return self.in_front(settings={"policies": str(self.file), "workers": 2, **settings})

    def force(self, proxy, policy, state):
        self.assert_status(proxy.post("/api/policies", {"policy": policy, "breaker": "main", "state": state}), 200)

    def decisions(self, proxy, policy, decision):
        return proxy.total("outrider_policy_decisions_total", policy=policy, outcome=decision)

    def timed(self, command, stdin="", within=90):
        began = time.monotonic()
        done = kafka_clients.run(command, stdin, within)
        return time.monotonic() - began, done


class Quotas(PoliciesCase):
    """Rates are of the bytes of record batches; a burst of 64 KiB is what may come at once. What a client takes to start is not looked
    at: producers are timed by when the broker appended their records, consumers from their first record on."""

    def assert_rate(self, size, seconds, rate=MIB, tolerance=0.05):
        self.assertAlmostEqual((size / seconds) / rate, 1, delta=tolerance, msg=f"{size} bytes in {seconds:.2f} s")

    def assert_appended_at_the_rate(self, topic, records, rate=MIB, tolerance=0.05):
        """So many records of 1 KiB, all there are, by the broker's own clock. Those that came at the first moment were its burst."""
        shown = kafka_clients.run([*KCAT.start(self.cluster.bootstrap(), {}), "-C", "-t", topic, "-o", "beginning", "-e", "-f", "%T\\n"]).stdout
        times = sorted(map(int, shown.split()))
        self.assertEqual(len(times), records)
        later = [each for each in times if each > times[0]]
        self.assert_rate(len(later) * 1024, (times[-1] - times[0]) / 1000, rate, tolerance)

    def topic(self):
        """One whose records bear the time at which the broker appended them."""
        return super().topic(message_timestamp_type="LogAppendTime")

    def kcat(self, proxy, topic, size, client="kcat", more=()):
        """Sends so many bytes in lines of 1 KiB. @return the command, its input"""
        lines = ("%08d" % random.getrandbits(24) + "x" * 1015 + "\n") * (size // 1024)
        return [*KCAT.start(self.through(proxy), {"client.id": client, "batch.size": 65536, "linger.ms": 5, **dict(more)}), "-P", "-t", topic], lines

    def test_librdkafka_is_held_to_the_rate(self):
        proxy, topic = self.governed(["{name: cap, match: {produce: '*'}, limit: {rate: 1MiB/s, burst: 64KiB}}"]), self.topic()
        kafka_clients.run(*self.kcat(proxy, topic, 6 * MIB))
        self.assert_appended_at_the_rate(topic, 6 * 1024)
        self.assertGreater(proxy.total("outrider_kafka_policy_throttled_total", api="Produce"), 30)

    def test_the_java_producer_is_held_to_the_rate(self):
        proxy, topic = self.governed(["{name: cap, match: {produce: '*'}, limit: {rate: 1MiB/s, burst: 64KiB}}"]), self.topic()
        kafka_clients.run(self.java.tool("ProducerPerformance", "--topic", topic, "--num-records", 6 * 1024, "--record-size", 1014,
                                         "--throughput", -1, "--producer-props", f"bootstrap.servers={self.through(proxy)}", "acks=all"), within=90)
        self.assert_appended_at_the_rate(topic, 6 * 1024)

    def test_clients_have_limits_of_their_own(self):
        proxy, topic = self.governed(["{name: cap, match: {produce: '*'}, limit: {rate: 1MiB/s, burst: 64KiB, key: client_id, overrides: {fast: 4MiB/s}}}"]), self.topic()
        slow = self.keep(processes.Process(self.kcat(proxy, topic, 5 * MIB, "slow")[0], stdin=self.kcat(proxy, topic, 5 * MIB, "slow")[1]))
        fast_topic = self.topic()
        kafka_clients.run(*self.kcat(proxy, fast_topic, 12 * MIB, "fast"))
        self.assertIsNone(slow.process.poll(), "the slow one waits")
        self.assert_appended_at_the_rate(fast_topic, 12 * 1024, 4 * MIB)
        self.assertEqual(slow.wait(20), 0)
        self.assert_appended_at_the_rate(topic, 5 * 1024)

    def arrivals(self, command):
        """When how many of the lines that a program prints came: [(seconds, count)]."""
        reading, found = self.keep(processes.Process(command, {"LC_ALL": "C.UTF-8"})), []

        def grown():
            ended, seen = reading.process.poll() is not None, reading.log().count("\n")
            if seen > sum(count for _, count in found):
                found.append((time.monotonic(), seen - sum(count for _, count in found)))
            return ended
        wait_for(grown, "all lines", 90)
        return found

    def test_what_consumers_get_is_smoothed(self):
        proxy, topic = self.governed(["{name: smooth, match: {consume: '*'}, limit: {rate: 1MiB/s, burst: 64KiB}}"]), self.topic()
        kafka_clients.run(*self.kcat(kafka_case.NoSidecar({"main": self.cluster.address}), topic, 5 * MIB))
        config = {"fetch.message.max.bytes": 65536}
        start = [*KCAT.start(self.through(proxy), config), "-C", "-t", topic, "-o", "beginning", "-c", 5 * 1024]
        arrived = self.arrivals([*start, "-u", "-f", "%o\\n"])
        self.assertEqual(sum(count for _, count in arrived), 5 * 1024)
        self.assert_rate(sum(count for _, count in arrived[1:]) * 1024, arrived[-1][0] - arrived[0][0])
        self.assertGreater(proxy.total("outrider_kafka_policy_throttled_total", api="Fetch"), 20)

    def test_a_group_is_smoothed_and_others_are_not(self):
        proxy, topic = self.governed(["{name: smooth, match: {consume: '*', group: billing}, limit: {rate: 1000/s, burst: 100, of: records}}"]), self.topic()
        kafka_clients.run(*self.kcat(kafka_case.NoSidecar({"main": self.cluster.address}), topic, 3 * MIB))

        def consuming(group):
            config = {"client.id": group, "fetch.message.max.bytes": 65536}
            began = time.monotonic()
            records = CONFLUENT.consume(self.through(proxy), topic, 3 * 1024, group, config)
            self.assertEqual(len(records), 3 * 1024)
            return time.monotonic() - began
        self.assertLess(consuming("stock"), 2.5)
        self.assertGreater(consuming("billing"), 2.7)

    def test_shadow_changes_nothing(self):
        proxy, topic = self.governed(["{name: cap, mode: shadow, match: {produce: '*'}, limit: {rate: 1KiB/s, over: reject}}",
                                      "{name: guard, mode: shadow, match: {produce: '*'}, breaker: {consecutive: 1, forced: open}}"]), self.topic()
        took, _ = self.timed(*self.kcat(proxy, topic, 2 * MIB))
        self.assertLess(took, 2)
        self.assertEqual(len(self.read(topic, 2 * 1024)), 2 * 1024)
        self.assertGreater(self.decisions(proxy, "cap", "refused"), 10)


class Refusals(PoliciesCase):
    def test_the_topic_that_is_over_is_refused_and_the_others_pass(self):
        proxy = self.governed(["{name: cap, match: {produce: 'over-*'}, limit: {rate: 1/h, burst: 1, over: reject}}"])
        over, under = self.topic("over-%08x" % random.getrandbits(32)), self.topic("under-%08x" % random.getrandbits(32))
        CONFLUENT.produce(self.through(proxy), over, [Record("first")])
        job = {"do": "both", "topics": [over, under], "values": ["a", "b"], "seconds": 20, "config": CONFLUENT.config(self.through(proxy), {"linger.ms": 200})}
        told = CONFLUENT.do(job)["results"]
        self.assertEqual([each.get("error") for each in told[over]], ["POLICY_VIOLATION"] * 2)
        self.assertEqual([each.get("error") for each in told[under]], [None] * 2)
        self.assertEqual([record.value for record in self.read(over, 1)], ["first"])
        self.assertEqual([record.value for record in self.read(under, 2)], ["a", "b"])

    def test_the_java_producer_is_told_why(self):
        proxy = self.governed(["{name: cap, match: {produce: '*'}, limit: {rate: 1/h, burst: 1, over: reject}}"])
        topic = self.topic()
        self.java.produce(self.through(proxy), topic, [Record("first", "k")])
        began = time.monotonic()
        tool = self.java.started("VerifiableProducer", "--bootstrap-server", self.through(proxy), "--topic", topic, "--max-messages", 3)
        tool = self.keep(tool)
        tool.wait(30)
        self.assertLess(time.monotonic() - began, 20, "it does not try again")
        errors = outcomes(tool, "producer_send_error")
        self.assertEqual(len(errors), 3, tool.log()[-2000:])
        self.assertIn("InvalidRecord", errors[0]["exception"])
        self.assertIn("policy 'cap' (limit)", errors[0]["message"])
        self.assertEqual([record.value for record in self.read(topic, 1)], ["first"])


class Breakers(PoliciesCase):
    POLICY = "{name: guard, match: {cluster: main}, breaker: {consecutive: 3, open: 500ms, probes: 1}}"

    def state(self, proxy):
        """What the page says of the breaker; None before it was asked."""
        (policy,) = json.loads(proxy.get("/api/policies").body)["policies"]
        return next((rule["breakers"].get("main") for rule in policy["rules"]), None)

    def test_a_broker_that_was_away_loses_and_doubles_nothing(self):
        proxy, topic = self.governed([self.POLICY]), self.topic(partitions=3)
        config = CONFLUENT.config(self.through(proxy), {"enable.idempotence": True, "linger.ms": 5, "retry.backoff.ms": 50, "reconnect.backoff.max.ms": 300})
        producer = self.keep(CONFLUENT.started({"do": "stream", "topic": topic, "count": 3000, "partitions": 3, "rate": 300, "seconds": 90, "config": config}))
        wait_for(lambda: len(outcomes(producer, "producer_send_success")) > 300, "records", 30)
        self.cluster.kill(1)
        wait_for(lambda: self.state(proxy)["openings"] > 0, "the breaker to open", 20)
        self.cluster.start(1)
        self.assertEqual(producer.wait(90), 0, producer.log()[-2000:])
        self.assert_each_once(topic, producer, 3000, 3)
        self.assertIn(self.state(proxy)["state"], ("closed", "ramp"))


class IllClusters(Breakers):
    count = 3
    test_a_broker_that_was_away_loses_and_doubles_nothing = None

    def test_a_cluster_that_cannot_replicate_is_left_alone_until_it_can(self):
        proxy, topic = self.governed([self.POLICY]), self.topic(assignments={0: [1, 2]}, min_insync_replicas=2)
        self.cluster.kill(2)
        config = CONFLUENT.config(self.through(proxy), {"enable.idempotence": True, "acks": "all", "linger.ms": 5, "retry.backoff.ms": 20})
        producer = self.keep(CONFLUENT.started({"do": "stream", "topic": topic, "count": 500, "partitions": 1, "rate": 500, "seconds": 90, "config": config}))
        wait_for(lambda: proxy.total("outrider_kafka_policy_answered_total", api="Produce") > 5, "requests that are answered here", 60)
        self.assertGreater(self.state(proxy)["openings"], 0)
        self.assertEqual(outcomes(producer, "producer_send_error"), [], "nothing is given up")
        self.cluster.start(2)
        self.assertEqual(producer.wait(90), 0, producer.log()[-2000:])
        self.assert_each_once(topic, producer, 500, 1)


class Pauses(PoliciesCase):
    """Longer than the session timeout of the group: who did not send heartbeats would be gone."""

    POLICY = "{name: pause, match: {consume: '*'}, breaker: {consecutive: 5}}"
    SESSION = 6.0  # seconds, the least that brokers allow

    def assert_paused_and_resumed(self, proxy, topic, received):
        self.force(proxy, "pause", "open")
        time.sleep(1.5)  # what is on its way comes yet
        before = received()
        CONFLUENT.produce(self.through(proxy), topic, [Record(str(n)) for n in range(100)])
        time.sleep(self.SESSION + 2)
        self.assertEqual(received(), before, "records while consumption was paused")
        self.force(proxy, "pause", "auto")
        wait_for(lambda: received() == before + 100, "the records that waited", 10)

    def rebalances(self, group):
        """How often the broker says that it has begun to reorganise this group."""
        return len(re.findall(rf"(?:Preparing to rebalance|Stabilized) group {group} ", self.cluster.brokers[1].log()))

    def test_the_java_consumer(self):
        proxy, topic, group = self.governed([self.POLICY]), self.topic(partitions=2), "group-%08x" % random.getrandbits(32)
        config = self.folder() / "consumer.properties"
        config.write_text(f"session.timeout.ms={int(self.SESSION * 1000)}\nheartbeat.interval.ms=500\nfetch.max.wait.ms=200\n")
        consumer = self.keep(self.java.started("VerifiableConsumer", "--bootstrap-server", self.through(proxy), "--topic", topic, "--group-id", group,
                                               "--reset-policy", "earliest", "--command-config", config))
        wait_for(lambda: outcomes(consumer, "partitions_assigned"), "its partitions", 30)
        CONFLUENT.produce(self.through(proxy), topic, [Record(str(n)) for n in range(10)])

        def received():
            return sum(each["count"] for each in outcomes(consumer, "records_consumed"))
        wait_for(lambda: received() == 10, "the first records", 20)
        told = self.rebalances(group)
        self.assert_paused_and_resumed(proxy, topic, received)
        self.assertEqual(len(outcomes(consumer, "partitions_assigned")), 1)
        self.assertEqual(outcomes(consumer, "partitions_revoked"), [])
        self.assertEqual(self.rebalances(group), told)

    def test_librdkafka(self):
        proxy, topic, group = self.governed([self.POLICY]), self.topic(partitions=2), "group-%08x" % random.getrandbits(32)
        config = {"session.timeout.ms": int(self.SESSION * 1000), "heartbeat.interval.ms": 500, "auto.offset.reset": "earliest", "fetch.wait.max.ms": 200}
        command = ["kcat", "-b", self.through(proxy), *(f"-X{name}={value}" for name, value in config.items()), "-u", "-f", "got %s\\n", "-G", group, topic]
        consumer = self.keep(processes.Process(command, {"LC_ALL": "C.UTF-8"}))
        wait_for(lambda: "assigned" in consumer.log(), "its partitions", 30)
        CONFLUENT.produce(self.through(proxy), topic, [Record(str(n)) for n in range(10)])

        def received():
            return consumer.log().count("got ")
        wait_for(lambda: received() == 10, "the first records", 20)
        told = self.rebalances(group)
        self.assert_paused_and_resumed(proxy, topic, received)
        self.assertEqual(consumer.log().count("rebalanced"), 1, consumer.log()[-1500:])
        self.assertEqual(self.rebalances(group), told)


if __name__ == "__main__":
    kafka_case.main()
