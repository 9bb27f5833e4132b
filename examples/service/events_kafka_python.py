"""The same as events.py with kafka-python, the client that is written in Python itself."""
import contextlib
import json
import os
import sys
import threading
import time

if sys.version_info >= (3, 12):
    # kafka-python 2.0.2, which distributions have, brings a six that this Python cannot load; that of python3-six it can.
    with contextlib.suppress(ModuleNotFoundError):
        import six
        sys.modules |= {"kafka.vendor.six": six, "kafka.vendor.six.moves": six.moves}
import kafka
import kafka.errors

from faults import NotPublished, faults, heard

BOOTSTRAP = os.environ.get("KAFKA_BOOTSTRAP", "127.0.0.1:9092")


class Publisher:
    """Publishes events, and waits until Kafka has them. Connects when there is something to publish."""

    def __init__(self):
        self.lock, self.producer = threading.Lock(), None

    def connected(self):
        with self.lock:
            if self.producer is None:
                self.producer = kafka.KafkaProducer(bootstrap_servers=BOOTSTRAP, acks="all", linger_ms=0)
            return self.producer

    def publish(self, topic, key, event):
        """Twice when duplicating. NotPublished says why Kafka did not take it."""
        try:
            for _ in range(faults.times()):
                self.connected().send(topic, json.dumps(event).encode(), key.encode()).get(timeout=10)
        except kafka.errors.KafkaError as error:
            raise NotPublished(f"{topic}: {error!r}") from error
        print(f"{topic}: {key}", flush=True)


class Assigned(kafka.ConsumerRebalanceListener):
    def __init__(self, topics):
        self.topics = topics

    def on_partitions_revoked(self, revoked):
        pass

    def on_partitions_assigned(self, assigned):
        print(f"consuming {', '.join(self.topics)}", flush=True)


def consume(topics, group, handle):
    """Hands each record to `handle(topic, event)`, for ever, and begins again when Kafka was away; what has been handled is committed."""
    while True:
        try:
            consumer = kafka.KafkaConsumer(bootstrap_servers=BOOTSTRAP, group_id=group, auto_offset_reset="earliest", enable_auto_commit=False,
                                           fetch_max_wait_ms=20, heartbeat_interval_ms=1000, metadata_max_age_ms=5000)
            consumer.subscribe(topics, listener=Assigned(topics))
            for record in consumer:
                heard(handle, record.topic, record.key, record.value)
                time.sleep(faults.until_commit())
                place = kafka.TopicPartition(record.topic, record.partition)
                consumer.commit({place: kafka.OffsetAndMetadata(record.offset + 1, "")})
        except kafka.errors.KafkaError as error:
            print(f"Kafka: {error!r}", flush=True)
            time.sleep(1)
