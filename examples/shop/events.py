"""Kafka as orders uses it, with Confluent's client."""
import json
import os
import queue

import confluent_kafka

from faults import faults

BOOTSTRAP = os.environ.get("KAFKA_BOOTSTRAP", "127.0.0.1:9092")


class Publisher:
    """Publishes events, and waits until Kafka has them."""

    def __init__(self):
        self.producer = confluent_kafka.Producer({"bootstrap.servers": BOOTSTRAP, "message.timeout.ms": 10_000, "enable.idempotence": True,
                                                  "batch.num.messages": 1})  # an order is sent by itself, at once

    def publish(self, topic, key, event):
        """Returns what went wrong, or None. Twice when duplicating."""
        return [self.publish_once(topic, key, event) for _ in range(faults.times())][0]

    def publish_once(self, topic, key, event):
        outcome = queue.SimpleQueue()
        self.producer.produce(topic, json.dumps(event).encode(), key, on_delivery=lambda error, _: outcome.put(error))
        while outcome.empty():
            self.producer.poll(0.1)
        return outcome.get()


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
        handle(record.topic(), json.loads(record.value()))
        consumer.commit(record, asynchronous=False)
