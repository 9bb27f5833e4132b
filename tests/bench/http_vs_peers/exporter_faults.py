#!/usr/bin/env python3
"""What requests feel of an exporter in trouble: p99 beside a healthy sidecar, in one run, interleaved, after an A/A control.

usage: PYTHONPATH=tests/support python3 tests/bench/http_vs_peers/exporter_faults.py [--quick] [--rate N] [--rounds N] [--seconds N] ...
"""
import argparse
import json
import pathlib
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile

import harness
import load
import processes
import proxies
import report
import wire

FAULTS = {"hangs": "the receiver hangs", "full disk": "the disk is full", "both": "the receiver hangs and the disk is full"}
BOUND = 0.05  # what a fault may add to p99, however wide the A/A spread is


class HangingReceiver:
    """Connections are established by the kernel and that is all: nothing is ever read or answered."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=4096)
        self.url = "http://127.0.0.1:%d" % self.listener.getsockname()[1]

    def close(self):
        self.listener.close()


def fill(sidecar):
    """Fills the disk that only this sidecar sees, to the last byte, and waits until the sidecar has noticed."""
    with open(f"/proc/{sidecar.pid}/root{sidecar.state}/filler", "wb", buffering=0) as filler:
        try:
            while True:
                filler.write(bytes(4096))
        except OSError:
            pass  # no space left, which is the purpose
    wire.ask(sidecar.address, "/small", host="app", fields=[("traceparent", f"00-{1:032x}-{1:016x}-01")])
    wire.wait_for(lambda: spool_refused(sidecar), "the sidecar to notice that its disk is full")


def metrics(sidecar):
    return processes.metrics_of(wire.ask(sidecar.admin, "/metrics", host="127.0.0.1:%d" % sidecar.admin[1]).body.decode())


def spool_refused(sidecar):
    return metrics(sidecar)["outrider_spool_usable"] == 0


def check_the_fault(name, sidecar):
    """The fault was there while it was measured; a fault that never happened would look harmless."""
    states = harness.span_states(metrics(sidecar))
    if name in ("hangs", "both"):
        assert states["delivered"] == 0 and states["queued"] + states["spooled"] > 0, states
    if name in ("full disk", "both"):
        assert states["spooled"] == 0, states
        wire.wait_for(lambda: spool_refused(sidecar), "the disk to be full again")


def start(bench, options, receiver, full_disk=False):
    server = bench.sidecar("inbound", options.sampling, receiver, tiny_disk=full_disk)
    if full_disk:
        fill(server)
    load.open_loop(bench, server.address, options.requests, options.rate, options.warm_up)
    return server


def interleave(bench, servers, options):
    """p99 in microseconds of each round, {name: [p99]}; every round in the reverse order of the one before."""
    names, found = list(servers), {name: [] for name in servers}
    for turn in range(options.pairs):
        for name in names if turn % 2 == 0 else reversed(names):
            found[name].append(load.open_loop(bench, servers[name].address, options.requests, options.rate, options.seconds)["p99_us"])
    return found


def compare(found, name, base):
    ratios = [mine / other for mine, other in zip(found[name], found[base])]
    return {"median": statistics.median(ratios), "low": min(ratios), "high": max(ratios), "values": ratios}


def a_a_control(bench, options, counter):
    servers = {"one": start(bench, options, counter), "two": start(bench, options, counter)}
    found = interleave(bench, servers, options)
    for server in servers.values():
        bench.end(server)
    return {"p99_us": found, **compare(found, "two", "one")}


def faults(bench, options, counter, hanging):
    servers = {"healthy": start(bench, options, counter), "hangs": start(bench, options, hanging),
               "full disk": start(bench, options, counter, full_disk=True), "both": start(bench, options, hanging, full_disk=True)}
    found = interleave(bench, servers, options)
    for name in FAULTS:
        check_the_fault(name, servers[name])
    for server in servers.values():
        bench.end(server)
    return {"p99_us": found, **{name: compare(found, name, "healthy") for name in FAULTS}}


def allowed(a_a):
    """The A/A spread, as the farthest that one of its rounds was from 1, and at most BOUND."""
    return min(BOUND, max(a_a["high"] - 1, 1 - a_a["low"]))


def markdown(options, a_a, found):
    lines = [f"p99 at {options.rate:,}/s, open loop, {options.sampling:.0%} sampled; median (lowest-highest) of {options.pairs} interleaved rounds of "
             f"{options.seconds} s. A/A control: {report.ratio(a_a)}, so at most {1 + allowed(a_a):.3f}x is no difference. No request failed.", "",
             "| exporter | p99 | of a healthy one's | |", "|---|---|---|---|",
             f"| healthy | {statistics.median(found['p99_us']['healthy']):.0f} us | | |"]
    for name, text in FAULTS.items():
        verdict = "within" if found[name]["median"] <= 1 + allowed(a_a) else "OUTSIDE"
        lines.append(f"| {text} | {statistics.median(found['p99_us'][name]):.0f} us | {report.ratio(found[name])} | {verdict} |")
    return "\n".join(lines) + "\n"


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--outrider", default=processes.OUTRIDER)
    parser.add_argument("--quick", action="store_true", help="does it work at all: seconds, and no figures to quote")
    parser.add_argument("--rate", type=int, default=3000, help="requests per second")
    parser.add_argument("--sampling", type=float, default=1.0, help="share of traces that is recorded")
    parser.add_argument("--rounds", "--pairs", dest="pairs", type=int, default=7, help="of interleaved intervals, one of each sidecar")
    parser.add_argument("--seconds", type=int, default=10, help="of each interval")
    parser.add_argument("--pin", action="store_true", help="the sidecars on CPU 0, everything else on CPU 1")
    parser.add_argument("--output", type=pathlib.Path, help="folder for exporter_faults.md and exporter_faults.json")
    options = parser.parse_args()
    options.warm_up = 2
    if options.quick:
        options.pairs, options.seconds, options.rate, options.warm_up = 1, 1, 300, 1
    options.proxy_cpu, options.other_cpu = (0, 1) if options.pin else (None, None)
    return options


def main():
    options = arguments()
    absent = [name for name in ("nginx", "g++", "unshare") if not shutil.which(name)]
    if absent:
        harness.skip_all(f"these are not installed: {', '.join(absent)}; THE BENCHMARK DID NOT RUN")
    if subprocess.run([*proxies.own_mounts(), "true"], capture_output=True).returncode != 0:
        harness.skip_all("a mount namespace of one's own can't be had here; THE BENCHMARK DID NOT RUN")
    with tempfile.TemporaryDirectory(prefix="outrider-bench-") as folder:
        bench = proxies.Bench(options.outrider, pathlib.Path(folder), options.proxy_cpu, options.other_cpu)
        hanging = HangingReceiver()
        try:
            scenario = load.SCENARIOS["small"].requests(True, options.sampling, "app")
            options.requests = load.write_requests(bench.folder / "requests", scenario)
            counter = bench.counter()
            a_a = a_a_control(bench, options, counter)
            print(f"A/A control: {report.ratio(a_a)}", file=sys.stderr, flush=True)
            found = faults(bench, options, counter, hanging)
        finally:
            hanging.close()
            bench.close()
    text = markdown(options, a_a, found)
    print(text)
    if options.output:
        options.output.mkdir(parents=True, exist_ok=True)
        (options.output / "exporter_faults.md").write_text(text)
        (options.output / "exporter_faults.json").write_text(json.dumps({"machine": report.machine(), "a_a": a_a, "faults": found}, indent=1))


if __name__ == "__main__":
    main()
