"""python3-kafka, a client of the older protocol versions: one job as JSON on the standard input, its result on the standard output.

Bytes are written as Latin-1 text.
"""
import json
import sys
import time

from kafka import KafkaConsumer, KafkaProducer, TopicPartition


def data(text):
    return None if text is None else text.encode("latin-1")


def text_of(bytes_or_none):
    return None if bytes_or_none is None else bytes_or_none.decode("latin-1")


def produce(job):
    """Every record's {partition, offset}, in the order of `records`."""
    producer = KafkaProducer(**job["config"])
    sent = [producer.send(job["topic"], data(record["value"]), data(record.get("key")), partition=record.get("partition"),
                          headers=[(name, data(value)) for name, value in record.get("headers") or []]) for record in job["records"]]
    producer.flush(job["seconds"])
    done = [each.get(job["seconds"]) for each in sent]
    producer.close()
    return {"results": [{"partition": each.partition, "offset": each.offset} for each in done], "left": 0}


def consume(job):
    """`count` records: of the whole topic by assignment, or as a member of the group of the configuration."""
    group = job["config"].get("group_id")
    consumer = KafkaConsumer(auto_offset_reset="earliest", enable_auto_commit=False, consumer_timeout_ms=200, **job["config"])
    if group:
        consumer.subscribe([job["topic"]])
    else:
        consumer.assign([TopicPartition(job["topic"], each) for each in consumer.partitions_for_topic(job["topic"])])
    records, deadline = [], time.monotonic() + job["seconds"]
    while len(records) < job["count"] and time.monotonic() < deadline:
        for found in consumer.poll(200, max_records=job["count"] - len(records)).values():
            records += [{"partition": each.partition, "offset": each.offset, "key": text_of(each.key), "value": text_of(each.value),
                         "headers": [[name, text_of(value)] for name, value in each.headers]} for each in found]
    if job.get("commit") and records:
        consumer.commit()
    consumer.close()
    return {"records": records, "errors": []}


def metadata(job):
    """The brokers as the client's own cluster view has them, and the version that it takes the broker for."""
    consumer = KafkaConsumer(**job["config"])
    consumer.topics()
    view = consumer._client.cluster  # pylint: disable=protected-access
    found = {broker.nodeId: [broker.host, broker.port] for broker in view.brokers()}
    version = consumer.config["api_version"]
    consumer.close()
    return {"brokers": found, "version": version}


if __name__ == "__main__":
    asked = json.load(sys.stdin)
    print(json.dumps(globals()[asked["do"]]({"seconds": 30, **asked})), flush=True)
