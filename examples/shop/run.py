#!/usr/bin/env python3
"""Runs the shop with a sidecar beside each service, sends requests and prints one trace. ./demo calls this."""
import argparse
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request

import confluent_kafka.admin

HERE = pathlib.Path(__file__).resolve().parent
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # whatever HTTP_PROXY says outside
SERVICES = ("shipping", "stock", "orders", "frontend")  # from the back to the front
TOPIC = "order-placed"
USE_KAFKA = ("stock", "orders")
ORDERS = 2
SPANS_OF_AN_ORDER = 9  # four SERVER spans, three CLIENT spans before them, a send and what took its record


class Failed(Exception):
    """Something that the reader can act on; its text is all that is shown."""


class Shop:
    """Every process of the demo, by name, with its log; whatever happens, `stop` ends them all."""

    def __init__(self, outrider, folder):
        self.outrider, self.folder = str(outrider), folder
        self.processes, self.given = {}, set()

    def start(self, name, command, environment=None):
        log = self.folder / f"{name}.log"
        with open(log, "wb") as out:
            self.processes[name] = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, start_new_session=True,
                env={**os.environ, "PYTHONUNBUFFERED": "1", **(environment or {})})

    def wait_for(self, name, port):
        deadline = time.monotonic() + 15
        while time.monotonic() < deadline:
            if self.processes[name].poll() is not None:
                break
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    return
            time.sleep(0.02)
        log = self.folder / f"{name}.log"
        raise Failed(f"{name} did not come up on port {port}; {log} ends with:\n{tail(log)}")

    def wait_for_log(self, name, text, patience=30):
        log, deadline = self.folder / f"{name}.log", time.monotonic() + patience
        while text not in log.read_text(errors="replace"):
            if self.processes[name].poll() is not None or time.monotonic() > deadline:
                raise Failed(f"{name} did not say '{text}'; {log} ends with:\n{tail(log)}")
            time.sleep(0.05)

    def port(self, preferred):
        """`preferred` if nobody listens there, else any free port."""
        for port in (preferred, 0):
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    probe.bind(("127.0.0.1", port))
                except OSError:
                    continue
                port = probe.getsockname()[1]
                if port not in self.given:
                    self.given.add(port)
                    return port
        return self.port(0)

    def died(self):
        return [name for name, process in self.processes.items() if process.poll() is not None]

    def stop(self):
        """Sidecars drain on SIGTERM; what is still there after 5 s is killed."""
        for process in self.processes.values():
            if process.poll() is None:
                process.terminate()
        deadline = time.monotonic() + 5
        for process in self.processes.values():
            try:
                process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def tail(path, lines=12):
    return "\n".join("  " + line for line in path.read_text(errors="replace").splitlines()[-lines:])


def fetch(url, body=None, timeout=10):
    data = json.dumps(body).encode() if body is not None else None
    request = urllib.request.Request(url, data=data, headers={"Content-Type": "application/json"} if data else {})
    with DIRECT.open(request, timeout=timeout) as answer:
        return answer.read().decode()


def start_service(shop, name, app_port, sidecar_ports, routes, otlp, brokers):
    """A service and the sidecar beside it. HTTP_PROXY and KAFKA_BOOTSTRAP lead what the service sends to the sidecar."""
    start_sidecar(shop, name, app_port, sidecar_ports, routes, otlp, brokers)
    outbound, kafka = sidecar_ports[1], sidecar_ports[3:]
    environment = {"PORT": str(app_port), "HTTP_PROXY": f"http://127.0.0.1:{outbound}",
                   "http_proxy": f"http://127.0.0.1:{outbound}", "NO_PROXY": "", "no_proxy": ""}
    if kafka:
        environment["KAFKA_BOOTSTRAP"] = f"127.0.0.1:{kafka[0]}"
    shop.start(name, [sys.executable, str(HERE / f"{name}.py")], environment)
    shop.wait_for(name, app_port)


def start_sidecar(shop, name, app_port, sidecar_ports, routes, otlp, brokers):
    inbound, outbound, admin, *kafka = sidecar_ports
    state = shop.folder / f"{name}-state"
    state.mkdir()
    command = [shop.outrider, "run", "--service", name, "--inbound", f"127.0.0.1:{inbound}",
               "--app", f"127.0.0.1:{app_port}", "--outbound", f"127.0.0.1:{outbound}",
               "--otlp", otlp, "--admin", f"127.0.0.1:{admin}", "--state", str(state),
               "--set", "tracing.batch.delay=200ms"]
    for upstream, port in routes.items():
        command += ["--route", f"{upstream}=127.0.0.1:{port}"]
    for port in kafka:
        command += ["--kafka", f"127.0.0.1:{port}={brokers}"]
    shop.start(f"{name}-sidecar", command)
    for port in sidecar_ports:
        shop.wait_for(f"{name}-sidecar", port)


def start_shop(shop, otlp, brokers):
    """From the back to the front, so that each sidecar knows where its callee listens. Returns the addresses."""
    addresses, callee = {}, {}
    for number, name in enumerate(SERVICES):
        app_port = shop.port(9004 - number)
        sidecar_ports = [shop.port(8083 - number), shop.port(7931 - 10 * number), shop.port(7930 - 10 * number)]
        if name in USE_KAFKA:
            sidecar_ports.append(shop.port(19092 + number))
        start_service(shop, name, app_port, sidecar_ports, callee, otlp, brokers)
        callee = {name: sidecar_ports[0]}
        addresses[name] = (app_port, *sidecar_ports)
    shop.wait_for_log("stock", f"consuming {TOPIC}")  # a consumer group takes seconds to form
    return addresses


def start_broker(shop):
    port = shop.port(9092)
    shop.start("dev-broker", [shop.outrider, "dev-broker", "--listen", f"127.0.0.1:{port}", "--topic", TOPIC])
    shop.wait_for("dev-broker", port)
    return f"127.0.0.1:{port}"


def start_collector(shop):
    port = shop.port(4318)
    shop.start("collector", [shop.outrider, "collect", "--listen", f"127.0.0.1:{port}"])
    shop.wait_for("collector", port)
    return f"http://127.0.0.1:{port}"


def use_broker(brokers):
    """A real Kafka, in which the topic is made if it is not there."""
    admin = confluent_kafka.admin.AdminClient({"bootstrap.servers": brokers, "log_level": 2})
    made = admin.create_topics([confluent_kafka.admin.NewTopic(TOPIC, 1, 1)], request_timeout=10)[TOPIC]
    try:
        made.result()
    except confluent_kafka.KafkaException as error:
        if error.args[0].code() != confluent_kafka.KafkaError.TOPIC_ALREADY_EXISTS:
            raise Failed(f"--kafka {brokers}: {error.args[0].str()}") from error
    return brokers


def jaeger_addresses(url, otlp):
    """(where spans go, where traces are read) of a real Jaeger; either of its two ports may be named."""
    parts = urllib.parse.urlsplit(url)
    if not parts.hostname:
        raise Failed(f"--jaeger: no host in {url}")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    query = f"{parts.scheme}://{host}:16686" if parts.port in (None, 4318) else url.rstrip("/")
    try:
        fetch(f"{query}/api/services", timeout=5)
    except (OSError, ValueError) as error:
        raise Failed(f"no Jaeger answers at {query}/api/services: {error}") from error
    return otlp or f"{parts.scheme}://{host}:4318", query


def send_requests(frontend):
    """A few looks at an order, then orders placed; shows each answer. Of the first one the trace shows how clients warm up."""
    for method, path, body in (("GET", "/orders/1", None), ("GET", "/orders/77", None),
                               *[("POST", "/orders", {"sku": "tea", "quantity": 2})] * ORDERS):
        try:
            answer = fetch(frontend + path, body).strip()
        except urllib.error.HTTPError as error:
            answer = f"{error.code} {error.read().decode(errors='replace').strip()}"
        print(f"  {method} {path} -> {answer}")


def trace_of_the_order(query):
    """The id of the trace of the order that was placed last, once the spans of all orders have arrived."""
    deadline, seen = time.monotonic() + 20, 0
    while time.monotonic() < deadline:
        try:
            traces = json.loads(fetch(f"{query}/api/traces?service=frontend&limit=20"))["data"] or []
        except (urllib.error.HTTPError, ValueError):
            traces = []
        full = [trace for trace in traces if len(trace["spans"]) >= SPANS_OF_AN_ORDER]
        if len(full) == ORDERS:
            return max(full, key=lambda trace: max(span["startTime"] for span in trace["spans"]))["traceID"]
        seen = max([seen, *(len(trace["spans"]) for trace in traces)])
        time.sleep(0.1)
    raise Failed(f"the traces of the orders never became whole: {seen} of {SPANS_OF_AN_ORDER} spans at {query}")


def print_addresses(addresses, query, brokers, folder):
    print("\nRunning until Ctrl-C:")
    for name in reversed(SERVICES):
        app, inbound, outbound, admin, *kafka = addresses[name]
        print(f"  {name:9} http://127.0.0.1:{inbound}   service :{app}  outbound :{outbound}  admin http://127.0.0.1:{admin}/metrics"
              + "".join(f"  Kafka :{port}" for port in kafka))
    print(f"  Kafka     {brokers}")
    print(f"  traces    {query}/api/traces?service=frontend")
    print(f"  logs      {folder}")


def demonstrate(shop, arguments):
    if arguments.jaeger:
        otlp, query = jaeger_addresses(arguments.jaeger, arguments.otlp)
    else:
        otlp = query = start_collector(shop)
    brokers = use_broker(arguments.kafka) if arguments.kafka else start_broker(shop)
    print(f"Starting frontend -> orders -> ({TOPIC}) -> stock -> shipping, a sidecar beside each")
    addresses = start_shop(shop, otlp, brokers)
    send_requests(f"http://127.0.0.1:{addresses['frontend'][1]}")
    trace = trace_of_the_order(query)
    print(f"\n$ outrider chain {trace} --from {query}")
    chain = subprocess.run([shop.outrider, "chain", trace, "--from", query], capture_output=True, text=True, timeout=30)
    print(chain.stdout.rstrip())
    if chain.returncode != 0:
        raise Failed(f"outrider chain ended with {chain.returncode}: {chain.stderr.strip()}")
    if arguments.once:
        return
    print_addresses(addresses, query, brokers, shop.folder)
    while not shop.died():
        time.sleep(0.5)
    raise Failed("these ended by themselves: " + ", ".join(shop.died()) + f"; their logs are in {shop.folder}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--outrider", required=True, type=pathlib.Path)
    parser.add_argument("--once", action="store_true", help="end after the trace has been printed")
    parser.add_argument("--jaeger", help="query URL of a real Jaeger, instead of the embedded collector")
    parser.add_argument("--otlp", help="where that Jaeger takes OTLP/HTTP (default: its host, port 4318)")
    parser.add_argument("--kafka", help="HOST:PORT of a real Kafka, instead of the embedded broker")
    arguments = parser.parse_args()
    sys.stdout.reconfigure(line_buffering=True)
    for ending in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(ending, lambda number, _: sys.exit(128 + number))
    shop = Shop(arguments.outrider.resolve(), pathlib.Path(tempfile.mkdtemp(prefix="outrider-demo-")))
    try:
        demonstrate(shop, arguments)
    except Failed as failure:
        print(f"error: {failure}\n(logs: {shop.folder})", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopping")
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # a second Ctrl-C must not leave processes behind
        shop.stop()
    shutil.rmtree(shop.folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
