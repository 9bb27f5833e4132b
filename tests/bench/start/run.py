#!/usr/bin/env python3
"""From the start of a process to its first proxied answer, of the sidecar beside HAProxy.

usage: PYTHONPATH=tests/support python3 tests/bench/start/run.py [--outrider PROGRAM] [--runs 30] [--output FOLDER]
"""
import argparse
import pathlib
import shutil
import socket
import subprocess
import tempfile
import time

import measuring
import origins
import processes

HAPROXY = """global
    nbthread 1
defaults
    mode http
    timeout connect 5s
    timeout client 60s
    timeout server 60s
frontend callers
    bind 127.0.0.1:{port}
    default_backend application
backend application
    server one {app}
"""
SIDECAR = """service: start
state: {folder}/state
inbound: [{{listen: "127.0.0.1:{port}", app: "{app}"}}]
tracing: {{exporter: none}}
"""
# All that can take time at the start: TLS contexts with the system's CAs, a spool that holds spans, names, Kafka, policies.
EVERYTHING = """service: start
state: {folder}/state
inbound: [{{listen: "127.0.0.1:{port}", app: "{app}"}}]
outbound: {{listen: "127.0.0.1:0"}}
upstreams:
  pay: {{endpoints: ["https://pay.invalid"], listen: "127.0.0.1:0"}}
  stock: {{endpoints: ["https://stock-1.invalid", "https://stock-2.invalid"]}}
kafka:
  main: {{listen: "127.0.0.1:0", brokers: ["127.0.0.1:9"]}}
tracing: {{otlp: "https://collector.invalid"}}
admin: 127.0.0.1:0
probes: 127.0.0.1:0
policies:
  - {{name: calls, match: {{inbound: "*"}}, limit: {{rate: 100000/s, key: address}}}}
  - {{name: tries, match: {{upstream: stock}}, timeout: {{total: 1s}}, breaker: {{consecutive: 5}}}}
"""
LONGEST = 10


def answered(port):
    """Whether somebody answers a request there, with 200."""
    with socket.socket() as client:
        if client.connect_ex(("127.0.0.1", port)) != 0:
            return False
        client.settimeout(LONGEST)
        try:
            client.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            return client.recv(4096).startswith(b"HTTP/1.1 200 ")
        except ConnectionError:
            return False


def start(command, port):
    """Milliseconds from before the process was there to the first answer that came through it."""
    began = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while not answered(port):
            assert process.poll() is None and time.monotonic() < began + LONGEST, f"{command[0]} did not answer"
            time.sleep(0.0002)
        return 1e3 * (time.monotonic() - began)
    finally:
        process.terminate()
        process.wait()


def contestants(outrider, folder, app, port):
    """{name: command}; the configuration of each in a file of its own."""
    found = {}
    for name, text in (("haproxy", HAPROXY), ("outrider", SIDECAR), ("outrider, everything", EVERYTHING)):
        path = folder / f"{name.replace(', ', '-')}.conf"
        path.write_text(text.format(folder=folder, app=app, port=port))
        found[name] = ["haproxy", "-f", path] if name == "haproxy" else [outrider, "run", "--config", path]
    if not shutil.which("haproxy"):
        del found["haproxy"]
    return found


def leave_spans(command, port):
    """A first run whose spans cannot be delivered: the next ones find them in the spool."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + LONGEST
    while not answered(port):
        assert time.monotonic() < deadline, "the first run did not answer"
        time.sleep(0.01)
    for _ in range(2_000):
        answered(port)
    process.terminate()
    process.wait()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--outrider", default=processes.OUTRIDER)
    parser.add_argument("--runs", type=int, default=30)
    parser.add_argument("--output", type=pathlib.Path)
    options = parser.parse_args()
    app, port = origins.Origin(), processes.free_ports(1)[0]
    with tempfile.TemporaryDirectory(prefix="outrider-start-") as folder:
        commands = contestants(options.outrider, pathlib.Path(folder), app, port)
        leave_spans(commands["outrider, everything"], port)
        seen = {name: [] for name in commands}
        for _, name in measuring.in_turn(commands, options.runs):
            seen[name].append(start(commands[name], port))
    app.close()
    results = {name: measuring.spread(values) for name, values in seen.items()}
    lines = ["| start to first answer, ms | median | low | high |", "|---|---|---|---|"]
    lines += [f"| {name} | {found['median']:.1f} | {found['low']:.1f} | {found['high']:.1f} |" for name, found in results.items()]
    measuring.show("\n".join(lines) + "\n", {"machine": measuring.machine(), "runs": options.runs, "results": results}, options.output)


if __name__ == "__main__":
    main()
