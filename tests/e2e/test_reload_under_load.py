"""A hundred reloads, by signal, by file and by request, under 2,000 requests a second: none of them fails."""
import json
import os
import shutil
import signal
import subprocess
import time

import harness
import measuring
import processes

from harness import wait_for

RATE, SECONDS, RELOADS = 2_000, 40, 100
ORIGIN = """daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/nginx.log;
events {{ worker_connections 4096; }}
http {{ access_log off; keepalive_timeout 600; keepalive_requests 100000000; client_body_temp_path {folder}/body;
server {{ listen 127.0.0.1:{port} backlog=4096; location / {{ return 200 "hello"; }} }} }}
"""
# Rules of every kind that keep state; none of them ever refuses anything.
POLICIES = """policies:
  - name: calls
    match: {{inbound: "*"}}
    limit: {{rate: 1000000/s, burst: {burst}}}
    concurrency: {{max: {burst}}}
  - name: tries
    match: {{inbound: "GET /{{any}}"}}
    timeout: {{total: {seconds}s}}
    retry: {{when: [connect], attempts: 2, budget: 20%}}
    breaker: {{failures: 90%, consecutive: 1000, window: 10s, min_calls: 1000}}
"""
REQUESTS = [b"GET /a HTTP/1.1\r\nHost: orders\r\n\r\n"] * 8 + [
    b"POST /b HTTP/1.1\r\nHost: orders\r\nContent-Length: 300\r\n\r\n" + b"x" * 300,
    b"GET /c HTTP/1.1\r\nHost: orders\r\nConnection: close\r\n\r\n"]


class ReloadUnderLoad(harness.Case):
    def setUp(self):
        self.files = self.folder()
        self.files.chmod(0o755)  # nginx started by root reads it as another user
        self.write(0)
        port = processes.free_ports(1)[0]
        (self.files / "nginx.conf").write_text(ORIGIN.format(folder=self.files, port=port))
        self.app = self.keep(measuring.Server(["nginx", "-p", self.files, "-c", self.files / "nginx.conf", "-e", self.files / "nginx.log"], port))
        self.proxy = self.sidecar("127.0.0.1:%d" % port, settings={"policies": str(self.files / "policies.yaml"), "workers": 2, "tracing.exporter": "none"})

    def write(self, turn):
        """As editors and ConfigMaps do it: another file in its place."""
        other = self.files / "policies.new"
        other.write_text(POLICIES.format(burst=100_000 + turn, seconds=10 + turn % 7))
        os.replace(other, self.files / "policies.yaml")

    def load(self):
        """The load generator, whose requests are due at times of their own, from which their latencies count."""
        requests = self.files / "requests"
        requests.write_bytes(b"".join(b"%d\n%s" % (len(request), request) for request in REQUESTS))
        program = measuring.tool(processes.ROOT / "tests/bench/http_vs_peers/http_load.cpp", measuring.tools_folder(processes.OUTRIDER))
        command = [program, self.proxy.inbound[0], str(self.proxy.inbound[1]), str(RATE), str(SECONDS), "64", requests]
        return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)

    def applied(self):
        return self.proxy.total("outrider_policy_reloads_total", outcome="applied")

    def reload(self, turn):
        before = self.applied()
        self.write(turn)
        if turn % 3 == 0:
            self.proxy.signal(signal.SIGHUP)
        elif turn % 3 == 1:
            self.assert_status(self.proxy.post("/api/reload", {}), 200)
        wait_for(lambda: self.applied() > before, f"reload {turn}")

    def test_no_request_fails(self):
        load, began = self.load(), time.monotonic()
        self.addCleanup(load.wait)
        wait_for(lambda: self.proxy.total("outrider_requests_total") > RATE / 10, "the load")
        versions = set()
        for turn in range(1, RELOADS + 1):
            self.reload(turn)
            versions.add(json.loads(self.proxy.get("/api/policies").body)["version"])
            time.sleep(max(0, began + 1 + turn * (SECONDS - 6) / RELOADS - time.monotonic()))
        self.assertIsNone(load.poll(), "the load went on all the time")
        result = json.loads(load.communicate(timeout=60)[0])
        print(f"{self.applied():.0f} reloads, {len(versions)} versions, {result}", flush=True)
        self.assertEqual(len(versions), RELOADS)
        self.assertGreaterEqual(self.applied(), RELOADS)
        self.assertEqual(self.proxy.total("outrider_policy_reloads_total", outcome="failed"), 0)
        self.assertEqual((result["errors"], result["unanswered"]), (0, 0))
        self.assertGreater(result["requests"], 0.95 * RATE * SECONDS)
        failed = {series: value for series, value in self.proxy.metrics().items() if series.startswith("outrider_failures_total") and value}
        self.assertEqual(failed, {})
        self.assertEqual(self.proxy.total("outrider_requests_total", status="200"), result["requests"])


if __name__ == "__main__":
    if not shutil.which("nginx"):
        harness.skip_all("no nginx here, which answers fast enough to be behind the load")
    harness.main()
