"""What systemd is told by a `Type=notify` sidecar, over a real socket: the start, reloads, the watchdog, the end."""
import pathlib
import signal
import socket
import threading
import time

import harness
from harness import Client, reply, wait_for


class Manager:
    """Hears what is said, as {"READY": "1", ...} per datagram."""

    def __init__(self, name):
        self.name, self.heard = name, []
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(name)
        self.socket.setblocking(False)

    def close(self):
        self.socket.close()

    def listen(self):
        try:
            while True:
                self.heard.append(dict(line.split("=", 1) for line in self.socket.recv(4096).decode().split("\n")))
        except BlockingIOError:
            return self.heard

    def wait_for(self, key, value=None, after=0, within=10):
        """The first datagram from the `after`th on that says so."""
        def look():
            return next((said for said in self.listen()[after:] if key in said and (value is None or said[key] == value)), None)
        return wait_for(look, f"{key}={value or '...'}", within)


class ServiceManager(harness.Case):
    def managed(self, app=None, name=None, environment=None, **how):
        name = name or str(self.folder() / "notify")
        self.manager = self.keep(Manager(name))
        shown = "@" + name[1:] if name.startswith("\0") else name
        return self.sidecar(app or self.origin(), environment={"NOTIFY_SOCKET": shown, **(environment or {})}, **how)

    def test_it_hears_of_the_start_and_of_the_end(self):
        for name in (None, "\0outrider-test-%d-%d" % (id(self), time.monotonic_ns())):
            with self.subTest(name=name):
                proxy = self.managed(name=name, settings={"drain": "7s", "stop.delay": "500ms"})
                self.assertEqual(self.manager.wait_for("READY", "1"), {"READY": "1", "STATUS": "serving orders"})
                proxy.signal(signal.SIGTERM)
                stopping = self.manager.wait_for("STOPPING", "1")
                # A second for registries, the delay, the drain, a second to cut off, five to deliver.
                self.assertEqual(stopping["EXTEND_TIMEOUT_USEC"], str(14_500_000))
                self.assertEqual(proxy.wait(), 0)

    def test_it_hears_of_a_reload(self):
        proxy = self.managed()
        self.manager.wait_for("READY")
        before = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        proxy.signal(signal.SIGHUP)
        self.manager.wait_for("READY", after=1)
        began, ended = self.manager.heard[1:3]
        self.assertEqual(began["RELOADING"], "1")
        self.assertTrue(before <= int(began["MONOTONIC_USEC"]) <= time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000)
        self.assertEqual(ended, {"READY": "1", "STATUS": "serving orders"})

    def test_it_hears_that_a_reload_failed(self):
        policies = self.folder() / "policies.yaml"
        policies.write_text("policies: []\n")
        proxy = self.managed(settings={"policies": str(policies)})
        self.manager.wait_for("READY")
        policies.write_text("policies: [{nonsense: 1}]\n")
        proxy.signal(signal.SIGHUP)
        self.assertIn("the last reload failed", self.manager.wait_for("READY", after=1)["STATUS"])

    def test_the_watchdog_is_patted_while_it_serves_and_while_it_drains(self):
        go_on = threading.Event()
        proxy = self.managed(self.origin(lambda exchange: go_on.wait(30) and reply()), environment={"WATCHDOG_USEC": "400000"})
        self.assert_patted()
        with Client(proxy.inbound) as client:
            client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            wait_for(lambda: proxy.total("outrider_connections_open") == 1, "the connection")
            proxy.signal(signal.SIGTERM)
            self.assertIn("draining: 1 inbound", self.manager.wait_for("STATUS", after=self.here())["STATUS"])
            self.assert_patted()
            go_on.set()
            self.assert_status(client.response(), 200)
        self.assertEqual(proxy.wait(), 0)

    def here(self):
        return len(self.manager.listen())

    def assert_patted(self):
        """Several times in a row, each within the time that systemd would allow."""
        last = time.monotonic()
        for _ in range(6):
            self.manager.wait_for("WATCHDOG", "1", after=self.here(), within=5)
            now = time.monotonic()
            self.assertLess(now - last, 0.4)
            last = now

    def test_the_watchdog_of_another_process_is_left_alone(self):
        self.managed(environment={"WATCHDOG_USEC": "100000", "WATCHDOG_PID": "1"})
        self.manager.wait_for("READY")
        time.sleep(0.5)
        self.assertEqual(len(self.manager.listen()), 1)

    def test_without_a_manager_it_runs_as_ever(self):
        for name in ("", "nonsense", str(pathlib.Path(self.folder()) / "nobody"), "@" + "x" * 200):
            with self.subTest(name=name):
                proxy = self.sidecar(self.origin(), environment={"NOTIFY_SOCKET": name})
                self.assertEqual(proxy.stop(), 0)


if __name__ == "__main__":
    harness.main()
