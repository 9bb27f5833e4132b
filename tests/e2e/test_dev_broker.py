"""`outrider dev-broker`: a Kafka for demos and quick tests, used by a client of its users."""
import re
import signal
import time

import dev_broker
import harness
import processes
from dev_broker import DevBroker, consume, metadata, produce
from harness import run


class ADevBroker(harness.Case):
    def broker(self, *arguments):
        return self.keep(DevBroker(*arguments))

    def test_keeps_what_is_produced_for_who_consumes(self):
        broker = self.broker("--topic", "orders")
        self.assertEqual(produce(broker.address, "orders", ["one", "two", "three"], headers={"traceparent": "x"}), [[0, 0], [0, 1], [0, 2]])
        records = consume(broker.address, "orders", 3)
        self.assertEqual([record["value"] for record in records], ["one", "two", "three"])
        self.assertEqual([record["offset"] for record in records], [0, 1, 2])
        self.assertEqual(records[0]["headers"], {"traceparent": "x"})

    def test_gives_every_group_everything(self):
        broker = self.broker("--topic", "orders")
        produce(broker.address, "orders", ["one", "two"])
        for group in ("a", "b"):
            self.assertEqual([record["value"] for record in consume(broker.address, "orders", 2, group=group)], ["one", "two"])

    def test_has_the_topics_it_was_told_and_makes_others_with_four_partitions(self):
        broker = self.broker("--topic", "orders:12", "--topic=audit")
        self.assertEqual(metadata(broker.address)["topics"], {"orders": 12, "audit": 1})
        produce(broker.address, "new", ["x"])
        self.assertEqual(metadata(broker.address)["topics"], {"orders": 12, "audit": 1, "new": 4})

    def test_takes_compressed_batches_and_every_way_of_acknowledging(self):
        broker = self.broker()
        for codec in ("gzip", "snappy", "lz4", "zstd"):
            produce(broker.address, codec, ["same " * 200] * 50, compression_type=codec)
            self.assertEqual(len(consume(broker.address, codec, 50, group=codec)), 50)
        produce(broker.address, "idempotent", ["x"] * 20, enable_idempotence=True)
        produce(broker.address, "unacknowledged", ["x"] * 20, acks=0, partition=0)
        self.assertEqual(len(consume(broker.address, "unacknowledged", 20)), 20)

    def test_advertises_no_address_but_its_own(self):
        broker = self.broker("--brokers", "3", "--topic", "spread:6")
        brokers = metadata(broker.address)["brokers"]
        self.assertEqual(len(brokers), 3)
        port = broker.address.rpartition(":")[2]
        for each in brokers:
            self.assertRegex(each, rf"^127\.\d+\.\d+\.\d+:{port}$")
        for partition in range(6):
            produce(broker.address, "spread", [str(partition)], partition=partition)
        self.assertEqual({record["value"] for record in consume(broker.address, "spread", 6)}, set("012345"))

    def test_ends_cleanly_on_a_signal(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            broker = self.broker()
            produce(broker.address, "orders", ["one"])
            before = time.monotonic()
            broker.signal(number)
            self.assertEqual(broker.wait(), 0, broker.log())
            self.assertLess(time.monotonic() - before, 10)

    def test_says_that_its_port_is_taken(self):
        broker = self.broker()
        done = run("dev-broker", "--listen", broker.address)
        self.assertEqual(done.returncode, 1)
        self.assertIn(broker.address.rpartition(":")[2], done.stderr)

    def test_needs_nothing_but_is_not_steered_by_the_environment(self):
        broker = self.keep(processes.Process([processes.OUTRIDER, "dev-broker", "--listen", "127.0.0.1:0"],
                                             {"OUTRIDER_SERVICE": "x", "OUTRIDER_CONFIG": "/nowhere", "OTEL_TRACES_EXPORTER": "zipkin"}))
        broker.wait_for_log(r"^ready\b")

    def test_leaves_librdkafka_out_of_every_other_process(self):
        sidecar = self.sidecar("127.0.0.1:9")
        for process, loaded in ((sidecar, False), (self.broker(), True)):
            with open(f"/proc/{process.pid}/maps", encoding="utf-8") as maps:
                self.assertEqual(bool(re.search(r"librdkafka", maps.read())), loaded)


class RefusedDevBroker(harness.Case):
    def test_by_what_makes_no_sense(self):
        for arguments in (["--listen", ":9092"], ["--brokers", "0"], ["--topic", "a b"], ["--topic", "t:0"], ["--topics", "t"]):
            done = run("dev-broker", *arguments)
            self.assertEqual(done.returncode, 2, arguments)
            self.assertIn("outrider dev-broker: ", done.stderr)


if __name__ == "__main__":
    harness.main()
