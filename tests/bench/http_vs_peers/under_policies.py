"""With limits, breaker and deadline in force: beside HAProxy bare, and beside HAProxy that limits by its own stick table."""
import statistics
import sys

import load
import report
from measuring import spread

ROWS = [("inbound", 0.1), ("outbound", 0.1)]


def row(bench, counter, mode, sampling, options, interleave, settled):
    requests = load.write_requests(bench.folder / "governed", load.SCENARIOS["small"].requests(True, sampling, "app"))
    before = counter.count()
    servers = {"haproxy": bench.haproxy(), "limited": bench.haproxy("limited.haproxy.cfg"),
               "plain": bench.sidecar(mode, sampling, counter), "governed": bench.sidecar(mode, sampling, counter, policies="governed.policies.yaml")}
    found = interleave(bench, servers, requests, options)
    for name in ("plain", "governed"):
        settled(servers[name])
    counter.count()
    for server in servers.values():
        bench.end(server)
    against = {base: spread([mine[0] / other[0] for mine, other in zip(found["governed"], found[base])]) for base in ("haproxy", "limited", "plain")}
    result = {"mode": mode, "sampling": sampling, "spans": counter.count() - before, **{f"ratio_{base}": ratio for base, ratio in against.items()},
              **{who: spread([each[0] for each in values]) for who, values in found.items()},
              "peak": {who: statistics.median(each[1] for each in values) for who, values in found.items()}}
    print(f"governed, {mode}: {report.ratio(against['haproxy'])} of HAProxy, {report.ratio(against['limited'])} of HAProxy with a stick table, "
          f"{report.ratio(against['plain'])} of itself without policies", file=sys.stderr, flush=True)
    return result


def measure(bench, options, interleave, settled):
    counter = bench.counter()
    results = [row(bench, counter, mode, sampling, options, interleave, settled) for mode, sampling in ROWS]
    bench.end(counter)
    return results
