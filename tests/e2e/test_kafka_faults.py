"""Brokers that are away, sidecar and broker killed in turn under producers, and frames that no client would send."""
import random
import re
import signal
import socket
import struct
import time

import harness
import kafka_case
import kafka_wire
import processes

from kafka_case import CONFLUENT, KafkaCase
from kafka_clients import Record, outcomes
from kafka_wire import array, int32, string

PRODUCED, PARTITIONS = 4000, 3
# librdkafka before 2.3 counts a record that may have been written as written; when it was not, and the broker that came back has just refused the
# one before as no leader yet, the producer is at its end. A sidecar that had changed the order would be told of without such an error before.
LOST_COUNT = re.compile(r"(rewound sequence number|sequence desynchronization).*last (partition )?error (?!NO_ERROR)")


def batch(magic=2, crc=0, count=1, payload=b"\x14\0\0\0\x01\x08nope\0", codec=0):
    """A record batch, well formed but for what is asked."""
    body = struct.pack(">hiqqqhii", codec, count - 1, 0, 0, -1, -1, -1, count) + payload
    return struct.pack(">qiibI", 0, 9 + len(body), -1, magic, crc) + body


def produce_request(topic, records):
    """Version 3, acks 1."""
    return string(None) + struct.pack(">hi", 1, 5000) + array([string(topic) + array([int32(0) + int32(len(records)) + records])])


BAD_BATCHES = {"a wrong checksum": batch(), "an unknown magic": batch(magic=9), "a wrong count": batch(count=1_000_000),
               "an unknown codec": batch(codec=6), "cut short": batch()[:40], "gzip that is none": batch(codec=1, payload=b"\x1f\x8b" + bytes(30))}


class Unreachable(harness.Case):
    def ends_within(self, brokers, seconds, **settings):
        proxy = self.sidecar(outbound=False, settings={f"kafka.main.{name}": value for name, value in settings.items()},
                             more=["--kafka", f"127.0.0.1:0={brokers}"])
        started = time.monotonic()
        with kafka_wire.connected(proxy.kafka["main"], timeout=30) as connection:
            connection.post(kafka_wire.API_VERSIONS, 0, b"")
            self.assertTrue(connection.ended(within=30), "the client was left waiting")
        self.assertLess(time.monotonic() - started, seconds)
        proxy.wait_for_log(r"Kafka")

    def test_nobody_listens(self):
        self.ends_within(",".join("127.0.0.1:%d" % port for port in processes.free_ports(2)), 3)

    def test_connections_are_not_accepted(self):
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            listener.listen(0)
            waiting = []
            for _ in range(4):  # the queue is full, and further ones are dropped
                one = socket.socket()
                one.setblocking(False)
                one.connect_ex(listener.getsockname())
                waiting.append(one)
            self.ends_within("127.0.0.1:%d" % listener.getsockname()[1], 4, connect="300ms")
            for one in waiting:
                one.close()


class Killed(KafkaCase):
    def setUp(self):
        self.port, self.state = processes.free_ports(1)[0], self.folder()
        self.proxy = self.start_sidecar()

    def start_sidecar(self):
        if kafka_case.DIRECT:
            return self.in_front()
        flags = self.arguments(outbound=False, state=self.state)
        return self.keep(harness.Sidecar([*flags, "--kafka", f"127.0.0.1:{self.port}={self.cluster.bootstrap()}"]))

    def config(self, **more):
        return CONFLUENT.config(self.through(self.proxy), {"enable.idempotence": True, "linger.ms": 5, "retry.backoff.ms": 50,
                                                           "reconnect.backoff.max.ms": 500, "compression.type": "lz4", **more})

    def kill_in_turn(self, producer, line, marks):
        """Sidecar, broker, sidecar, broker, each when the producer has told so many of these lines."""
        for turn, mark in enumerate(marks):
            harness.wait_for(lambda mark=mark: len(outcomes(producer, line)) >= mark or producer.process.poll() is not None, f"{mark} lines {line}", 60)
            if turn % 2 == 1:
                self.cluster.kill(1)
                self.cluster.start(1)
            elif not kafka_case.DIRECT:
                self.proxy.kill()
                self.proxy = self.start_sidecar()
        self.assertIsNone(producer.process.poll(), "the producer ended before everything was killed")
        self.assertEqual(producer.wait(120), 0, producer.log()[-2000:])

    def test_a_broker_that_dies_takes_its_connections_with_it(self):
        with kafka_wire.connected(self.proxy.kafka["main"]) as connection:
            self.assertTrue(connection.api_versions())
            self.cluster.kill(1)
            self.assertTrue(connection.ended(within=3), "the client was left waiting")
        self.cluster.start(1)
        with kafka_wire.connected(self.proxy.kafka["main"]) as connection:
            self.assertTrue(connection.api_versions())

    def test_everything_that_waited_comes_at_once(self):
        """The broker stands still until writes wait, then the sidecar, until answers, room and its own timers are all due. For how long the
        broker does differs, because the sidecar looks after reads that wait at times of its own."""
        topic, broker = self.topic(partitions=PARTITIONS), self.cluster.brokers[1]
        config = CONFLUENT.config(self.through(self.proxy), {"linger.ms": 5, "message.timeout.ms": 60000})
        producer = self.keep(CONFLUENT.started({"do": "stream", "topic": topic, "count": 9000, "size": 20000, "partitions": PARTITIONS, "rate": 1e6,
                                                "in_flight": 1500, "seconds": 60, "config": config}))
        harness.wait_for(lambda: outcomes(producer), "the first answer")
        chance = random.Random(5)
        while producer.process.poll() is None and not kafka_case.DIRECT:
            for process, number, pause in ((broker, signal.SIGSTOP, chance.uniform(0.03, 0.12)), (self.proxy, signal.SIGSTOP, 0), (broker, signal.SIGCONT, 0.15),
                                           (self.proxy, signal.SIGCONT, 0.05)):
                process.signal(number)
                time.sleep(pause)
            self.assertIsNone(self.proxy.process.poll(), "the sidecar has ended")
        self.assertEqual(producer.wait(60), 0, producer.log()[-2000:])
        self.assertEqual(sorted(int(each["value"]) for each in outcomes(producer, "producer_send_success")), list(range(9000)))
        self.assertCountEqual([int(record.key) for record in self.read(topic, 9000)], range(9000))

    def test_what_is_acknowledged_is_there_once_and_in_order(self, again=2):
        topic = self.topic(partitions=PARTITIONS)
        job = {"do": "stream", "topic": topic, "count": PRODUCED, "partitions": PARTITIONS, "rate": 400, "seconds": 100, "config": self.config()}
        producer = self.keep(CONFLUENT.started(job))
        try:
            self.kill_in_turn(producer, "producer_send_success", (300, 1000, 1700, 2400))
        except AssertionError:
            if again == 0 or not LOST_COUNT.search(producer.log()):
                raise
            self.test_what_is_acknowledged_is_there_once_and_in_order(again - 1)
            return
        self.assert_each_once(topic, producer, PRODUCED, PARTITIONS)

    def test_transactions_are_there_whole_or_not_at_all(self):
        topic = self.topic(partitions=PARTITIONS)
        config = self.config(**{"transactional.id": topic, "transaction.timeout.ms": 20000})
        job = {"do": "transactions", "topic": topic, "count": 150, "size": 9, "partitions": PARTITIONS, "abort_every": 5, "rate": 20, "config": config}
        producer = self.keep(CONFLUENT.started(job))
        self.kill_in_turn(producer, "committed", (10, 30, 50, 70))
        told = {name: {n for each in outcomes(producer, name) for n in each["values"]} for name in ("committed", "aborted", "unknown")}
        self.assertGreater(len(told["committed"]), 100)
        stored = [(record.partition, int(record.value)) for record in self.read(topic, len(told["committed"]), exactly=False)]
        numbers = {number for _, number in stored}
        self.assertEqual(stored, sorted(stored), "twice, or out of order")
        self.assertEqual(len(numbers), len(stored))
        self.assertEqual(told["committed"] - numbers, set(), "committed and not there")
        self.assertEqual(told["aborted"] & numbers, set(), "aborted and there")
        for each in outcomes(producer, "unknown"):
            self.assertIn(len(numbers.intersection(each["values"])), (0, 9), "half a transaction")


class Frames(KafkaCase):
    def setUp(self):
        self.proxy = self.in_front(settings={"kafka.main.frame_bytes": 1 << 20})
        self.address = self.proxy.kafka["main"]

    def assert_lives(self):
        with kafka_wire.connected(self.address) as connection:
            self.assertTrue(connection.api_versions())

    def assert_ends(self, data, within=5):
        with kafka_wire.connected(self.address) as connection:
            connection.send(data)
            self.assertTrue(connection.ended(within), f"open after {data[:40]!r}")

    def test_frames_of_impossible_length(self):
        for length in (-1, -2**31, 0, 1, 7, (1 << 20) + 1, 2**31 - 1):
            with self.subTest(length=length):
                self.assert_ends(struct.pack(">i", length) + bytes(16))
        if not kafka_case.DIRECT:
            self.proxy.wait_for_log(r"Kafka")
        self.assert_lives()

    def test_requests_that_say_more_than_they_hold(self):
        """They are the broker's to judge; it closes, and then so does the sidecar."""
        lying = struct.pack(">i", 2**31 - 1)
        bodies = {kafka_wire.METADATA: (1, lying), kafka_wire.PRODUCE: (3, string(None) + struct.pack(">hi", 1, 0) + lying),
                  kafka_wire.FETCH: (4, struct.pack(">iiiib", -1, 0, 0, 0, 0) + lying), kafka_wire.FIND_COORDINATOR: (1, struct.pack(">h", 30000))}
        for api, (version, body) in bodies.items():
            with self.subTest(api=api):
                self.assert_ends(kafka_wire.framed(kafka_wire.header(api, version, 7) + body))
        self.assert_lives()

    def test_bad_batches_are_the_brokers_to_judge(self):
        topic = self.topic()

        def judged(address, records):
            with kafka_wire.connected(address) as connection:
                try:
                    fields = connection.ask(kafka_wire.PRODUCE, 3, produce_request(topic, records))
                except harness.Closed:
                    return "closed"
                (_, ((_, error, *_),)), = fields.array(lambda one: (one.string(), one.array(
                    lambda each: (each.number("i"), each.number("h"), each.number("q"), each.number("q")))))
                return error
        for name, records in BAD_BATCHES.items():
            with self.subTest(name):
                direct = judged(self.cluster.address, records)
                self.assertNotEqual(direct, 0)
                self.assertEqual(judged(self.address, records), direct)
        self.assert_lives()

    def test_noise(self):
        chance = random.Random(3)
        for turn in range(100):
            noise = chance.randbytes(chance.randrange(1, 2000))
            if turn % 2:  # after something that makes sense
                noise = kafka_wire.framed(kafka_wire.header(kafka_wire.API_VERSIONS, 0, 1)) + noise
            with kafka_wire.connected(self.address) as connection:
                connection.send(noise)
                if turn % 3:
                    connection.reset()
        self.assert_lives()
        if not kafka_case.DIRECT:
            broker = self.cluster.address
            harness.wait_for(lambda: not [remote for _, remote in self.proxy.connections() if remote == broker], "connections to the broker to end")

    def test_a_frame_cut_off_ends_nothing_else(self):
        topic = self.topic()
        whole = kafka_wire.framed(kafka_wire.header(kafka_wire.METADATA, 1, 1) + array([string(topic)]))
        for end in range(1, len(whole)):
            with kafka_wire.connected(self.address) as connection:
                connection.send(whole[:end])
                connection.finish_sending()
                self.assertTrue(connection.ended())
        CONFLUENT.produce(self.through(self.proxy), topic, [Record("still")])
        self.assertEqual(self.read(topic, 1)[0].value, "still")


if __name__ == "__main__":
    kafka_case.main()
