"""TLS towards the brokers and SASL through the sidecar: mechanisms, re-authentication, what is refused and why, and what is no Kafka."""
import pathlib
import socket
import ssl
import tempfile

import harness
import kafka_case
import kafka_wire
import processes

from authority import Authority
from kafka_case import CONFLUENT, KAFKA_PYTHON, KafkaCase
from kafka_clients import Record, outcomes

RECORDS = [Record(f"value-{n}", f"key-{n}") for n in range(10)]
MECHANISMS = ("PLAIN", "SCRAM-SHA-256", "OAUTHBEARER")
OF_LIBRDKAFKA = ("PLAIN", "OAUTHBEARER")  # the SCRAM of the distribution's release has a nonce that newer brokers do not take
AUTHENTICATION_FAILED = 58
LIFETIME = 2  # seconds until a broker wants a connection authenticated anew


def confluent_sasl(mechanism):
    if mechanism == "OAUTHBEARER":
        return {"security.protocol": "sasl_plaintext", "sasl.mechanism": mechanism, "enable.sasl.oauthbearer.unsecure.jwt": True,
                "sasl.oauthbearer.config": "principal=alice"}
    return {"security.protocol": "sasl_plaintext", "sasl.mechanism": mechanism, "sasl.username": "alice", "sasl.password": "alice-secret"}


def java_sasl(mechanism):
    module, given = {"PLAIN": ("plain.PlainLoginModule", 'username="alice" password="alice-secret"'),
                     "SCRAM-SHA-256": ("scram.ScramLoginModule", 'username="alice" password="alice-secret"'),
                     "OAUTHBEARER": ("oauthbearer.OAuthBearerLoginModule", 'unsecuredLoginStringClaim_sub="alice"')}[mechanism]
    return {"security.protocol": "SASL_PLAINTEXT", "sasl.mechanism": mechanism,
            "sasl.jaas.config": f"org.apache.kafka.common.security.{module} required {given};"}


class Security(KafkaCase):
    settings = {"listener.name.sasl_ssl.scram-sha-256.connections.max.reauth.ms": LIFETIME * 1000,
                "listener.name.sasl_plaintext.scram-sha-256.connections.max.reauth.ms": LIFETIME * 1000}

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="authority-")
        cls.addClassCleanup(folder.cleanup)
        cls.secure = Authority(pathlib.Path(folder.name))
        super().setUpClass()

    def proxy(self, protocol, ca=None, **how):
        """A sidecar that speaks this protocol to the broker; the client's own is the same without SSL."""
        if kafka_case.DIRECT:
            protocol = protocol.replace("SASL_SSL", "SASL_PLAINTEXT").replace("SSL", "PLAINTEXT")
        settings = {"kafka.main.tls.ca": ca or self.secure.ca} if protocol.endswith("SSL") else {}
        return self.in_front(self.cluster.bootstrap(protocol), settings=settings, **how)

    def round_trip(self, client, proxy, config):
        topic = self.topic()
        client.produce(self.through(proxy), topic, RECORDS, config=config)
        self.read(topic, len(RECORDS))
        got = client.consume(self.through(proxy), topic, len(RECORDS), config=config)
        self.assertEqual([(record.key, record.value) for record in got], [(record.key, record.value) for record in RECORDS])

    def test_tls_to_the_broker(self):
        proxy = self.proxy("SSL")
        for client in (CONFLUENT, KAFKA_PYTHON, self.java):
            with self.subTest(client=client.name):
                self.round_trip(client, proxy, {})
        with kafka_wire.connected(proxy.kafka["main"]) as connection:
            self.assertEqual(connection.metadata()["brokers"], {1: ("127.1.0.1", proxy.kafka["main"][1])})

    def test_librdkafka(self):
        for protocol in ("SASL_PLAINTEXT", "SASL_SSL"):
            proxy = self.proxy(protocol)
            for mechanism in OF_LIBRDKAFKA:
                with self.subTest(protocol=protocol, mechanism=mechanism):
                    self.round_trip(CONFLUENT, proxy, confluent_sasl(mechanism))

    def test_every_mechanism_of_the_java_client(self):
        proxy = self.proxy("SASL_SSL")
        for mechanism in MECHANISMS:
            with self.subTest(mechanism=mechanism):
                topic = self.topic()
                self.java.produce(self.through(proxy), topic, RECORDS, config=java_sasl(mechanism))
                self.read(topic, len(RECORDS))

    def test_tokens_without_headers(self):
        """python3-kafka shakes hands in version 0, after which tokens come as bare frames. It cannot authenticate anew, so it takes
        the mechanism whose sessions do not end."""
        proxy = self.proxy("SASL_SSL")
        for mechanism in ("PLAIN", "SCRAM-SHA-512"):
            with self.subTest(mechanism=mechanism):
                self.round_trip(KAFKA_PYTHON, proxy, {"security_protocol": "SASL_PLAINTEXT", "sasl_mechanism": mechanism,
                                                      "sasl_plain_username": "alice", "sasl_plain_password": "alice-secret"})

    def test_kafkajs(self):
        proxy = self.proxy("SASL_SSL")
        for mechanism in ("plain", "scram-sha-256"):
            with self.subTest(mechanism=mechanism):
                self.round_trip(KAFKAJS, proxy, {"sasl": {"mechanism": mechanism, "username": "alice", "password": "alice-secret"},
                                                 "reauthenticationThreshold": LIFETIME * 250})

    def test_a_wrong_password_is_told(self):
        with kafka_wire.connected(self.proxy("SASL_SSL").kafka["main"]) as connection:
            self.assertEqual(connection.ask(kafka_wire.SASL_HANDSHAKE, 1, kafka_wire.string("PLAIN")).number("h"), 0)
            token = b"\0alice\0wrong"
            fields = connection.ask(kafka_wire.SASL_AUTHENTICATE, 1, kafka_wire.int32(len(token)) + token)
            self.assertEqual((fields.number("h"), "invalid" in fields.string().lower()), (AUTHENTICATION_FAILED, True))
            self.assertTrue(connection.ended())

    def java_producer(self, proxy, topic, count, mechanism="SCRAM-SHA-256"):
        properties = self.folder() / "producer.properties"
        settings = {**java_sasl(mechanism), "retries": 2147483647, "retry.backoff.ms": 50}
        properties.write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
        return self.keep(self.java.started("VerifiableProducer", "--bootstrap-server", self.through(proxy), "--topic", topic, "--max-messages", count,
                                           "--throughput", 200, "--acks", -1, "--producer.config", properties))

    def acknowledged(self, producer, count):
        harness.wait_for(lambda: len(outcomes(producer, "producer_send_success")) >= count or producer.process.poll() is not None,
                         f"{count} acknowledged records", 60)

    def test_authentication_anew_on_the_same_connection(self):
        proxy, topic = self.proxy("SASL_SSL"), self.topic()
        producer = self.java_producer(proxy, topic, 1600)
        self.acknowledged(producer, 100)
        before = producer.connections()
        self.acknowledged(producer, 100 + 3 * LIFETIME * 200)
        self.assertTrue(before)
        self.assertTrue(before & producer.connections(), "no connection outlived three lifetimes of its authentication")
        self.assertEqual(producer.wait(60), 0, producer.log()[-2000:])
        self.assertEqual(outcomes(producer, "producer_send_error"), [])
        self.assertCountEqual([int(record.value) for record in self.read(topic, 1600)], range(1600))

    def test_a_sidecar_that_forgot_the_brokers_under_authenticated_clients(self):
        if kafka_case.DIRECT:
            self.skipTest("there is no sidecar")
        port, topic = processes.free_ports(1)[0], self.topic()

        def start():  # with an empty state folder each time
            flags = self.arguments(outbound=False, settings={"kafka.main.tls.ca": self.secure.ca})
            return self.keep(harness.Sidecar([*flags, "--kafka", f"127.0.0.1:{port}={self.cluster.bootstrap('SASL_SSL')}"]))
        proxy = start()
        producer = self.java_producer(proxy, topic, 1000)
        self.acknowledged(producer, 200)
        proxy.kill()
        start()
        self.assertEqual(producer.wait(60), 0, producer.log()[-2000:])
        self.assertEqual(outcomes(producer, "producer_send_error"), [])
        self.assertCountEqual([int(record.value) for record in self.read(topic, 1000)], range(1000))

    def test_a_broker_that_is_not_trusted(self):
        other = Authority(self.folder(), "Another CA")
        proxy = self.proxy("SSL", ca=other.ca)
        with kafka_wire.connected(proxy.kafka["main"], timeout=5) as connection:
            connection.post(kafka_wire.API_VERSIONS, 0, b"")
            self.assertTrue(connection.ended(within=5), "the client was left waiting")
        proxy.wait_for_log(r"(?i)certificate|verif")

    def test_what_binds_the_host_name_is_refused_with_that_reason(self):
        proxy = self.proxy("SASL_SSL")
        for mechanism in ("GSSAPI", "AWS_MSK_IAM"):
            with self.subTest(mechanism=mechanism), kafka_wire.connected(proxy.kafka["main"], timeout=5) as connection:
                connection.post(kafka_wire.SASL_HANDSHAKE, 1, kafka_wire.string(mechanism))
                try:
                    self.assertNotEqual(connection.answer()[1].number("h"), 0)
                except harness.Closed:
                    pass
                proxy.wait_for_log(rf"{mechanism}.*\bhost\b")

    def test_tls_on_the_port(self):
        proxy = self.proxy("SSL")
        context = ssl.create_default_context(cafile=self.secure.ca)
        with socket.create_connection(proxy.kafka["main"], 5) as plain, self.assertRaises((ssl.SSLError, ConnectionError)):
            context.wrap_socket(plain, server_hostname="localhost")
        proxy.wait_for_log(r"(?i)\bTLS\b")

    def test_http_on_the_port(self):
        proxy = self.proxy("SASL_PLAINTEXT")
        for request in (b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", b"POST /orders HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n"):
            with self.subTest(request=request), harness.Client(proxy.kafka["main"]) as client:
                client.send(request)
                self.assertTrue(client.ended(), "the connection stayed open")
        proxy.wait_for_log(r"HTTP")


if __name__ == "__main__":
    KAFKAJS = kafka_case.kafkajs()
    kafka_case.main()
