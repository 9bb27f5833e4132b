#!/usr/bin/env python3
"""An upstream of so many slots under twice the load that it can bear, through the sidecar with and without adaptive concurrency.

usage: PYTHONPATH=tests/support python3 tests/bench/overload/run.py [--outrider PROGRAM] [--seconds 20] [--output FOLDER]
"""
import argparse
import asyncio
import json
import pathlib
import random
import statistics
import tempfile
import threading
import time

import measuring
import processes

SLOTS, SERVICE = 50, 0.1  # 500/s
POLICY = """policies:
  - name: overload
    match: {inbound: "*"}
    concurrency: {adaptive: true, max: 200, queue: 10, longest_wait: 50ms}
"""


class Upstream:
    """SLOTS requests at once, each for SERVICE seconds give or take a tenth; the others queue, as they do before a pool of threads."""

    def __init__(self):
        self.slots, self.ready = SLOTS, threading.Event()
        threading.Thread(target=lambda: asyncio.run(self.serve()), daemon=True).start()
        self.ready.wait()

    async def serve(self):
        self.loop, self.free, self.queue = asyncio.get_running_loop(), SLOTS, asyncio.Queue()
        server = await asyncio.start_server(self.connection, "127.0.0.1", 0, backlog=4096)
        self.port = server.sockets[0].getsockname()[1]
        self.workers = [asyncio.create_task(self.work(number)) for number in range(SLOTS)]
        self.ready.set()
        await asyncio.Event().wait()

    async def work(self, number):
        while True:
            while number >= self.slots:
                await asyncio.sleep(0.01)
            done = await self.queue.get()
            await asyncio.sleep(SERVICE * random.uniform(0.9, 1.1))
            if not done.done():
                done.set_result(None)

    async def connection(self, reader, writer):
        try:
            while await reader.readuntil(b"\r\n\r\n"):
                done = self.loop.create_future()
                self.queue.put_nowait(done)
                await done
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


class Client:
    """Requests at a rate, each due at a time of its own, from which its latency counts, over as many connections as it takes."""

    def __init__(self, address):
        self.address, self.idle, self.seen = address, [], []

    async def one(self, due):
        status = 0
        try:
            reader, writer = self.idle.pop() if self.idle else await asyncio.open_connection(*self.address)
            writer.write(b"GET / HTTP/1.1\r\nHost: upstream\r\n\r\n")
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10)
            status = int(head.split()[1])
            length = next(int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length"))
            await reader.readexactly(length)
            self.idle.append((reader, writer))
        except (OSError, asyncio.IncompleteReadError, asyncio.TimeoutError):
            pass
        self.seen.append((due, time.monotonic() - due, status))

    async def run(self, rate, seconds):
        chance, due, end, tasks = random.Random(7), time.monotonic(), time.monotonic() + seconds, []
        while due < end:
            await asyncio.sleep(max(0, due - time.monotonic()))
            tasks.append(asyncio.create_task(self.one(due)))
            due += chance.expovariate(rate)
        await asyncio.gather(*tasks)
        for _, writer in self.idle:
            writer.close()
        return self.seen


def percentile(values, share):
    return sorted(values)[int(share * (len(values) - 1))] if values else float("nan")


def load(address, rate, seconds, skip):
    """What came of it after the first `skip` seconds."""
    seen = asyncio.run(Client(address).run(rate, seconds))
    began = seen[0][0]
    late = [each for each in seen if each[0] >= began + skip]
    good = [took for _, took, status in late if status == 200]
    refused = [took for _, took, status in late if status in (429, 503)]
    return {"offered": len(late) / (seconds - skip), "goodput": len(good) / (seconds - skip), "p50_ms": 1e3 * percentile(good, 0.5), "p99_ms": 1e3 * percentile(good, 0.99),
            "refused": len(refused) / (seconds - skip), "refused_p99_ms": 1e3 * percentile(refused, 0.99), "failed": sum(status not in (200, 429, 503) for *_, status in late)}


def sidecar(options, upstream, policies):
    state = tempfile.mkdtemp(prefix="outrider-overload-")
    more = []
    if policies:
        path = pathlib.Path(state) / "policies.yaml"
        path.write_text(policies)
        more = ["--policies", str(path)]
    processes.OUTRIDER = options.outrider
    return processes.Sidecar(["--service", "overload", "--state", state, "--inbound", "127.0.0.1:0", "--app", f"127.0.0.1:{upstream.port}", "--admin", "127.0.0.1:0",
                              "--set", "tracing.exporter=none", "--set", "workers=1", *more])


def limit_of(proxy):
    (policy,) = json.loads(proxy.get("/api/policies").body)["policies"]
    return policy["rules"][0]["limit"]


def follow(proxy, upstream, seconds):
    """The limit over time: so long at SLOTS, then as long at half of it, under twice the load all the time."""
    seen, stop = [], threading.Event()

    def look():
        began = time.monotonic()
        while not stop.wait(0.25):
            seen.append((time.monotonic() - began, limit_of(proxy)))
    watcher = threading.Thread(target=look)
    watcher.start()
    halving = threading.Timer(seconds, lambda: setattr(upstream, "slots", SLOTS // 2))
    halving.start()
    load((proxy.inbound[0], proxy.inbound[1]), 2 * SLOTS / SERVICE, 2 * seconds, 0)
    stop.set()
    watcher.join()
    upstream.slots = SLOTS
    whole = [limit for at, limit in seen if seconds * 0.5 < at < seconds]
    half = [limit for at, limit in seen if at > seconds * 1.5]
    return {"limit_at_50": statistics.median(whole), "limit_at_25": statistics.median(half), "over_time": seen}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--outrider", default=processes.OUTRIDER)
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--output", type=pathlib.Path)
    options = parser.parse_args()
    upstream, results, capacity = Upstream(), {}, SLOTS / SERVICE
    for name, policies in (("without", None), ("adaptive", POLICY)):
        proxy = sidecar(options, upstream, policies)
        address = (proxy.inbound[0], proxy.inbound[1])
        for times in (0.5, 0.9, 2.0):
            results[f"{name}, {times:g} x capacity"] = found = load(address, times * capacity, options.seconds, options.seconds / 2)
            print(f"{name:9} {times:g} x {capacity:.0f}/s: " + ", ".join(f"{key} {value:.1f}" for key, value in found.items()), flush=True)
            time.sleep(3)
        if policies:
            results["limit"] = found = follow(proxy, upstream, options.seconds)
            print(f"limit with {SLOTS} slots {found['limit_at_50']:.0f}, with {SLOTS // 2} {found['limit_at_25']:.0f}")
        proxy.close()
    measuring.keep(options.output, "overload.json", json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
