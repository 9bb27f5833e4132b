"""Kafka's protocol by hand, on raw sockets: the few requests that tests send themselves, and frames that no client would send."""
import contextlib
import socket
import struct

import wire

PRODUCE, FETCH, LIST_OFFSETS, METADATA, FIND_COORDINATOR, SASL_HANDSHAKE, API_VERSIONS, CREATE_TOPICS, DELETE_TOPICS = 0, 1, 2, 3, 10, 17, 18, 19, 20
SASL_AUTHENTICATE, ELECT_LEADERS, ALTER_CONFIGS = 36, 43, 44
DESCRIBE_GROUPS, CONSUMER_GROUP_DESCRIBE = 15, 69
PREFERRED_LEADER_NOT_AVAILABLE, ELECTION_NOT_NEEDED = 80, 84


def string(text):
    """A nullable string, or bytes of that length."""
    if text is None:
        return struct.pack(">h", -1)
    data = text.encode() if isinstance(text, str) else text
    return struct.pack(">h", len(data)) + data


def array(items):
    items = list(items)
    return struct.pack(">i", len(items)) + b"".join(items)


def int32(number):
    return struct.pack(">i", number)


def header(api, version, correlation, client="test"):
    """Request header version 1, which all that is not flexible has."""
    return struct.pack(">hhi", api, version, correlation) + string(client)


def framed(payload):
    return struct.pack(">i", len(payload)) + payload


class Fields:
    """Reads fields from the front of an answer."""

    def __init__(self, data):
        self.data = data

    def take(self, count):
        assert len(self.data) >= count, f"{count} bytes wanted, {len(self.data)} left"
        found, self.data = self.data[:count], self.data[count:]
        return found

    def number(self, layout):
        return struct.unpack(">" + layout, self.take(struct.calcsize(">" + layout)))[0]

    def string(self):
        length = self.number("h")
        return None if length < 0 else self.take(length).decode()

    def data_of_length(self):
        return self.take(max(0, self.number("i")))

    def compact(self):
        """A short compact string."""
        length = self.number("B")
        return None if length == 0 else self.take(length - 1).decode()

    def array(self, item):
        return [item(self) for _ in range(max(0, self.number("i")))]


class Connection(wire.Client):
    """One connection to a broker, or to a sidecar in front of it."""

    def __init__(self, address, timeout=wire.TIMEOUT):
        super().__init__(address, timeout)
        self.correlation = 0

    def post(self, api, version, body, correlation=None):
        """Sends without waiting; returns the correlation id."""
        self.correlation = self.correlation + 1 if correlation is None else correlation
        self.send(framed(header(api, version, self.correlation) + body))
        return self.correlation

    def answer(self):
        """(correlation id, Fields) of the next answer."""
        fields = Fields(self.exactly(struct.unpack(">i", self.exactly(4))[0]))
        return fields.number("i"), fields

    def ask(self, api, version, body=b""):
        asked = self.post(api, version, body)
        correlation, fields = self.answer()
        assert correlation == asked, f"answer to {correlation} in place of {asked}"
        return fields

    def api_versions(self):
        """{key: (lowest, highest)}."""
        fields = self.ask(API_VERSIONS, 0)
        error = fields.number("h")
        assert error == 0, f"ApiVersions: error {error}"
        return dict(fields.array(lambda each: (each.number("h"), (each.number("h"), each.number("h")))))

    def metadata(self, topics=()):
        """{"brokers": {id: (host, port)}, "controller": id, "topics": {name: {partition: (error, leader, replicas, in sync)}}}."""
        def numbers(fields):
            return fields.array(lambda each: each.number("i"))

        def partition(fields):
            error, index, leader = fields.number("h"), fields.number("i"), fields.number("i")
            return index, (error, leader, numbers(fields), numbers(fields))

        def topic(fields):
            _, name, _ = fields.number("h"), fields.string(), fields.number("?")
            return name, dict(fields.array(partition))

        def broker(fields):
            node, host, port, _ = fields.number("i"), fields.string(), fields.number("i"), fields.string()
            return node, (host, port)
        fields = self.ask(METADATA, 1, array(string(name) for name in topics))
        return {"brokers": dict(fields.array(broker)), "controller": fields.number("i"), "topics": dict(fields.array(topic))}

    def create_topic(self, name, partitions=1, replication=1, assignments=None, **config):
        """`assignments`: {partition: [node...]}, the first of which leads, in place of the two numbers."""
        placed = array(int32(index) + array(map(int32, nodes)) for index, nodes in (assignments or {}).items())
        settings = array(string(key.replace("_", ".")) + string(str(value)) for key, value in config.items())
        counts = struct.pack(">ih", *((-1, -1) if assignments else (partitions, replication)))
        fields = self.ask(CREATE_TOPICS, 2, array([string(name) + counts + placed + settings]) + int32(30000) + b"\0")
        fields.number("i")  # throttle
        for _, error, message in fields.array(lambda each: (each.string(), each.number("h"), each.string())):
            assert error == 0, f"creating {name}: error {error}, {message}"

    def delete_topic(self, name):
        fields = self.ask(DELETE_TOPICS, 1, array([string(name)]) + int32(30000))
        fields.number("i")  # throttle
        for _, error in fields.array(lambda each: (each.string(), each.number("h"))):
            assert error == 0, f"deleting {name}: error {error}"

    def find_coordinator(self, group):
        """(node, host, port)."""
        fields = self.ask(FIND_COORDINATOR, 1, string(group) + b"\0")
        fields.number("i")  # throttle
        error, message = fields.number("h"), fields.string()
        assert error == 0, f"coordinator of {group}: error {error}, {message}"
        return fields.number("i"), fields.string(), fields.number("i")

    def latest_offset(self, topic, partition):
        """(error, offset): a node that does not lead the partition says so."""
        fields = self.ask(LIST_OFFSETS, 1, int32(-1) + array([string(topic) + array([struct.pack(">iq", partition, -1)])]))
        (_, ((_, error, _, offset),)), = fields.array(lambda topic: (topic.string(), topic.array(
            lambda each: (each.number("i"), each.number("h"), each.number("q"), each.number("q")))))
        return error, offset

    def classic_group(self, group):
        """(state, [member id]) of a group of the classic protocol."""
        def member(fields):
            name, *_ = fields.string(), fields.string(), fields.string(), fields.data_of_length(), fields.data_of_length()
            return name
        fields = self.ask(DESCRIBE_GROUPS, 0, array([string(group)]))
        ((error, state, members),) = fields.array(lambda each: (
            each.number("h"), (each.string(), each.string(), each.string(), each.string())[1], each.array(member)))
        assert error == 0, f"describing {group}: error {error}"
        return state, members

    def consumer_group(self, group):
        """(state, epoch) of a group of the protocol of KIP-848."""
        def compact(text):
            return bytes([len(text) + 1]) + text.encode()
        # Flexible: tags behind the header, behind the body, and in the answer's header.
        fields = self.ask(CONSUMER_GROUP_DESCRIBE, 0, b"\0" + b"\x02" + compact(group) + b"\0" + b"\0")
        fields.take(1 + 4 + 1)  # tags, throttle, one group
        error, _, _, state = fields.number("h"), fields.compact(), fields.compact(), fields.compact()
        assert error == 0, f"describing {group}: error {error}"
        return state, fields.number("i")

    def configure_group(self, group, name, value):
        setting = string(name) + b"\0" + string(value)
        fields = self.ask(ALTER_CONFIGS, 0, array([b"\x20" + string(group) + array([setting])]) + b"\0")
        fields.number("i")  # throttle
        for error, message in fields.array(lambda each: (each.number("h"), each.string(), each.number("b"), each.string())[:2]):
            assert error == 0, f"configuring {group}: error {error}, {message}"

    def elect_preferred(self, topic, partitions):
        """Gives the partitions back to their preferred leaders; False while one of these is not in sync yet."""
        fields = self.ask(ELECT_LEADERS, 1, b"\0" + array([string(topic) + array(map(int32, partitions))]) + int32(30000))
        fields.number("i")  # throttle
        error = fields.number("h")
        assert error == 0, f"electing leaders: error {error}"
        results = fields.array(lambda topic: (topic.string(), topic.array(lambda each: (each.number("i"), each.number("h"), each.string()))))
        errors = {error for _, partitions in results for _, error, _ in partitions}
        assert errors <= {0, PREFERRED_LEADER_NOT_AVAILABLE, ELECTION_NOT_NEEDED}, results
        return PREFERRED_LEADER_NOT_AVAILABLE not in errors


@contextlib.contextmanager
def connected(address, timeout=wire.TIMEOUT):
    with Connection(address, timeout) as connection:
        yield connection


def brokers_known(address, topics=()):
    """What `metadata` says, or None while nothing answers there."""
    try:
        with Connection(address, timeout=5) as connection:
            return connection.metadata(topics)
    except (OSError, socket.timeout, wire.Closed):
        return None
