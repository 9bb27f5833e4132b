"""`outrider dev-broker`, and a Kafka client to use it with: librdkafka's, as the distribution has it for its own Python."""
import json
import subprocess

import processes

PYTHON = "/usr/bin/python3"  # the interpreter that python3-confluent-kafka is installed for

PRODUCE = """
import json, sys
from confluent_kafka import Producer
asked = json.load(sys.stdin)
acknowledged = []
def note(error, record):
    assert error is None, error
    acknowledged.append([record.partition(), record.offset()])
producer = Producer(asked["settings"])
for value in asked["values"]:
    producer.produce(asked["topic"], value, headers=asked["headers"], on_delivery=note, **asked["where"])
assert producer.flush(30) == 0, "not all were acknowledged"
print(json.dumps(acknowledged))
"""

CONSUME = """
import json, sys, time
from confluent_kafka import Consumer
asked = json.load(sys.stdin)
consumer = Consumer(asked["settings"])
consumer.subscribe([asked["topic"]])
records, until = [], time.monotonic() + 30
while len(records) < asked["count"]:
    assert time.monotonic() < until, f"only {len(records)} records came"
    record = consumer.poll(0.2)
    if record is not None and not record.error():
        headers = {name: value.decode() for name, value in record.headers() or []}
        records.append({"value": record.value().decode(), "partition": record.partition(), "offset": record.offset(), "headers": headers})
consumer.close()
print(json.dumps(records))
"""

METADATA = """
import json, sys
from confluent_kafka.admin import AdminClient
found = AdminClient(json.load(sys.stdin)).list_topics(timeout=20)
print(json.dumps({"brokers": sorted(f"{broker.host}:{broker.port}" for broker in found.brokers.values()),
                  "topics": {name: len(topic.partitions) for name, topic in found.topics.items()}}))
"""


def address_of(process):
    """Where a sidecar or a dev-broker listens for Kafka clients, "HOST:PORT"."""
    return process.wait_for_log(r"listening kafka:main (\S+)")[1]


class DevBroker(processes.Process):
    """Started and ready; its clients bootstrap from `address`."""

    def __init__(self, *arguments):
        super().__init__([processes.OUTRIDER, "dev-broker", "--listen", "127.0.0.1:0", *arguments])
        try:
            self.wait_for_log(r"^ready\b")
        except AssertionError:
            self.close()
            raise
        self.address = address_of(self)


def script(text, asked, within=60):
    done = subprocess.run([PYTHON, "-c", text], input=json.dumps(asked), capture_output=True, text=True, timeout=within,
                          env=processes.clean_environment())
    assert done.returncode == 0, f"{done.stdout[-2000:]}\n{done.stderr[-3000:]}"
    return json.loads(done.stdout)


def produce(address, topic, values, headers=None, partition=None, **settings):
    """[[partition, offset]] of what was acknowledged. Settings are librdkafka's, with _ for its dots."""
    return script(PRODUCE, {"topic": topic, "values": values, "headers": headers or {},
                            "where": {} if partition is None else {"partition": partition}, "settings": named(address, settings)})


def consume(address, topic, count, group="test", **settings):
    """The first records that a new member of the group gets."""
    return script(CONSUME, {"topic": topic, "count": count,
                            "settings": named(address, {"group_id": group, "auto_offset_reset": "earliest", **settings})})


def metadata(address):
    """{"brokers": ["host:port"], "topics": {name: partitions}}"""
    return script(METADATA, named(address, {}))


def named(address, settings):
    return {"bootstrap.servers": address, **{name.replace("_", "."): value for name, value in settings.items()}}
