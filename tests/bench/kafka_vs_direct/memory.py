"""Resident memory: per idle connection, and at its highest while frames of 100 MiB pass."""
import resource
import sys

import kafka_wire
import loads
import measuring
import processes
import ways

RECORD = ways.LARGEST_FRAME - 4096  # what is left of the frame is the request's and the batch's own
BOUND = 64 << 20
LIMITS = {"produce": ["message.max.bytes=%d" % ways.LARGEST_FRAME, "message.timeout.ms=120000"],
          "consume": ["receive.message.max.bytes=%d" % (ways.LARGEST_FRAME + (1 << 20)), "fetch.message.max.bytes=%d" % ways.LARGEST_FRAME,
                      "fetch.max.bytes=%d" % ways.LARGEST_FRAME, "message.max.bytes=%d" % ways.LARGEST_FRAME]}


def measure(bench, options):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, options.connections + 1000)), hard))
    fresh = {"haproxy": lambda: bench.haproxy(processes.free_ports(1)[0]), **{way: lambda mode=mode: bench.sidecar(mode) for way, mode in ways.MODES.items()}}
    rows = {way: idle_connections(bench, start(), options.connections) for way, start in fresh.items()}
    return {"connections": options.connections, "rows": rows, "frames": {mode: large_frames(bench, mode) for mode in ways.MODES.values()}}


def idle_connections(bench, proxy, count):
    """After one ApiVersions exchange on each; of a proxy that has done nothing before, or it would use again what it has."""
    before = measuring.settled(proxy)
    clients = [kafka_wire.Connection(proxy.address) for _ in range(count)]
    for client in clients:
        client.post(kafka_wire.API_VERSIONS, 0, b"")
    for client in clients:
        client.answer()
    after = measuring.settled(proxy)
    for client in clients:
        client.socket.close()
    bench.end(proxy)
    return {"idle": before, "per_connection": (after - before) / count}


def large_frames(bench, mode):
    """The highest resident size of a sidecar of its own that two records pass, there and back."""
    proxy = bench.sidecar(mode)
    bootstrap, topic = "%s:%d" % proxy.address, bench.cluster.create_topic(f"large-{mode}")
    loads.run([bench.load, "produce", bootstrap, topic, 2, RECORD, "acks=1", *LIMITS["produce"]])
    loads.run([bench.load, "consume", bootstrap, topic, 2, *LIMITS["consume"]])
    highest = measuring.status_bytes(proxy.pid, "VmHWM")
    bench.end(proxy)
    bench.cluster.delete_topic(topic)
    print(f"frames of 100 MiB, {mode}: {highest / 2**20:.1f} MiB at the highest", file=sys.stderr, flush=True)
    return {"highest": highest, "bound": BOUND}
