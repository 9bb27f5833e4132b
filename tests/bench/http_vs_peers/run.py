#!/usr/bin/env python3
"""Outrider beside HAProxy and nginx: same upstream, one run, interleaved. Prints a Markdown table and writes JSON.

usage: PYTHONPATH=tests/support python3 tests/bench/http_vs_peers/run.py [--quick] [--parts throughput,governed,capturing,latency,memory] ...
"""
import argparse
import pathlib
import shutil
import statistics
import sys
import tempfile

import capturing
import harness
import load
import measuring
import memory
import processes
import report
import under_policies
import wire
from measuring import spread
from proxies import Bench

# (scenario, mode, with traceparent, share of traces that is recorded)
ROWS = [("small", mode, traceparent, sampling) for sampling in (0.1, 1.0) for mode in ("inbound", "outbound") for traceparent in (True, False)]
ROWS += [(name, "inbound", True, 0.1) for name in ("20-headers", "16k", "1m", "post-4k", "new-connection")]
ROWS += [(name, "outbound", True, 0.1) for name in ("20-headers", "16k", "1m", "post-4k")]


def per_cpu_second(bench, server, requests, options):
    """Requests per CPU-second of the proxy, and per second, over one interval."""
    before = server.cpu_seconds()
    done = load.closed_loop(bench, server.address, requests, options.seconds)
    return done["requests"] / (server.cpu_seconds() - before), done["requests"] / options.seconds


def interleave(bench, servers, requests, options):
    """`pairs` rounds over all servers, each round in another order: {name: [(per CPU-second, per second)]}."""
    for server in servers.values():
        load.closed_loop(bench, server.address, requests, options.warm_up)
    names, found = list(servers), {name: [] for name in servers}
    for turn in range(options.pairs):
        for name in names if turn % 2 == 0 else reversed(names):
            found[name].append(per_cpu_second(bench, servers[name], requests, options))
    return found


def ratios(found, name, base):
    return spread([mine[0] / other[0] for mine, other in zip(found[name], found[base])])


def a_a_control(bench, options):
    """Two equal HAProxies: what the method itself makes of no difference."""
    requests = load.write_requests(bench.folder / "aa", load.SCENARIOS["small"].requests(True, 0.1, "app"))
    servers = {"one": bench.haproxy(), "two": bench.haproxy()}
    found = interleave(bench, servers, requests, options)
    for server in servers.values():
        bench.end(server)
    return ratios(found, "two", "one")


def all_spans_arrived(sidecar, counter, before, sampling):
    """Waits until every recorded span is at the receiver; the number of spans."""
    def settled():
        metrics = processes.metrics_of(metrics_text(sidecar))
        finished = metrics["outrider_spans_finished_total"]
        requests = sum(value for series, value in metrics.items() if series.startswith("outrider_requests_total{"))
        got = counter.count() - before
        complete = got == finished and (sampling < 1 or got == requests)
        return (got,) if complete else None
    return wire.wait_for(settled, "every span to be at the receiver", within=60)[0]


def metrics_text(sidecar):
    return wire.ask(sidecar.admin, "/metrics", host="127.0.0.1:%d" % sidecar.admin[1]).body.decode()


def spans_settled(sidecar):
    """Waits until a sidecar has delivered every span that it finished."""
    def settled():
        metrics = processes.metrics_of(metrics_text(sidecar))
        return metrics["outrider_spans_finished_total"] == metrics['outrider_spans_total{state="delivered"}']
    wire.wait_for(settled, "every span to be delivered", within=60)


def throughput_row(bench, counter, row, options):
    name, mode, traceparent, sampling = row
    requests = load.write_requests(bench.folder / "throughput", load.SCENARIOS[name].requests(traceparent, sampling, "app"))
    before = counter.count()
    servers = {"haproxy": bench.haproxy(), "nginx": bench.nginx(), "outrider": bench.sidecar(mode, sampling, counter)}
    found = interleave(bench, servers, requests, options)
    spans = all_spans_arrived(servers["outrider"], counter, before, sampling)
    for server in servers.values():
        bench.end(server)
    result = {"scenario": name, "mode": mode, "traceparent": traceparent, "sampling": sampling, "spans": spans,
              "ratio": ratios(found, "outrider", "haproxy"), "ratio_nginx": ratios(found, "outrider", "nginx"),
              **{who: spread([each[0] for each in values]) for who, values in found.items()},
              "peak": {who: statistics.median(each[1] for each in values) for who, values in found.items()}}
    print(f"{report.row_name(result):44} {report.ratio(result['ratio'])} of HAProxy, {report.ratio(result['ratio_nginx'])} of nginx, {spans} spans",
          file=sys.stderr, flush=True)
    return result


def throughput(bench, options):
    counter = bench.counter()
    rows = [row for row in ROWS if not options.only or row[0] in options.only]
    results = [throughput_row(bench, counter, row, options) for row in (rows[:1] + rows[-1:] if options.quick else rows)]
    bench.end(counter)
    return results


def governed_rows(bench, options):
    return under_policies.measure(bench, options, interleave, spans_settled)


def capturing_rows(bench, options):
    return capturing.measure(bench, options, spans_settled)


def latency(bench, options):
    """Open loop at shares of HAProxy's peak and at a low rate, where the direct way is the base."""
    counter = bench.counter()
    requests = load.write_requests(bench.folder / "latency", load.SCENARIOS["small"].requests(True, 0.1, "app"))
    servers = {"direct": bench.upstream, "haproxy": bench.haproxy(), "nginx": bench.nginx(),
               "inbound": bench.sidecar("inbound", 0.1, counter), "outbound": bench.sidecar("outbound", 0.1, counter)}
    peak = statistics.median(per_cpu_second(bench, servers["haproxy"], requests, options)[1] for _ in range(3))
    results = []
    for name, rate in (("low load", options.low_rate), ("30% of HAProxy's peak", 0.3 * peak), ("60% of HAProxy's peak", 0.6 * peak)):
        found = {who: [] for who in servers}
        for turn in range(options.pairs):
            for who in list(servers) if turn % 2 == 0 else reversed(list(servers)):
                found[who].append(load.open_loop(bench, servers[who].address, requests, rate, options.seconds))
        results.append({"load": name, "rate": rate,
                        **{who: {key: spread([each[key] for each in runs]) for key in ("p50_us", "p99_us", "p999_us")} for who, runs in found.items()}})
        print(f"{name}: p50 and p99 in us: " + ", ".join(
            f"{who} {results[-1][who]['p50_us']['median']:.0f}/{results[-1][who]['p99_us']['median']:.0f}" for who in servers), file=sys.stderr, flush=True)
    for who, server in servers.items():
        if who != "direct":
            bench.end(server)
    bench.end(counter)
    return {"haproxy_peak": peak, "rows": results}


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--outrider", default=processes.OUTRIDER)
    parser.add_argument("--quick", action="store_true", help="a smoke test of the harness: seconds, and no figures to quote")
    parser.add_argument("--parts", default="throughput,governed,capturing,latency,memory")
    parser.add_argument("--only", nargs="*", choices=list(load.SCENARIOS), help="these scenarios of the throughput part")
    parser.add_argument("--rounds", "--pairs", dest="pairs", type=int, default=7, help="of interleaved intervals, one of each proxy")
    parser.add_argument("--seconds", type=int, default=4, help="of each interval")
    parser.add_argument("--pin", action="store_true", help="the proxies on CPU 0, everything else on CPU 1")
    parser.add_argument("--output", type=pathlib.Path, help="folder for results.md and results.json")
    options = parser.parse_args()
    if options.pairs < 7 and not options.quick:
        parser.error("fewer than 7 rounds say nothing (--quick for a smoke test)")
    options.warm_up, options.low_rate, options.connections = 1, 1000, 5000
    if options.quick:
        options.pairs, options.seconds, options.warm_up, options.low_rate, options.connections = 1, 0.2, 0.2, 500, 200
    options.proxy_cpu, options.other_cpu = (0, 1) if options.pin else (None, None)
    return options


def main():
    options = arguments()
    absent = [name for name in ("haproxy", "nginx", "g++") if not shutil.which(name)]
    if absent:
        harness.skip_all(f"these are not installed: {', '.join(absent)}; THE BENCHMARK DID NOT RUN")
    with tempfile.TemporaryDirectory(prefix="outrider-bench-") as folder:
        bench = Bench(options.outrider, pathlib.Path(folder), options.proxy_cpu, options.other_cpu)
        try:
            parts = options.parts.split(",")
            results = {"machine": report.machine(), "pairs": options.pairs, "seconds": options.seconds, "a_a": a_a_control(bench, options)}
            print(f"A/A control, HAProxy beside HAProxy: {report.ratio(results['a_a'])}", file=sys.stderr, flush=True)
            for part, measure in (("throughput", throughput), ("governed", governed_rows), ("capturing", capturing_rows), ("latency", latency), ("memory", memory.measure)):
                if part in parts:
                    results[part] = measure(bench, options)
        finally:
            bench.close()
    measuring.show(report.markdown(results), results, options.output)


if __name__ == "__main__":
    main()
