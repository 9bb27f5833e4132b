"""Transparent interception of Kafka: an unmodified client that knows the brokers' own addresses, and real brokers."""
import re

import brokers
import harness
import intercepted
import kafka_case
import wire

from intercepted import APPLICATION, PYTHON, Intercepted

PRODUCER, CONSUMER = 4, 5
HELLO = """
import ssl, socket, sys
context = ssl.create_default_context()
context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
host, _, port = sys.argv[1].rpartition(":")
try:
    context.wrap_socket(socket.create_connection((host, int(port)), 5))
except (ssl.SSLError, OSError) as error:
    print("refused by the broker", error)
"""


class Kafka(Intercepted):
    def setUp(self):
        super().setUp()
        with self.far.entered():
            self.cluster = self.keep(brokers.Cluster(kafka_case.NEW, 2, host=self.there))
            self.cluster.create_topic("orders", 4)
        self.first, self.second = ("%s:%d" % broker.address for broker in self.cluster.brokers.values())

    def kcat(self, *words, stdin="", bootstrap=None):
        return self.near.run("kcat", "-b", bootstrap or self.first, "-X", "socket.timeout.ms=10000", *words, user=APPLICATION,
                             stdin=stdin, within=60).stdout

    def produce(self, *values):
        for partition, value in enumerate(values):
            self.kcat("-P", "-t", "orders", "-p", partition % 4, stdin=value)

    def consume(self, count):
        return self.kcat("-C", "-t", "orders", "-o", "beginning", "-c", count, "-e", "-f", "%s|%h\n").splitlines()

    def test_is_traced_broker_by_broker(self):
        sidecar, receiver = self.intercepting(kafka={"main": {"listen": "127.0.0.1:19092", "brokers": [self.first]}})
        self.install()
        self.produce("a", "b", "c", "d")
        records = self.consume(4)
        self.assertEqual(sorted(line.partition("|")[0] for line in records), ["a", "b", "c", "d"])
        for line in records:
            self.assertRegex(line, r"traceparent=00-[0-9a-f]{32}-", "the sidecar saw it on its way")
        told = set(re.findall(r"broker \d+ at (\S+?),?(?: |$)", self.kcat("-L"), re.MULTILINE))
        self.assertEqual(told, {self.first, self.second}, "clients are told the brokers' own addresses")
        wire.wait_for(lambda: {PRODUCER, CONSUMER} <= {span["kind"] for span in receiver.spans()}
                      or {harness.attributes(span).get("messaging.operation.name") for span in receiver.spans()} >= {"send", "poll"}, "spans")
        ports = {harness.attributes(span).get("server.port") for span in receiver.spans()}
        self.assertEqual(ports, {int(each.rpartition(":")[2]) for each in (self.first, self.second)}, "of both brokers")
        self.assertGreaterEqual(self.taken_as(sidecar, "kafka"), 6)
        self.assertEqual(self.taken_as(sidecar, "tcp"), 0)
        self.near.run(PYTHON, "-c", HELLO, self.first, user=APPLICATION)
        self.assertEqual(self.taken_as(sidecar, "tcp"), 1, "TLS from the client is a tunnel")

    def test_goes_to_a_cluster_by_its_port_and_elsewhere_as_a_tunnel(self):
        port = self.first.rpartition(":")[2]
        sidecar, _ = self.intercepting({"ports": {port: "kafka:main"}},
                                       kafka={"main": {"listen": "127.0.0.1:19092", "brokers": ["192.0.2.1:9092"]}})
        self.install()
        self.produce("a")
        self.assertGreaterEqual(self.taken_as(sidecar, "kafka"), 1)
        self.assertEqual(sidecar.stop(), 0)
        sidecar, _ = self.intercepting()
        self.assertEqual(len(self.consume(1)), 1)
        self.assertEqual(self.taken_as(sidecar, "kafka"), 0)
        self.assertGreaterEqual(self.taken_as(sidecar, "tcp"), 1)
        self.assertIn("which is no broker of a cluster", sidecar.log())


if __name__ == "__main__":
    intercepted.skip_where_impossible()
    kafka_case.main()
