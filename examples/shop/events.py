"""The little that the shop's services share about Kafka. No tracing code: a traceparent is handed on like any header."""
import json
import os
import queue

import confluent_kafka

BOOTSTRAP = os.environ.get("KAFKA_BOOTSTRAP", "127.0.0.1:9092")


class Topic:
    """Publishes to one topic, and waits until Kafka has it."""

    def __init__(self, name):
        self.name = name
        self.producer = confluent_kafka.Producer({"bootstrap.servers": BOOTSTRAP, "message.timeout.ms": 10_000})

    def publish(self, key, value, traceparent=None):
        """Returns what went wrong, or None."""
        outcome = queue.SimpleQueue()
        headers = [] if traceparent is None else [("traceparent", traceparent)]
        self.producer.produce(self.name, json.dumps(value).encode(), key, headers=headers,
                              on_delivery=lambda error, _: outcome.put(error))
        while outcome.empty():
            self.producer.poll(0.1)
        return outcome.get()


def consume(topic, group, handle):
    """Hands each record of the topic to `handle(value, traceparent)`, for ever."""
    consumer = confluent_kafka.Consumer({"bootstrap.servers": BOOTSTRAP, "group.id": group, "auto.offset.reset": "earliest",
                                        "fetch.wait.max.ms": 20})  # the embedded broker answers a fetch no sooner
    consumer.subscribe([topic], on_assign=lambda _, partitions: print(f"consuming {topic}", flush=True))
    while True:
        record = consumer.poll(1.0)
        if record is None:
            continue
        if record.error():
            print(f"{topic}: {record.error()}", flush=True)
            continue
        traceparent = dict(record.headers() or []).get("traceparent")
        handle(json.loads(record.value()), traceparent.decode() if traceparent else None)
