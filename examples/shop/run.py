#!/usr/bin/env python3
"""Runs the shop with a sidecar beside each service, places orders and prints two chains. ./demo calls this."""
import argparse
import pathlib
import shutil
import signal
import sys
import tempfile
import time
import urllib.parse

import confluent_kafka.admin

from demo import services, story
from demo.processes import Failed, Processes, fetch

# Of an order that is paid: SERVER and CLIENT spans by calls; by events also what each record was sent and processed in.
SPANS = {"calls": 7, "events": 9}


def start_broker(processes, outrider):
    port = processes.port(9092)
    topics = [word for topic in services.TOPICS for word in ("--topic", topic)]
    processes.start("dev-broker", [outrider, "dev-broker", "--listen", f"127.0.0.1:{port}", *topics])
    processes.wait_for("dev-broker", port)
    return f"127.0.0.1:{port}"


def use_broker(brokers):
    """A real Kafka, in which the topics are made if they are not there."""
    admin = confluent_kafka.admin.AdminClient({"bootstrap.servers": brokers, "log_level": 2})
    made = admin.create_topics([confluent_kafka.admin.NewTopic(topic, 1, 1) for topic in services.TOPICS], request_timeout=10)
    for each in made.values():
        try:
            each.result()
        except confluent_kafka.KafkaException as error:
            if error.args[0].code() != confluent_kafka.KafkaError.TOPIC_ALREADY_EXISTS:
                raise Failed(f"--kafka {brokers}: {error.args[0].str()}") from error
    return brokers


def start_collector(processes, outrider, forward):
    port = processes.port(4318)
    more = ["--forward", forward] if forward else []
    processes.start("collector", [outrider, "collect", "--listen", f"127.0.0.1:{port}", *more])
    processes.wait_for("collector", port)
    return f"http://127.0.0.1:{port}"


def jaeger_addresses(url, otlp):
    """(where it takes spans, where it shows traces) of a real Jaeger; either of its two ports may be named."""
    parts = urllib.parse.urlsplit(url)
    if not parts.hostname:
        raise Failed(f"--jaeger: no host in {url}")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    query = f"{parts.scheme}://{host}:16686" if parts.port in (None, 4318) else url.rstrip("/")
    try:
        fetch(f"{query}/api/services", timeout=5)
    except (OSError, ValueError) as error:
        raise Failed(f"no Jaeger answers at {query}/api/services: {error}") from error
    return otlp or f"{parts.scheme}://{host}:4318", query


def order_everything(shop, collector):
    """Both ways; returns the numbers of the orders, by way and goods."""
    numbers = {}
    shop.warm_up()
    for by, way in story.WAYS.items():
        print(f"\n{way}")
        numbers[by] = shop.order_all(by)
    for by, ordered in numbers.items():
        story.wait_for_chain(collector, ordered["tea"], SPANS[by])
    return numbers


def demonstrate(processes, arguments):
    forward, query = jaeger_addresses(arguments.jaeger, arguments.otlp) if arguments.jaeger else (None, None)
    outrider, payment = arguments.outrider, arguments.payment or arguments.outrider.resolve().parent / "shop_payment"
    if not payment.exists():
        raise Failed(f"no {payment}; build it: cmake --build --preset release --target shop_payment")
    print(story.TITLE)
    collector = start_collector(processes, outrider, forward)
    brokers = use_broker(arguments.kafka) if arguments.kafka else start_broker(processes, outrider)
    ports = services.start(processes, outrider, payment, brokers, collector)
    numbers = order_everything(story.Shop(ports), collector)
    for ordered in numbers.values():
        story.show(outrider, "chain", "--key", f"order={ordered['tea']}", *story.at(collector))
    if query:
        print(f"\nThe same in Jaeger: {query}/search?service=frontend")
    if arguments.once:
        return
    story.what_to_try(outrider, ports, collector, numbers["events"]["samovar"], brokers, processes.folder)
    while not processes.died():
        time.sleep(0.5)
    raise Failed("these ended by themselves: " + ", ".join(processes.died()) + f"; their logs are in {processes.folder}")


def parsed():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--outrider", required=True, type=pathlib.Path)
    parser.add_argument("--payment", type=pathlib.Path, help="the service in C++ (default: shop_payment beside the program)")
    parser.add_argument("--once", action="store_true", help="end after the chains have been printed")
    parser.add_argument("--jaeger", help="URL of a real Jaeger, to which the collector forwards")
    parser.add_argument("--otlp", help="where that Jaeger takes OTLP/HTTP (default: its host, port 4318)")
    parser.add_argument("--kafka", help="HOST:PORT of a real Kafka, instead of the embedded broker")
    return parser.parse_args()


def main():
    arguments = parsed()
    sys.stdout.reconfigure(line_buffering=True)
    for ending in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(ending, lambda number, _: sys.exit(128 + number))
    processes = Processes(pathlib.Path(tempfile.mkdtemp(prefix="outrider-demo-")))
    try:
        demonstrate(processes, arguments)
    except Failed as failure:
        print(f"error: {failure}\n(logs: {processes.folder})", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopping")
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # a second Ctrl-C must not leave processes behind
        processes.stop()
    shutil.rmtree(processes.folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
