"""The processes of a test: sidecars, collectors, a real Jaeger. Each is ended by its own id, whatever happens."""
import contextlib
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

import wire

ROOT = pathlib.Path(__file__).resolve().parents[2]
OUTRIDER = os.path.abspath(os.environ.get("OUTRIDER", ROOT / "build/release/outrider"))  # some run it from folders of their own
LISTENING = re.compile(r"listening (\S+) (\S+):(\d+)")
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))
# Nothing of the tester's own environment may steer what is tested.
STEERING = ("OTEL_", "OUTRIDER_", "HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy")


def clean_environment(extra=None):
    kept = {name: value for name, value in os.environ.items() if not name.startswith(STEERING)}
    return {**kept, **(extra or {})}


class Process:
    """A program with its output in a file; `stdin` is what it reads, at once."""

    def __init__(self, command, environment=None, folder=None, stdin=""):
        self.log_file = tempfile.NamedTemporaryFile(prefix="process-", suffix=".log", dir=folder)
        with tempfile.TemporaryFile() as given:
            given.write(stdin.encode())
            given.seek(0)
            self.process = subprocess.Popen([str(word) for word in command], stdin=given, stdout=self.log_file,
                                            stderr=subprocess.STDOUT, env=clean_environment(environment), cwd=folder)

    @property
    def pid(self):
        return self.process.pid

    def log(self):
        return pathlib.Path(self.log_file.name).read_text(errors="replace")

    def wait_for_log(self, pattern, within=15):
        def look():
            ended = self.process.poll() is not None  # looked at before the log: nothing is written afterwards
            found = re.search(pattern, self.log(), re.MULTILINE)
            if not found and ended:
                raise AssertionError(f"ended with {self.process.returncode} before it logged {pattern!r}:\n{self.log()[-3000:]}")
            return found
        return wire.wait_for(look, f"{pattern!r} in the log of {self.process.args[:2]}", within)

    def signal(self, number):
        self.process.send_signal(number)

    def wait(self, within=15):
        return self.process.wait(within)

    def stop(self, within=15):
        """SIGTERM, and the exit code."""
        if self.process.poll() is None:
            self.process.terminate()
        return self.process.wait(within)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def close(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(3)
            except subprocess.TimeoutExpired:
                self.kill()
        self.log_file.close()

    def connections(self):
        """{((local host, port), (remote host, port))} of its TCP connections, by the kernel's own tables; none when it has ended."""
        sockets, found = set(), set()
        with contextlib.suppress(OSError):
            for descriptor in pathlib.Path(f"/proc/{self.pid}/fd").iterdir():
                with contextlib.suppress(OSError):  # closed meanwhile
                    sockets.add(os.readlink(descriptor))
        for table in ("tcp", "tcp6"):
            for line in pathlib.Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
                _, local, remote, state, *rest = line.split()
                if state == "01" and f"socket:[{rest[5]}]" in sockets:  # established
                    found.add((address_in_hex(local), address_in_hex(remote)))
        return found

    def resident_bytes(self):
        return int(re.search(r"VmRSS:\s+(\d+) kB", pathlib.Path(f"/proc/{self.pid}/status").read_text())[1]) * 1024


def address_in_hex(text):
    """As in the kernel's tables; of an IPv6 address the IPv4 one that it maps."""
    address, _, port = text.partition(":")
    return socket.inet_ntoa(bytes.fromhex(address[-8:])[::-1]), int(port, 16)


class Application(Process):
    """A small HTTP application that can be stopped, killed and started again, always at the same address."""

    def __init__(self, port=0):
        self.port = port or free_ports(1)[0]
        super().__init__([sys.executable, ROOT / "tests/support/application.py", self.port])
        self.wait_for_log("^listening$")

    def __str__(self):
        return f"127.0.0.1:{self.port}"

    def requests(self):
        """What it was asked for, in order, less the probes of its health."""
        return [line for line in self.log().splitlines() if line.startswith("GET ") and line != "GET /healthz"]


def metrics_of(text):
    """{series as written, with its labels: value} of a Prometheus text."""
    series = {}
    for line in text.splitlines():
        if line and not line.startswith("#"):
            name, _, value = line.rpartition(" ")
            series[name] = float(value)
    return series


class Sidecar(Process):
    """`outrider run`, started and ready. Its addresses: inbound, outbound, admin, probes, upstreams[name], kafka[name]."""

    def __init__(self, arguments, environment=None, folder=None, ready=True):
        super().__init__([OUTRIDER, "run", *arguments], environment, folder)
        self.kafka, self.upstreams, self.inbounds, self.inbound, self.outbound, self.admin, self.probes = {}, {}, [], None, None, None, None
        if ready:
            try:
                self.wait_for_log(r"\bready\b")
            except AssertionError:
                self.close()
                raise
            self.read_addresses()

    def read_addresses(self):
        for name, host, port in LISTENING.findall(self.log()):
            address = (host.strip("[]"), int(port))
            if name.startswith("upstream:"):
                self.upstreams[name.partition(":")[2]] = address
            elif name.startswith("kafka:"):
                self.kafka[name.partition(":")[2]] = address
            elif name.startswith("inbound"):
                self.inbounds.append(address)
                self.inbound = self.inbounds[0]
            else:
                setattr(self, name, address)

    def get(self, path, fields=(), listener=None, method="GET", body=None):
        """One request to the admin listener (or another); Host is the address itself."""
        host, port = listener or self.admin
        return wire.ask((host, port), path, fields=fields, method=method, body=body, host=f"{host}:{port}")

    def post(self, path, body):
        """A change by the admin listener; `body` becomes JSON."""
        return self.get(path, fields={"Content-Type": "application/json"}, method="POST", body=json.dumps(body).encode())

    def metrics(self):
        answer = self.get("/metrics")
        assert answer.status == 200, f"/metrics answered {answer.status}"
        return metrics_of(answer.body.decode())

    def total(self, name, **labels):
        """The sum of all series of `name` that carry these labels."""
        wanted = [f'{label}="{value}"' for label, value in labels.items()]
        return sum(value for series, value in self.metrics().items()
                   if series.partition("{")[0] == name and all(label in series for label in wanted))


class Collector(Process):
    """`outrider collect` on a free port, or on `port`."""

    def __init__(self, port=0, arguments=(), folder=None):
        super().__init__([OUTRIDER, "collect", "--listen", f"127.0.0.1:{port}", *arguments], folder=folder)
        try:
            found = self.wait_for_log(r"OTLP/HTTP on http://(\S+):(\d+)/")
        except AssertionError:
            self.close()
            raise
        self.address = (found[1], int(found[2]))
        self.url = f"http://{found[1]}:{found[2]}"

    # raw: as exporters sent it and not as a chain; a real Jaeger knows nothing else and does not look at the parameter.
    def traces(self, service, limit=100, raw=False):
        return json_of(f"{self.url}/api/traces?service={service}&limit={limit}{'&raw=true' if raw else ''}")["data"] or []

    def trace(self, trace_id, raw=False):
        try:
            return (json_of(f"{self.url}/api/traces/{trace_id}{'?raw=true' if raw else ''}")["data"] or [None])[0]
        except urllib.error.HTTPError as error:
            if error.code == 404:
                return None
            raise

    def trace_with(self, service, spans, within=15):
        """The one trace of `service` that has this many spans."""
        def look():
            return next((trace for trace in self.traces(service) if len(trace["spans"]) >= spans), None)
        return wire.wait_for(look, f"a trace of {service} with {spans} spans", within)


class Jaeger(Collector):
    """A real Jaeger, all in one, in memory, every port a free one."""

    def __init__(self, program, folder=None):  # pylint: disable=super-init-not-called
        ports = free_ports(12)
        names = ["collector.otlp.http.host-port", "collector.otlp.grpc.host-port", "query.http-server.host-port",
                 "query.grpc-server.host-port", "collector.http-server.host-port", "collector.grpc-server.host-port",
                 "admin.http.host-port", "http-server.host-port", "processor.jaeger-compact.server-host-port",
                 "processor.jaeger-binary.server-host-port", "processor.zipkin-compact.server-host-port",
                 "collector.zipkin.host-port"]
        Process.__init__(self, [program, "--collector.otlp.enabled=true",
                                *(f"--{name}=127.0.0.1:{port}" for name, port in zip(names, ports))],
                         {"SPAN_STORAGE_TYPE": "memory", "JAEGER_DISABLED": "true"}, folder)
        self.otlp, self.grpc, self.url = (f"http://127.0.0.1:{port}" for port in ports[:3])
        wire.wait_for(self.answers, "Jaeger to answer", within=30)

    def answers(self):
        assert self.process.poll() is None, f"Jaeger ended:\n{self.log()[-2000:]}"
        try:
            json_of(f"{self.url}/api/services")
            with socket.create_connection(("127.0.0.1", int(self.otlp.rpartition(":")[2])), 1):
                return True
        except (OSError, ValueError):
            return False


def jaeger_program():
    """Path of Jaeger, built if need be; None where there is no Go to build it with."""
    done = subprocess.run([ROOT / "tests/support/jaeger.sh"], capture_output=True, text=True)
    if done.returncode == 3:
        return None
    assert done.returncode == 0, f"building Jaeger failed:\n{done.stderr[-3000:]}"
    return done.stdout.strip()


def jaeger_or_none():
    """Path of Jaeger for the tests of a file, some of which want it; None, and a word about it, where there is none. CI must have it."""
    program = jaeger_program()
    if program is None:
        if os.environ.get("CI") == "true":
            sys.exit("error: CI tests against a real Jaeger, and there is no Go here to build it with")
        print("no Go here, so NOTHING WAS TESTED AGAINST A REAL JAEGER", file=sys.stderr)
    return program


def free_ports(count):
    """Ports nobody listened on a moment ago; for programs that cannot be asked where they listen."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def free_range(count):
    """The first of so many ports in a row that nobody listened on a moment ago."""
    for _ in range(100):
        first, held = free_ports(1)[0], []
        try:
            held = [socket.create_server(("127.0.0.1", first + offset)) for offset in range(count)]
            return first
        except (OSError, OverflowError):
            continue
        finally:
            for each in held:
                each.close()
    raise AssertionError(f"no {count} free ports in a row")


def json_of(url):
    with DIRECT.open(url, timeout=10) as answer:
        return json.load(answer)


def run(*arguments, environment=None, within=30, folder=None, stdin=None):
    """Runs `outrider ARGUMENTS...` to its end: a CompletedProcess with text output."""
    return subprocess.run([OUTRIDER, *map(str, arguments)], capture_output=True, text=True, timeout=within,
                          env=clean_environment(environment), cwd=folder, input=stdin or "")
