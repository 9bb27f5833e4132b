"""Kafka, for what an outbox holds."""
import os

import confluent_kafka

from faults import faults

BOOTSTRAP = os.environ.get("KAFKA_BOOTSTRAP", "127.0.0.1:9092")


class Publisher:
    def __init__(self, *topics):
        self.producer = confluent_kafka.Producer({"bootstrap.servers": BOOTSTRAP, "acks": "all", "enable.idempotence": True,
                                                  "message.timeout.ms": 10_000, "batch.num.messages": 1})  # each at once, by itself
        for topic in topics:
            self.know(topic)

    def know(self, topic):
        """The first event of a topic that is not known yet would wait for a second."""
        try:
            self.producer.list_topics(topic, timeout=5)
        except confluent_kafka.KafkaException as error:
            print(f"{topic}: {error}", flush=True)

    def publish(self, rows):
        """The places of those that Kafka has acknowledged. Each twice when duplicating."""
        failed = set()
        for place, topic, key, value in rows:
            def told(error, _, place=place, topic=topic):
                if error:
                    print(f"{topic}: not published: {error}", flush=True)
                    failed.add(place)
            for _ in range(faults.times()):
                self.producer.produce(topic, value.encode(), key.encode(), on_delivery=told)
        self.producer.flush()
        return [place for place, *_ in rows if place not in failed]
