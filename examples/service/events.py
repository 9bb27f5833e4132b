"""Kafka with Confluent's client: events that are published, and consumed one after the other."""
import json
import os
import queue
import time

import confluent_kafka

from faults import NotPublished, faults, heard

BOOTSTRAP = os.environ.get("KAFKA_BOOTSTRAP", "127.0.0.1:9092")


class Publisher:
    """Publishes events, and waits until Kafka has them."""

    def __init__(self):
        self.producer = confluent_kafka.Producer({"bootstrap.servers": BOOTSTRAP, "message.timeout.ms": 10_000, "acks": "all",
                                                  "enable.idempotence": True, "batch.num.messages": 1})  # each by itself, at once

    def publish(self, topic, key, event):
        """Twice when duplicating. NotPublished says why Kafka did not take it."""
        for _ in range(faults.times()):
            self.publish_once(topic, key, event)
        print(f"{topic}: {key}", flush=True)

    def publish_once(self, topic, key, event):
        outcome = queue.SimpleQueue()
        self.producer.produce(topic, json.dumps(event).encode(), key, on_delivery=lambda error, _: outcome.put(error))
        while outcome.empty():
            self.producer.poll(0.1)
        error = outcome.get()
        if error is not None:
            raise NotPublished(f"{topic}: {error}")


def consume(topics, group, handle):
    """Hands each record to `handle(topic, event)`, for ever; what has been handled is committed."""
    consumer = confluent_kafka.Consumer({"bootstrap.servers": BOOTSTRAP, "group.id": group, "auto.offset.reset": "earliest",
                                        "enable.auto.commit": False, "session.timeout.ms": 10_000, "fetch.wait.max.ms": 20,
                                        "topic.metadata.refresh.interval.ms": 5000})
    consumer.subscribe(topics, on_assign=lambda _, partitions: print(f"consuming {', '.join(topics)}", flush=True))
    while True:
        record = consumer.poll(1.0)
        if record is None:
            continue
        if record.error():
            print(f"{topics}: {record.error()}", flush=True)
            continue
        heard(handle, record.topic(), record.key(), record.value())
        commit(consumer, record)


def commit(consumer, record):
    """A record that cannot be committed comes again, to whoever has the partition then."""
    time.sleep(faults.until_commit())
    try:
        consumer.commit(record, asynchronous=False)
    except confluent_kafka.KafkaException as error:
        print(f"{record.topic()}: not committed: {error.args[0].str()}", flush=True)
