"""The scenarios, and what sends them: wrk as fast as it goes, open_loop at a given rate."""
import dataclasses
import json
import random
import re
import subprocess

import proxies

CONNECTIONS = 32
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
    """The file format of open_loop."""
    path.write_bytes(b"".join(b"%d\n%s" % (len(request), request) for request in requests))
    return path


def write_lua(path, requests):
    """The same requests for wrk, made before the clock starts."""
    quoted = ",\n".join(lua_string(request) for request in requests)
    path.write_text(f"local all, n = {{\n{quoted}\n}}, 0\nfunction request()\n  n = n % #all + 1\n  return all[n]\nend\n")
    return path


def lua_string(data):
    return '"' + "".join(chr(byte) if 32 <= byte < 127 and chr(byte) not in '"\\' else f"\\{byte:03}" for byte in data) + '"'


class Failed(Exception):
    """A request failed; nothing that was measured counts."""


@dataclasses.dataclass
class Closed:
    """What wrk did: requests answered and how long it took."""

    requests: int
    seconds: float


def closed_loop(address, lua, seconds, connections=CONNECTIONS, cpu=None):
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s", "-s", str(lua), "http://%s:%d/" % address]
    text = subprocess.run(pinned(command, cpu), capture_output=True, text=True, check=True).stdout
    problems = re.search(r"Non-2xx[^\n]*|Socket errors: connect (?!0, read 0, write 0, timeout 0)[^\n]*", text)
    found = re.search(r"(\d+) requests in ([\d.]+)(us|ms|s|m),", text)
    if problems or not found:
        raise Failed(f"wrk: {problems[0] if problems else text}")
    return Closed(int(found[1]), float(found[2]) * {"us": 1e-6, "ms": 1e-3, "s": 1, "m": 60}[found[3]])


def open_loop(bench, address, requests_file, rate, seconds, connections=64):
    """Latencies in microseconds from when each request was due."""
    command = [bench.tools / "open_loop", address[0], address[1], rate, seconds, connections, requests_file]
    proxies.tool("open_loop", bench.tools)
    done = subprocess.run(pinned([str(word) for word in command], bench.other_cpu), capture_output=True, text=True, check=True)
    result = json.loads(done.stdout)
    if result["errors"] or result["unanswered"]:
        raise Failed(f"open loop at {rate}/s: {result}")
    return result


def pinned(command, cpu):
    return (["taskset", "-c", str(cpu)] if cpu is not None else []) + command
