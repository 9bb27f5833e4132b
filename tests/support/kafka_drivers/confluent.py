"""librdkafka through python3-confluent-kafka: one job as JSON on the standard input, its result as JSON on the standard output.

Bytes are written as Latin-1 text. `stream` and `transactions` print a line of JSON for each outcome, in the form of Kafka's
VerifiableProducer, until the count is reached, and `service` until it gets SIGTERM.
"""
import json
import os
import signal
import sys
import time

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition


def data(text):
    return None if text is None else text.encode("latin-1")


def text_of(bytes_or_none):
    return None if bytes_or_none is None else bytes_or_none.decode("latin-1")


def say(line):
    """In one write, and on a line of its own: librdkafka's log goes to the same file, and may be within a line of its own."""
    os.write(sys.stdout.fileno(), f"\n{json.dumps(line)}\n".encode())


def seen(message):
    return {"partition": message.partition(), "offset": message.offset(), "key": text_of(message.key()), "value": text_of(message.value()),
            "headers": [[name, text_of(value)] for name, value in message.headers() or []]}


def send(producer, job, record, on_delivery):
    """Waits for room where the queue is full."""
    where = {"partition": record["partition"]} if record.get("partition") is not None else {}
    while True:
        try:
            producer.produce(job["topic"], data(record["value"]), data(record.get("key")), on_delivery=on_delivery,
                             headers=[(name, data(value)) for name, value in record.get("headers") or []], **where)
            return
        except BufferError:
            producer.poll(0.1)


def produce(job):
    """Every record's {partition, offset} or {error}, in the order of `records`."""
    results = [None] * len(job["records"])

    def told(index):
        def report(error, message):
            results[index] = {"error": error.name()} if error else {"partition": message.partition(), "offset": message.offset()}
        return report
    producer = Producer(job["config"])
    transactional = "transactional.id" in job["config"]
    if transactional:
        producer.init_transactions(30)
        producer.begin_transaction()
    for index, record in enumerate(job["records"]):
        send(producer, job, record, told(index))
    left = producer.flush(job["seconds"])
    if transactional:
        (producer.abort_transaction if job.get("abort") else producer.commit_transaction)(30)
    return {"results": results, "left": left}


def both(job):
    """The same values to several topics at once, so that they share requests: {topic: [{partition, offset} or {error}]}."""
    producer, results = Producer(job["config"]), {topic: [None] * len(job["values"]) for topic in job["topics"]}

    def told(topic, index):
        def report(error, message):
            results[topic][index] = {"error": error.name()} if error else {"partition": message.partition(), "offset": message.offset()}
        return report
    for topic in job["topics"]:
        producer.list_topics(topic, 10)  # its leader is known before the first record
    for index, value in enumerate(job["values"]):
        for topic in job["topics"]:
            send(producer, {"topic": topic}, {"value": value}, told(topic, index))
    return {"left": producer.flush(job["seconds"]), "results": results}


def consume(job):
    """`count` records, or all there are until now: of the whole topic by assignment, or as a member of the configuration's group."""
    count = job["count"] or float("inf")
    consumer = Consumer({"auto.offset.reset": "earliest", "enable.auto.commit": False, "group.id": "unused",
                         "enable.partition.eof": job["count"] is None, **job["config"]})
    records, errors, ended, deadline = [], [], set(), time.monotonic() + job["seconds"]
    if "group.id" in job["config"]:
        consumer.subscribe([job["topic"]])
    else:
        partitions = consumer.list_topics(job["topic"], timeout=10).topics[job["topic"]].partitions
        consumer.assign([TopicPartition(job["topic"], each, 0) for each in partitions])
    while len(records) < count and len(ended) < len(consumer.assignment() or [1]) and time.monotonic() < deadline:
        for message in consumer.consume(int(min(500, count - len(records))), 0.2):
            if not message.error():
                records.append(seen(message))
            elif message.error().code() == KafkaError._PARTITION_EOF:  # pylint: disable=protected-access
                ended.add(message.partition())
            else:
                errors.append(message.error().name())
    committed = [[each.partition, each.offset] for each in consumer.commit(asynchronous=False)] if job.get("commit") and records else None
    consumer.close()
    return {"records": records, "errors": errors, "committed": committed, "late": time.monotonic() >= deadline}


def metadata(job):
    found = Producer(job["config"]).list_topics(timeout=job["seconds"])
    return {"brokers": {broker.id: [broker.host, broker.port] for broker in found.brokers.values()},
            "topics": {name: len(topic.partitions) for name, topic in found.topics.items()}}


def stream(job):
    """Numbered records, at most `rate` a second and `in_flight` unanswered ones, each reported when it is acknowledged or given up.
    The number is the value, or its key where the values have a `size`."""
    padding = "x" * job.get("size", 0)
    producer, answered, due = Producer(job["config"]), [], time.monotonic()

    def told(error, message):
        answered.append(message)
        number = text_of(message.key() or message.value())
        say({"name": "producer_send_error", "value": number, "message": error.name()} if error else
            {"name": "producer_send_success", "value": number, "partition": message.partition(), "offset": message.offset()})
    for number in range(job["count"]):
        due = max(due + 1 / job["rate"], time.monotonic() - 0.05)  # what an outage delayed is not made up for
        content = {"key": str(number), "value": padding} if padding else {"value": str(number)}
        send(producer, job, {**content, "partition": number % job["partitions"]}, told)
        while (left := due - time.monotonic()) > 0 or number - len(answered) >= job.get("in_flight", 200):
            producer.poll(max(0.0, left) or 0.05)
    return {"left": producer.flush(job["seconds"])}


def transactions(job):
    """Transactions of `size` numbered records over all partitions. A line for each: committed, aborted or unknown."""
    producer, number = None, 0
    for turn in range(job["count"]):
        numbers = list(range(number, number + job["size"]))
        number += job["size"]
        producer, outcome = transaction(producer, job, numbers, abort=turn % job["abort_every"] == 1)
        say({"name": outcome, "values": numbers})
        time.sleep(1 / job["rate"])  # the pace that was asked for
    return {}


def transaction(producer, job, numbers, abort):
    """(producer to go on with, outcome). A producer that can't go on is replaced by one of the same transactional id."""
    committing = False
    try:
        if producer is None:
            producer = Producer(job["config"])
            insist(producer.init_transactions)
        producer.begin_transaction()
        for each in numbers:
            send(producer, job, {"value": str(each), "partition": each % job["partitions"]}, None)
        if abort:
            insist(producer.abort_transaction)
            return producer, "aborted"
        committing = True
        insist(producer.commit_transaction)
        return producer, "committed"
    except KafkaException as exception:
        error = exception.args[0]
        say({"name": "trouble", "message": str(error), "while_committing": committing})
        if error.txn_requires_abort():
            try:
                insist(producer.abort_transaction)
                return producer, "aborted"
            except KafkaException as second:
                say({"name": "trouble", "message": str(second.args[0])})
        return None, "unknown" if committing else "aborted"


def insist(step, attempts=30):
    """init, commit and abort may be called again after an error that says so."""
    for attempt in range(attempts):
        try:
            return step(5)
        except KafkaException as exception:
            if not exception.args[0].retriable() or attempt == attempts - 1:
                raise


def service(job):
    """What a service does: sends numbered records, takes each of them as the one member of a group and commits its offset. A line for each."""
    ended, sent = [], 0
    signal.signal(signal.SIGTERM, lambda *_: ended.append(True))
    producer = Producer(job["config"])
    consumer = Consumer({"auto.offset.reset": "earliest", "enable.auto.commit": False, "group.id": job["group"], **job["config"]})
    consumer.subscribe([job["topic"]])

    def told(error, _):
        if error:
            say({"name": "service_error", "message": error.name()})
    while not ended:
        producer.produce(job["topic"], str(sent).encode(), on_delivery=told)
        sent += 1
        if producer.flush(job["seconds"]) > 0:
            say({"name": "service_error", "message": "not acknowledged in time"})
        message = next((found for _ in range(100) if (found := consumer.poll(0.3))), None)
        if message is None or message.error():
            say({"name": "service_error", "message": str(message and message.error())})
            continue
        (committed,) = consumer.commit(message, asynchronous=False)
        say({"name": "service_committed", "value": text_of(message.value()), "offset": committed.offset})
    consumer.close()
    return {"sent": sent}


def main():
    job = json.load(sys.stdin)
    say(globals()[job["do"]]({"seconds": 30, **job}))


if __name__ == "__main__":
    main()
