"""The scenarios, and http_load, which sends them: as fast as they are answered, or at a given rate."""
import dataclasses
import json
import random
import subprocess

import measuring
import proxies

CONNECTIONS = 128
THREE_HEADERS = {"Accept": "application/json", "User-Agent": "bench/1", "X-Request-Id": "5e1f7a52"}


def twenty_headers():
    """20 fields of 1.5 KiB in all, Host and traceparent aside."""
    fields = {f"X-Header-{n:02}": "v" * 58 for n in range(17)}
    return {**THREE_HEADERS, **fields}


@dataclasses.dataclass(frozen=True)
class Scenario:
    """One kind of request. `requests` differ only in their traceparent."""

    name: str
    target: str = "/small"
    fields: tuple = tuple(THREE_HEADERS.items())
    body: bytes = b""
    close: bool = False

    def requests(self, traceparent, sampled, host):
        """Whole requests to be sent in turn; a share `sampled` of them carries a caller's decision to sample."""
        chance = random.Random(11)
        count = 1000 if traceparent else 1
        return [self.request(self.parent(chance, n / count < sampled) if traceparent else None, host) for n in range(count)]

    def parent(self, chance, sampled):
        return f"00-{chance.getrandbits(128):032x}-{chance.getrandbits(64):016x}-{1 if sampled else 0:02x}"

    def request(self, parent, host):
        lines = [f"{'POST' if self.body else 'GET'} {self.target} HTTP/1.1", f"Host: {host}",
                 *(f"{name}: {value}" for name, value in self.fields)]
        lines += [f"traceparent: {parent}"] if parent else []
        lines += [f"Content-Length: {len(self.body)}"] if self.body else []
        lines += ["Connection: close"] if self.close else []
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + self.body


SCENARIOS = {
    "small": Scenario("small"),
    "20-headers": Scenario("20-headers", fields=tuple(twenty_headers().items())),
    "16k": Scenario("16k", "/files/16k"),
    "1m": Scenario("1m", "/files/1m"),
    "post-4k": Scenario("post-4k", body=b'{"note":"' + b"n" * 4085 + b'"}'),
    "new-connection": Scenario("new-connection", close=True),
}


def write_requests(path, requests):
    """The file format of http_load."""
    path.write_bytes(b"".join(b"%d\n%s" % (len(request), request) for request in requests))
    return path


class Failed(Exception):
    """A request failed; nothing that was measured counts."""


def http_load(bench, address, requests_file, rate, seconds, connections):
    command = [measuring.tool(proxies.HERE / "http_load.cpp", bench.tools), *address, rate, seconds, connections, requests_file]
    done = subprocess.run(measuring.pinned([str(word) for word in command], bench.other_cpu), capture_output=True, text=True, check=True)
    result = json.loads(done.stdout)
    if result["errors"] or result["unanswered"]:
        raise Failed(f"{rate}: {result}")
    return result


def closed_loop(bench, address, requests_file, seconds):
    """{"requests", "rate"} of CONNECTIONS that each send their next request when the answer is there."""
    return http_load(bench, address, requests_file, "closed", seconds, CONNECTIONS)


def open_loop(bench, address, requests_file, rate, seconds, connections=64):
    """{"p50_us", ...}: latencies in microseconds from when each request was due."""
    return http_load(bench, address, requests_file, rate, seconds, connections)
