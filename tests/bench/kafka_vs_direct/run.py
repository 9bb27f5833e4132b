#!/usr/bin/env python3
"""Kafka through Outrider, beside direct and HAProxy in TCP mode: same broker, one run, interleaved. Prints Markdown and writes JSON.

usage: PYTHONPATH=tests/support python3 tests/bench/kafka_vs_direct/run.py [--quick] [--parts throughput,latency,memory] ...
"""
import argparse
import pathlib
import shutil
import tempfile

import kafka_case
import loads
import measuring
import memory
import processes
import report
import wire
from ways import Bench


def fill(bench, records):
    """A topic to be read, without any context in its records."""
    topic = bench.cluster.create_topic("filled", loads.PARTITIONS)
    loads.run([bench.load, "produce", bench.ways["direct"], topic, records, loads.SIZE, "acks=1", "linger.ms=20"])
    return topic


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--outrider", default=processes.OUTRIDER)
    parser.add_argument("--quick", action="store_true", help="a smoke test of the harness: under a minute, and no figures to quote")
    parser.add_argument("--parts", default="throughput,latency,memory")
    parser.add_argument("--rounds", type=int, default=7, help="of interleaved intervals, one of each way")
    parser.add_argument("--records", type=int, default=400_000, help="of 1 KiB in each interval of the throughput part")
    parser.add_argument("--rate", type=int, default=200, help="records per second of the latency part")
    parser.add_argument("--seconds", type=int, default=5, help="of each interval of the latency part")
    parser.add_argument("--output", type=pathlib.Path, help="folder for results.md and results.json")
    options = parser.parse_args()
    if options.rounds < 7 and not options.quick:
        parser.error("fewer than 7 rounds say nothing (--quick for a smoke test)")
    options.connections = 1000
    if options.quick:
        options.rounds, options.records, options.seconds, options.connections = 1, 20_000, 1, 100
    return options


def spans_arrived(bench):
    """Tracing was on: a sidecar that traces nothing would look fast."""
    return wire.wait_for(bench.counter.count, "spans at the collector", within=20)


def main():
    options = arguments()
    if kafka_case.KAFKA is None:
        kafka_case.missing("Kafka", "Java or Maven")
    for program in ("haproxy", "g++"):
        if not shutil.which(program):
            kafka_case.missing("HAProxy", program)
    with tempfile.TemporaryDirectory(prefix="outrider-bench-") as folder:
        bench = Bench(options.outrider, pathlib.Path(folder))
        try:
            results = {"machine": report.machine(bench), "rounds": options.rounds, "records": options.records}
            parts = options.parts.split(",")
            if "throughput" in parts:
                results["throughput"] = loads.throughput(bench, options, fill(bench, options.records))
            if "latency" in parts:
                results["latency"] = loads.latency(bench, options)
            if "memory" in parts:
                results["memory"] = memory.measure(bench, options)
            results["spans"] = spans_arrived(bench)
        finally:
            bench.close()
    measuring.show(report.markdown(results), results, options.output)


if __name__ == "__main__":
    main()
