#!/usr/bin/env python3
"""What a storm of probes costs: /readyz so many times a second for some seconds, and the sidecar's CPU time by the kernel.

    OUTRIDER=build/release/outrider python3 tests/bench/probe_storm.py [--rate 1000] [--seconds 10] [--new]

The load is open: each request leaves at its time, however long the former took. By default over kept connections, as load balancers
and Prometheus do; with --new one connection per probe, as kubelet does.
"""
import argparse
import os
import pathlib
import socket
import statistics
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import harness  # noqa: E402
import origins  # noqa: E402

TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


class Prober(threading.Thread):
    """One of several senders, each with its share of the rate."""

    def __init__(self, address, rate, seconds, new):
        super().__init__(daemon=True)
        self.address, self.rate, self.seconds, self.new = address, rate, seconds, new
        self.request = b"GET /readyz HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n%s\r\n" % (address[1], b"Connection: close\r\n" if new else b"")
        self.times, self.bad = [], 0

    def connect(self):
        made = socket.create_connection(self.address, 5)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return made

    def ask(self, connection):
        connection.sendall(self.request)
        answer = connection.recv(4096)
        while not answer.endswith(b"ready\n"):
            answer += connection.recv(4096)
        self.bad += not answer.startswith(b"HTTP/1.1 200")

    def run(self):
        kept = None if self.new else self.connect()
        begin = time.monotonic()
        for number in range(int(self.rate * self.seconds)):
            due = begin + number / self.rate
            time.sleep(max(0, due - time.monotonic()))
            connection = kept or self.connect()
            self.ask(connection)
            if not kept:
                connection.close()
            self.times.append(time.monotonic() - due)


class Storm(harness.Case):
    def runTest(self):  # pylint: disable=invalid-name
        """Not found by the suite: a bench is run by hand."""

    def measure(self, rate, seconds, new, senders=4):
        app = self.origin(origins.echo)
        proxy = self.sidecar(app, settings={"workers": 2})
        harness.wait_for(lambda: proxy.get("/readyz").status == 200, "ready")
        time.sleep(1)
        before, begin = cpu_seconds(proxy.pid), time.monotonic()
        time.sleep(seconds)
        idle = (cpu_seconds(proxy.pid) - before) / (time.monotonic() - begin)
        probers = [Prober(proxy.admin, rate / senders, seconds, new) for _ in range(senders)]
        before, begin = cpu_seconds(proxy.pid), time.monotonic()
        for each in probers:
            each.start()
        for each in probers:
            each.join()
        took = time.monotonic() - begin
        spent = cpu_seconds(proxy.pid) - before
        times = sorted(value for each in probers for value in each.times)
        print(f"{len(times) / took:.0f} probes/s ({'new connections' if new else 'kept connections'}) for {took:.1f}s: "
              f"{100 * spent / took:.2f}% of one core (idle {100 * idle:.2f}%), {1e6 * spent / len(times):.1f} us each; "
              f"median {1e3 * statistics.median(times):.2f} ms, p99 {1e3 * times[len(times) * 99 // 100]:.2f} ms, "
              f"{sum(each.bad for each in probers)} not ready")


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--rate", type=int, default=1000)
    options.add_argument("--seconds", type=float, default=10)
    options.add_argument("--new", action="store_true")
    chosen = options.parse_args()
    storm = Storm()
    try:
        storm.measure(chosen.rate, chosen.seconds, chosen.new)
    finally:
        storm.doCleanups()


if __name__ == "__main__":
    main()
