"""The verdict of health: how the application and its dependencies are probed, what follows, and who is told."""
import importlib.util
import json
import pathlib
import random
import re
import socket
import sys
import threading
import time
import unittest

import brokers
import harness
import processes
from harness import ask, reply, wait_for

# grpc.health.v1 on a real gRPC server, its two messages encoded by hand: each Check answers the number that stands in a file, or that
# the service is not known; without a file the server has no such service.
GRPC_SERVER = """
import concurrent.futures, pathlib, sys
import grpc
state = pathlib.Path(sys.argv[2])
def check(request, context):
    service = request[2:].decode()
    if service not in ("", "shop.Orders"):
        context.abort(grpc.StatusCode.NOT_FOUND, "unknown service")
    return bytes([8, int(state.read_text())])
server = grpc.server(concurrent.futures.ThreadPoolExecutor(2))
if state.exists():
    method = grpc.unary_unary_rpc_method_handler(check, request_deserializer=bytes, response_serializer=bytes)
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("grpc.health.v1.Health", {"Check": method}),))
assert server.add_insecure_port("127.0.0.1:" + sys.argv[1])
server.start()
print("serving", flush=True)
server.wait_for_termination()
"""


HAS_GRPC = importlib.util.find_spec("grpc") is not None


class Answers:
    """What an application's /healthz answers: a status, or a function that gives one; everything else is answered 200."""

    def __init__(self, status=200):
        self.status, self.asked = status, 0

    def __call__(self, exchange):
        request = exchange.read()
        if request.target == "/healthz":
            self.asked += 1
            return reply(self.status() if callable(self.status) else self.status)
        return reply(200, "ok")


class HealthCase(harness.Case):
    def watched(self, app=None, health=None, upstreams=None, kafka=None, more=()):
        """A sidecar whose configuration has these in it."""
        folder = self.folder()
        settings = {"service": "orders", "outbound": {"listen": "127.0.0.1:0"}, "admin": "127.0.0.1:0", "state": str(folder)}
        if app is not None:
            settings["inbound"] = [{"listen": "127.0.0.1:0", "app": str(app)}]
        for name, value in (("upstreams", upstreams), ("kafka", kafka)):
            if value:
                settings[name] = value
        if health is not None:
            settings["health"] = {"app": {"every": "100ms", "timeout": "500ms", "rise": 1, "fall": 2, **health}}
        return self.sidecar_from(json.dumps(settings), more)

    def page(self, sidecar):
        answer = sidecar.get("/api/health")
        self.assert_status(answer, 200)
        return json.loads(answer.body)

    def target(self, sidecar, label):
        return next(each for each in self.page(sidecar)["targets"] if each["target"].startswith(label))

    def wait_for_state(self, sidecar, state, within=5):
        try:
            wait_for(lambda: self.page(sidecar)["state"] == state, f"state {state}", within)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{json.dumps(self.page(sidecar), indent=1)[:4000]}\n{sidecar.log()[-1500:]}") from None

    def reasons(self, sidecar):
        return "; ".join(f"{each['what']}: {each['text']}" for each in self.page(sidecar)["reasons"])

    def dependency(self, endpoints, **how):
        return {"endpoints": [str(each) for each in endpoints],
                "health": {"every": "100ms", "timeout": "300ms", "rise": 1, "fall": 2, **how}}


class Application(HealthCase):
    def test_starts_until_the_application_has_been_up_once(self):
        port = processes.free_ports(1)[0]
        proxy = self.watched(f"127.0.0.1:{port}", {})
        wait_for(lambda: "refused" in self.reasons(proxy), "a reason")
        self.assertEqual(self.page(proxy)["state"], "starting")
        self.assert_status(proxy.get("/livez"), 200)
        self.assert_status(proxy.get("/startupz"), 200)  # a native sidecar starts before its application
        self.assert_status(proxy.get("/readyz"), 503)
        application = socket.create_server(("127.0.0.1", port))
        self.wait_for_state(proxy, "healthy")
        self.assertEqual(proxy.get("/readyz").body, b"ready\n")
        application.close()
        self.wait_for_state(proxy, "unhealthy")
        self.assert_status(proxy.get("/livez"), 200)
        self.assert_status(proxy.get("/startupz"), 200)

    def test_http_goes_by_the_status(self):
        answers = Answers()
        proxy = self.watched(self.origin(answers), {"http": "/healthz"})
        self.wait_for_state(proxy, "healthy")
        answers.status = 503
        self.wait_for_state(proxy, "unhealthy")
        self.assertIn("answered 503", self.reasons(proxy))
        self.assertIn(b"answered 503", proxy.get("/readyz").body)
        answers.status = 302
        self.wait_for_state(proxy, "healthy")
        target = self.target(proxy, "app:")
        self.assertEqual((target["kind"], target["state"], target["last"]["text"]), ("http", "up", "answered 302"))

    def test_http_on_a_port_of_its_own(self):
        answers = Answers()
        port = processes.free_ports(1)[0]
        proxy = self.watched(f"127.0.0.1:{port}", {"http": "/healthz", "port": self.origin(answers).port})
        self.wait_for_state(proxy, "healthy")
        answers.status = 500
        self.wait_for_state(proxy, "unhealthy")

    @unittest.skipUnless(HAS_GRPC, "python3-grpcio is not installed")
    def test_grpc_asks_the_health_service(self):
        state = self.folder() / "status"
        state.write_text("1")
        port = processes.free_ports(1)[0]
        server = self.keep(processes.Process([sys.executable, "-c", GRPC_SERVER, port, state]))
        server.wait_for_log("serving")
        proxy = self.watched(f"127.0.0.1:{port}", {"grpc": "shop.Orders"})
        self.wait_for_state(proxy, "healthy")
        self.assertEqual(self.target(proxy, "app:")["last"]["text"], "SERVING")
        state.write_text("2")
        self.wait_for_state(proxy, "unhealthy")
        self.assertIn("NOT_SERVING", self.reasons(proxy))
        state.write_text("1")
        self.wait_for_state(proxy, "healthy")
        whole = self.watched(f"127.0.0.1:{port}", {"grpc": ""})
        self.wait_for_state(whole, "healthy")
        stranger = self.watched(f"127.0.0.1:{port}", {"grpc": "shop.Billing"})
        wait_for(lambda: "NOT_FOUND: it knows no service 'shop.Billing'" in self.reasons(stranger), "the reason")

    @unittest.skipUnless(HAS_GRPC, "python3-grpcio is not installed")
    def test_grpc_says_that_there_is_no_health_service(self):
        port = processes.free_ports(1)[0]
        server = self.keep(processes.Process([sys.executable, "-c", GRPC_SERVER, port, self.folder() / "none"]))
        server.wait_for_log("serving")
        proxy = self.watched(f"127.0.0.1:{port}", {"grpc": "*"})
        wait_for(lambda: "UNIMPLEMENTED" in self.reasons(proxy), "the reason")
        web = self.watched(self.origin(Answers()), {"grpc": "*"})
        wait_for(lambda: re.search(r"HTTP/(1\.1|2)", self.reasons(web)), "the reason")

    def test_command_goes_by_its_exit_code(self):
        state = self.folder() / "status"
        state.write_text("0")
        script = f'read code < {state}; echo "queue of $OUTRIDER_TARGET"; exit $code'
        proxy = self.watched(self.origin(), {"command": ["/bin/sh", "-c", script]})
        self.wait_for_state(proxy, "healthy")
        state.write_text("7")
        self.wait_for_state(proxy, "unhealthy")
        self.assertRegex(self.reasons(proxy), r"exited with 7: queue of 127\.0\.0\.1:\d+")

    def test_a_command_that_hangs_is_killed_with_its_group(self):
        pids = self.folder() / "pids"
        proxy = self.watched(self.origin(), {"command": ["/bin/sh", "-c", f"sleep 300 & echo $! >> {pids}; wait"], "timeout": "200ms"})
        wait_for(lambda: "was killed" in self.reasons(proxy), "the reason")
        wait_for(lambda: len(pids.read_text().split()) >= 2, "two probes")
        first = pathlib.Path(f"/proc/{pids.read_text().split()[0]}/stat")
        wait_for(lambda: not first.exists() or first.read_text().split()[2] == "Z", "the first sleeper to be gone")

    def test_a_consumer_that_listens_nowhere_is_probed_by_its_port(self):
        answers = Answers()
        proxy = self.watched(None, {"http": "/healthz", "port": self.origin(answers).port})
        self.wait_for_state(proxy, "healthy")
        answers.status = 500
        self.wait_for_state(proxy, "unhealthy")

    def test_flapping_changes_the_verdict_rarely(self):
        rng = random.Random(5)
        answers = Answers(lambda: rng.choice((200, 503)))
        proxy = self.watched(self.origin(answers), {"http": "/healthz", "rise": 2, "fall": 3})
        wait_for(lambda: answers.asked >= 100, "100 probes", 30)
        page = self.page(proxy)
        self.assertLessEqual(page["state_changes"], answers.asked / (2 + 3))
        self.assertLessEqual(len(page["changes"]), 32)

    def test_a_sidecar_that_stops_is_draining(self):
        def slow(exchange):
            exchange.read()
            if exchange.request.target == "/slow":
                time.sleep(1.5)
            return reply(200, "done")
        proxy = self.watched(self.origin(slow), {})
        self.wait_for_state(proxy, "healthy")
        waiting = threading.Thread(target=lambda: ask(proxy.inbound, "/slow"))
        waiting.start()
        wait_for(lambda: proxy.total("outrider_connections_open") > 0, "the slow request")
        proxy.signal(15)
        wait_for(lambda: proxy.get("/readyz").status == 503, "unready")
        self.assertIn(b"draining", proxy.get("/readyz").body)
        self.assertEqual(self.page(proxy)["state"], "draining")
        waiting.join()
        self.assertEqual(proxy.wait(), 0)


class Dependencies(HealthCase):
    def test_a_dependency_that_is_down_degrades(self):
        port = processes.free_ports(1)[0]
        stock = socket.create_server(("127.0.0.1", port))
        proxy = self.watched(self.origin(), {}, {"stock": self.dependency([f"127.0.0.1:{port}"])})
        self.wait_for_state(proxy, "healthy")
        began = time.monotonic()
        stock.close()
        self.wait_for_state(proxy, "degraded")
        self.assertLess(time.monotonic() - began, 1.5)
        self.assertIn("upstream stock: ", self.reasons(proxy))
        ready = proxy.get("/readyz")
        self.assert_status(ready, 200)
        self.assertIn(b"upstream stock: ", ready.body)
        proxy.wait_for_log(r"event health state=degraded: upstream stock: .*refused")

    def test_a_required_dependency_that_is_down_is_unhealthy(self):
        port = processes.free_ports(1)[0]
        proxy = self.watched(self.origin(), {}, {"stock": self.dependency([f"127.0.0.1:{port}"], required=True)})
        self.wait_for_state(proxy, "unhealthy")
        self.assert_status(proxy.get("/readyz"), 503)
        with socket.create_server(("127.0.0.1", port)):
            self.wait_for_state(proxy, "healthy")

    def test_an_endpoint_found_down_gets_no_calls_until_it_is_back(self):
        healths = [Answers(), Answers(), Answers()]
        origins = [self.origin(each) for each in healths]
        proxy = self.watched(self.origin(), {}, {"stock": self.dependency(origins, http="/healthz")})
        wait_for(lambda: sum(each["state"] == "up" for each in self.page(proxy)["targets"]) == 4, "all targets up")

        def calls(count=60):
            """How many of them each endpoint saw."""
            before = [origin_calls(each) for each in origins]
            for _ in range(count):
                self.assert_status(ask(proxy.outbound, "/call", host="stock"), 200)
            return [origin_calls(each) - seen for each, seen in zip(origins, before)]

        def endpoints():
            return json.loads(proxy.get("/api/state").body)["upstreams"]["stock"]
        healths[1].status = 500
        wait_for(lambda: endpoints()[1].get("held_out"), "the endpoint to be held out")
        self.assertIn("answered 500", endpoints()[1]["down"])
        seen = calls()
        self.assertEqual(seen[1], 0)
        self.assertTrue(seen[0] and seen[2], seen)
        self.assertEqual(self.page(proxy)["state"], "healthy")
        healths[0].status = healths[2].status = 500
        self.wait_for_state(proxy, "degraded")
        self.assertEqual(sum(bool(each.get("held_out")) for each in endpoints()), 1)  # half of three at most
        healths[0].status = healths[1].status = healths[2].status = 200
        wait_for(lambda: not any("down" in each for each in endpoints()), "all of them back")
        self.assertGreater(calls(300)[1], 0)

    def test_targets_that_never_answer_hold_up_nobody(self):
        silent = socket.create_server(("127.0.0.1", 0), backlog=200)
        self.addCleanup(silent.close)
        port = processes.free_ports(1)[0]
        application = socket.create_server(("127.0.0.1", port))
        upstreams = {f"silent-{n}": self.dependency(["127.0.0.1:%d" % silent.getsockname()[1]], http="/", timeout="5s") for n in range(20)}
        proxy = self.watched(f"127.0.0.1:{port}", {}, upstreams)
        self.wait_for_state(proxy, "healthy")
        time.sleep(1)
        began = time.monotonic()
        application.close()
        self.wait_for_state(proxy, "unhealthy", 3)
        self.assertLess(time.monotonic() - began, 1.5)

    def test_metrics_tell_of_states_and_results(self):
        answers = Answers()
        proxy = self.watched(self.origin(answers), {"http": "/healthz"})
        self.wait_for_state(proxy, "healthy")
        answers.status = 500
        self.wait_for_state(proxy, "unhealthy")
        metrics = proxy.metrics()
        self.assertEqual(metrics['outrider_health_state{state="unhealthy"}'], 1)
        self.assertEqual(metrics['outrider_health_state{state="healthy"}'], 0)
        self.assertEqual(metrics["outrider_health_changes_total"], 2)
        self.assertEqual([value for series, value in metrics.items() if series.startswith("outrider_target_up{")], [0])
        self.assertGreaterEqual(proxy.total("outrider_probe_results_total", result="failure"), 2)
        self.assertGreaterEqual(proxy.total("outrider_probe_results_total", result="success"), 1)


def origin_calls(origin):
    return sum(request.target == "/call" for request in origin.requests)


class KafkaCluster(HealthCase):
    def test_is_known_by_its_metadata(self):
        found = brokers.jars()
        if not found:
            self.skipTest("no Java or Maven")
        cluster = brokers.Cluster(found[-1])
        self.addCleanup(cluster.close)
        proxy = self.watched(self.origin(), {}, kafka={"main": {
            "listen": "127.0.0.1:0", "brokers": [cluster.bootstrap()],
            "health": {"every": "200ms", "timeout": "1s", "rise": 1, "fall": 2}}})
        wait_for(lambda: self.target(proxy, "kafka:main")["state"] == "up", "the cluster to be up", 15)
        self.assertRegex(self.target(proxy, "kafka:main")["last"]["text"], r"1 broker, controller \d")
        self.assertEqual(self.page(proxy)["state"], "healthy")
        cluster.kill(1)
        self.wait_for_state(proxy, "degraded", 10)
        self.assertIn("Kafka cluster main: ", self.reasons(proxy))
        cluster.start(1)
        self.wait_for_state(proxy, "healthy", 30)


if __name__ == "__main__":
    harness.main()
