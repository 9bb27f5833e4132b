"""What is sent and read: by Java's performance tools and by librdkafka (kafka_load)."""
import dataclasses
import json
import re
import statistics
import subprocess
import sys
import uuid

import kafka_clients
import measuring
import processes
import ways

PARTITIONS = 10
SIZE = 1024


def run(command, within=120):
    words = [str(word) for word in command]
    try:
        done = subprocess.run(words, capture_output=True, text=True, env=processes.clean_environment(), timeout=within)
    except subprocess.TimeoutExpired as late:
        raise SystemExit(f"error: {' '.join(words[-12:])} did not end within {within} s; nothing that was measured counts") from late
    if done.returncode != 0:
        raise SystemExit(f"error: {' '.join(words[-12:])} ended with {done.returncode}; nothing that was measured counts:\n"
                         f"{done.stdout[-1500:]}{done.stderr[-1500:]}")
    return done.stdout


class LibRdKafka:
    name = "librdkafka"

    def __init__(self, bench):
        self.program = bench.load

    def produce(self, bootstrap, topic, records):
        return self.rate("produce", bootstrap, topic, records, SIZE, "acks=1", "linger.ms=5")

    def consume(self, bootstrap, topic, records):
        return self.rate("consume", bootstrap, topic, records)

    def rate(self, *words):
        found = json.loads(run([self.program, *words]))
        return found["bytes"] / found["seconds"] / 1e6


class Java:
    name = "Java"

    def __init__(self, bench):
        self.java = kafka_clients.Java(bench.jars, ways.MEASURED)

    def produce(self, bootstrap, topic, records):
        said = run(self.java.tool("ProducerPerformance", "--topic", topic, "--num-records", records, "--record-size", SIZE, "--throughput", -1,
                                  "--producer-props", f"bootstrap.servers={bootstrap}", "acks=1", "linger.ms=5", "batch.size=262144"))
        sent, rate = re.findall(r"(\d+) records sent, ([\d.]+) records/sec", said)[-1]
        assert int(sent) == records, said[-500:]
        return float(rate) * SIZE / 1e6

    def consume(self, bootstrap, topic, records):
        """Without the time until the group stands."""
        said = run(self.java.tool("ConsumerPerformance", "--bootstrap-server", bootstrap, "--topic", topic, "--num-records", records, "--hide-header"))
        row = [line for line in said.splitlines() if line.count(",") >= 9][-1].split(",")
        assert int(row[4]) >= records, said[-500:]
        return float(row[8]) * 2**20 / 1e6


@dataclasses.dataclass
class Cell:
    """One client doing one thing."""

    client: object
    does: str

    @property
    def name(self):
        return f"{self.does}, {self.client.name}"


def cells(bench, options):
    every = [Cell(client, does) for does in ("produce", "consume") for client in (Java(bench), LibRdKafka(bench))]
    return every[::3] if options.quick else every


def measure(bench, cell, way, topic, records):
    """(MB per second, CPU seconds of the proxy per MB or None). Without a topic to read, a new one is filled and deleted."""
    name = topic or bench.cluster.create_topic(f"load-{uuid.uuid4()}", PARTITIONS)
    proxy = bench.proxies.get(way)
    before = proxy.cpu_seconds() if proxy else 0
    rate = getattr(cell.client, cell.does)(bench.ways[way], name, records)
    used = (proxy.cpu_seconds() - before) / (records * SIZE / 1e6) if proxy else None
    if topic is None:
        bench.cluster.delete_topic(name)
    return rate, used


def compare(bench, cell, names, options, filled):
    """{way: [(MB per second, CPU seconds per MB)]}: rounds over all ways, each in the reverse order of the one before."""
    topic = filled if cell.does == "consume" else None
    found = {name: [] for name in names}
    for name in names if not options.quick else ():  # once for nothing: caches and compilers get warm
        measure(bench, cell, name, topic, options.records)
    for _, name in measuring.in_turn(names, options.rounds):
        found[name].append(measure(bench, cell, name, topic, options.records))
    return found


def ratios(found, name, base):
    return measuring.spread([mine[0] / other[0] for mine, other in zip(found[name], found[base])])


def throughput(bench, options, filled):
    """First what the method makes of no difference, then every cell over every way."""
    twin = {**bench.ways, "direct too": bench.ways["direct"]}
    original, bench.ways = bench.ways, twin
    control = {}
    for cell in cells(bench, options) if not options.quick else ():
        control[cell.name] = ratios(compare(bench, cell, ["direct", "direct too"], options, filled), "direct too", "direct")
        print(f"A/A control, {cell.name}: {measuring.ratio(control[cell.name])}", file=sys.stderr, flush=True)
    bench.ways = original
    rows = []
    for cell in cells(bench, options):
        found = compare(bench, cell, list(bench.ways), options, filled)
        rows.append({"name": cell.name, "rates": {way: measuring.spread([rate for rate, _ in values]) for way, values in found.items()},
                     "ratios": {way: ratios(found, way, "direct") for way in bench.proxies},
                     "cpu_ms_per_mb": {way: measuring.spread([used * 1e3 for _, used in found[way]]) for way in bench.proxies},
                     "cpu_of_haproxy": {way: measuring.spread([mine[1] / other[1] for mine, other in zip(found[way], found["haproxy"])])
                                        for way in bench.proxies}})
        print(f"{cell.name:22} " + ", ".join(f"{way} {measuring.ratio(rows[-1]['ratios'][way])} of direct, "
                                             f"{statistics.median(used for _, used in found[way]) * 1e3:.2f} ms/MB" for way in bench.proxies),
              file=sys.stderr, flush=True)
    return {"control": control, "rows": rows}


def latency(bench, options):
    """Open loop, acks=1, at a low rate: {partitions: {way: {p50_us, p99_us}}}."""
    results = {}
    for partitions in (10, 200):
        topic = bench.cluster.create_topic(f"latency-{partitions}", partitions)
        found = {way: [] for way in bench.ways}
        for _, way in [*((0, way) for way in bench.ways), *measuring.in_turn(list(bench.ways), options.rounds)]:
            said = run([bench.load, "latency", bench.ways[way], topic, options.rate, options.seconds, 256, "acks=1"])
            found[way].append(json.loads(said))
        results[partitions] = {}
        for way, runs in found.items():
            runs = runs[1:]  # the first was for nothing
            results[partitions][way] = {key: measuring.spread([each[key] for each in runs]) for key in ("p50_us", "p99_us")}
            for key in ("p50_us", "p99_us"):
                results[partitions][way][f"added_{key}"] = measuring.spread([mine[key] - base[key] for mine, base in zip(runs, found["direct"][1:])])
        print(f"latency, {partitions} partitions, p50/p99 in us: " + ", ".join(
            f"{way} {found['p50_us']['median']:.0f}/{found['p99_us']['median']:.0f}" for way, found in results[partitions].items()),
            file=sys.stderr, flush=True)
        bench.cluster.delete_topic(topic)
    return results
