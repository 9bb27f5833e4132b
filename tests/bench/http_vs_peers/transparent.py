#!/usr/bin/env python3
"""What transparent interception costs over the explicit outbound listener of the very same sidecar, interleaved, beside an A/A control.

usage: PYTHONPATH=tests/support python3 tests/bench/http_vs_peers/transparent.py [--quick] [--rounds N] [--seconds N] [--output FOLDER]
"""
import argparse
import os
import pathlib
import subprocess
import sys
import tempfile

import harness
import load
import measuring
import namespaces
import processes
import proxies
import wire

WAYS = ("explicit", "explicit again", "transparent")
UPSTREAM, USER, PORT = "10.77.0.9", 1337, 7915
BOUND = 1.05


def intercepting(bench, receiver):
    """One worker that is reached both ways, and the rules that lead to it."""
    outbound, admin = processes.free_ports(2)
    state = bench.folder / "state"
    state.mkdir()
    os.chown(state, USER, USER)
    command = ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups", bench.outrider, "run", "--service", "bench", "--state", state,
               "--admin", f"127.0.0.1:{admin}", "--otlp", receiver.url, "--outbound", f"127.0.0.1:{outbound}",
               "--route", f"app={UPSTREAM}:{bench.upstream.address[1]}", "--set", "workers=1", "--set", "tracing.sampler_arg=0.1",
               "--set", "tracing.sampler=parentbased_traceidratio", "--set", f"intercept.outbound={PORT}", "--set", f"intercept.uid={USER}"]
    server = bench.start(command, outbound, bench.proxy_cpu)
    wire.wait_for(lambda: "ready" in server.log(), "the sidecar to be ready")
    subprocess.run([bench.outrider, "intercept", "install", "--uid", str(USER), "--outbound-port", str(PORT)], check=True)
    server.admin = ("127.0.0.1", admin)
    return server


def intercepted(server):
    text = wire.ask(server.admin, "/metrics", host="127.0.0.1:%d" % server.admin[1]).body.decode()
    return processes.metrics_of(text)['outrider_intercepted_connections_total{direction="outbound",protocol="http"}']


def measure(bench, server, options, scenario):
    """{way: requests per CPU-second of each round}"""
    requests = load.write_requests(bench.folder / f"{scenario}.requests", load.SCENARIOS[scenario].requests(True, 0.1, "app"))
    addresses = {"explicit": server.address, "explicit again": server.address, "transparent": (UPSTREAM, bench.upstream.address[1])}
    load.closed_loop(bench, server.address, requests, options.warm_up)
    found = {way: [] for way in WAYS}
    for _, way in measuring.in_turn(WAYS, options.rounds):
        before, taken = server.cpu_seconds(), intercepted(server)
        done = load.closed_loop(bench, addresses[way], requests, options.seconds)
        found[way].append(done["requests"] / (server.cpu_seconds() - before))
        assert (intercepted(server) > taken) == (way == "transparent"), f"{way}: not the way that was meant"
    return found


def compare(found, way):
    """How many times as much CPU a request takes as by the explicit listener, round by round."""
    return measuring.spread([base / mine for base, mine in zip(found["explicit"], found[way])])


def markdown(options, results):
    lines = [f"CPU of the sidecar per request, as a ratio to its explicit outbound listener; median (lowest-highest) of {options.rounds} interleaved "
             f"rounds of {options.seconds} s, closed loop, one worker.", "", "| requests | A/A | transparent | |", "|---|---|---|---|"]
    for scenario, row in results.items():
        verdict = ("within 5%" if row["transparent"]["median"] <= BOUND else "OUTSIDE") if scenario == "small" else "not bounded"
        lines.append(f"| {scenario} | {measuring.ratio(row['a_a'])} | {measuring.ratio(row['transparent'])} | {verdict} |")
    return "\n".join(lines) + "\n"


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--outrider", default=processes.OUTRIDER)
    parser.add_argument("--quick", action="store_true", help="does it work at all: seconds, and no figures to quote")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--seconds", type=int, default=2)
    parser.add_argument("--output", type=pathlib.Path, help="folder for results.md and results.json")
    options = parser.parse_args()
    options.warm_up = 1 if options.quick else 2
    if options.quick:
        options.rounds, options.seconds = 1, 1
    return options


def main():
    options = arguments()
    if impossible := namespaces.why_impossible():
        harness.skip_all(f"{impossible}; THE BENCHMARK DID NOT RUN")
    own = namespaces.Namespace()
    try:
        own.run("ip", "addr", "add", f"{UPSTREAM}/32", "dev", "lo")
        with own.entered(), tempfile.TemporaryDirectory(prefix="outrider-bench-") as folder:
            bench = proxies.Bench(options.outrider, pathlib.Path(folder), also=UPSTREAM)
            try:
                server = intercepting(bench, bench.counter())
                results = {}
                for scenario in ("small", "new-connection"):
                    found = measure(bench, server, options, scenario)
                    results[scenario] = {"found": found, "a_a": compare(found, "explicit again"), "transparent": compare(found, "transparent")}
            finally:
                bench.close()
    finally:
        own.close()
    measuring.show(markdown(options, results), {"machine": measuring.machine(), "results": results}, options.output)
    return 0 if options.quick or results["small"]["transparent"]["median"] <= BOUND else 1


if __name__ == "__main__":
    sys.exit(main())
