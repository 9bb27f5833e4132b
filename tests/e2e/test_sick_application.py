"""An application that is known to be sick is left alone: callers are told why, or get the fallback; when it is well it is asked again."""
import json
import signal
import socket
import threading
import time

import harness
from governed import Governed, policies
from harness import ask, attributes, wait_for
from processes import Application
from wire import Client

QUICK = {"health.app.every": "100ms", "health.app.fall": 2, "health.app.rise": 1}


class Probed:
    """Stands where an application stood: takes connections, keeps their first lines, and answers nobody."""

    def __init__(self, port):
        self.lines = []
        self.listener = socket.create_server(("127.0.0.1", port))
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(2)
                try:
                    self.lines.append(connection.recv(4096).partition(b"\r\n")[0].decode("latin-1"))
                except OSError:
                    self.lines.append("nothing")

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


class Watched(Governed):
    def application(self, port=0):
        return self.keep(Application(port))

    def watched(self, app, text="policies: []\n", **settings):
        """A sidecar that is ready, its probes quick."""
        receiver = self.receiver()
        proxy = self.governed(text, app=app, otlp=receiver, settings=self.json_spans(**{**QUICK, **settings}))
        proxy.receiver = receiver
        wait_for(lambda: self.ready(proxy) == 200, "the sidecar to be ready")
        return proxy

    def ready(self, proxy):
        return proxy.get("/readyz").status

    def wait_until_sick(self, proxy):
        wait_for(lambda: self.ready(proxy) == 503, "the application to be known as sick")

    def wait_until_well(self, proxy):
        wait_for(lambda: self.ready(proxy) == 200, "the application to be known as well")

    def attempts(self, proxy):
        return proxy.total("outrider_upstream_attempts_total", upstream="app")


class SickApplications(Watched):
    def test_callers_are_told_why_and_it_is_not_touched(self):
        app, log = self.application(), self.folder() / "access.log"
        proxy = self.watched(app, **{"access_log.format": "json", "access_log.path": str(log)})
        with Client(proxy.inbound) as kept:
            self.assert_status(kept.request("/before"), 200)
            app.kill()
            self.wait_until_sick(proxy)
            tried = self.attempts(proxy)
            for _ in range(20):
                began = time.monotonic()
                answer = kept.request("/meanwhile")
                self.assertLess(time.monotonic() - began, 0.2)
                self.assert_status(answer, 503)
            self.assertEqual(answer.get("Proxy-Status"), "outrider; error=destination_unavailable")
            self.assertEqual(answer.get("Content-Type"), "application/problem+json")
            self.assertIn(int(answer.get("Retry-After")), range(1, 10))
            problem = json.loads(answer.body)
            self.assertEqual(problem["status"], 503)
            self.assertIn("known to be unhealthy: ", problem["detail"])
            self.assertIn("refused", problem["detail"], "the reason")
            self.assertGreaterEqual(problem["retry_after"], 1)
            self.assertEqual(self.attempts(proxy), tried, "no attempt at it")
            self.assertEqual(proxy.total("outrider_failures_total", reason="application_unhealthy"), 20)
            self.assertEqual(proxy.get("/livez").status, 200)
            ready = proxy.get("/readyz")
            self.assert_status(ready, 503)
            self.assertIn(str(app), ready.body.decode())
            self.application(app.port)
            self.wait_until_well(proxy)
            self.assert_status(kept.request("/after"), 200)

        def refused():
            return [span for span in proxy.receiver.spans() if attributes(span).get("error.type") == "application_unhealthy"]
        wait_for(lambda: len(refused()) == 20, "a span of each refusal")
        self.assertEqual({attributes(span)["http.response.status_code"] for span in refused()}, {503})
        wait_for(lambda: len(log.read_text().splitlines()) == 22, "a line of each exchange")
        lines = [json.loads(line) for line in log.read_text().splitlines()]
        self.assertEqual([each.get("error") or None for each in lines], [None] + ["application_unhealthy"] * 20 + [None])

    def test_a_fallback_answers_in_its_place(self):
        app, file = self.application(), self.folder() / "closed.json"
        file.write_text('{"shop": "closed"}')
        proxy = self.watched(app, policies(f"""
  - name: closed
    match: {{inbound: "GET /orders/{{id}}"}}
    limit: {{rate: 1/h, burst: 1}}
    fallback: {{when: [failed], file: {file}}}
  - name: last-page
    match: {{inbound: "GET /pages/{{id}}"}}
    fallback: {{when: [failed], stale: 1m}}
"""))
        self.assert_status(ask(proxy.inbound, "/pages/1"), 200)
        app.kill()
        self.wait_until_sick(proxy)
        for _ in range(3):
            answer = ask(proxy.inbound, "/orders/7")
            self.assert_status(answer, 200)
            self.assertEqual(json.loads(answer.body), {"shop": "closed"})
            self.assertEqual(answer.get("Outrider-Fallback"), "closed")
            self.assertEqual(answer.get("Proxy-Status"), "outrider; error=destination_unavailable")
        stale = ask(proxy.inbound, "/pages/1")
        self.assert_status(stale, 200)
        self.assertEqual((stale.body, stale.get("Outrider-Fallback")), (b"well\n", "last-page"))
        self.assert_status(ask(proxy.inbound, "/pages/2"), 503)
        self.assertEqual(self.decisions(proxy, policy="closed", rule="limit"), 0, "nobody pays for what he does not get")
        self.application(app.port)
        self.wait_until_well(proxy)
        self.assertEqual(ask(proxy.inbound, "/orders/7").body, b"well\n")

    def test_one_that_has_not_come_yet_is_tried(self):
        app = self.application()
        app.kill()
        proxy = self.governed("policies: []\n", app=app, settings=QUICK)
        time.sleep(1)
        answer = ask(proxy.inbound, "/early")
        self.assert_status(answer, 502)
        self.assertEqual(answer.get("Proxy-Status"), "outrider; error=connection_refused")
        self.application(app.port)
        wait_for(lambda: ask(proxy.inbound, "/now").status == 200, "it to come")

    def test_two_applications_are_two(self):
        sick, well = self.application(), self.application()
        proxy = self.sidecar_from(f"""
service: orders
state: {self.folder()}
admin: 127.0.0.1:0
inbound: [{{listen: 127.0.0.1:0, app: "{sick}"}}, {{listen: 127.0.0.1:0, app: "{well}"}}]
health: {{app: {{every: 100ms, fall: 2}}}}
""")
        wait_for(lambda: self.ready(proxy) == 200, "both")
        sick.kill()
        self.wait_until_sick(proxy)
        self.assert_status(ask(proxy.inbounds[0]), 503)
        self.assert_status(ask(proxy.inbounds[1]), 200)


class Probes(Watched):
    """With probes of HTTP, that tell an application that does not answer from one that does."""

    HTTP = {"health.app.http": "/healthz", "health.app.timeout": "200ms"}

    def test_one_that_stands_still_is_left_alone_until_it_moves(self):
        app = self.application()
        proxy = self.watched(app, **self.HTTP)
        self.assert_status(ask(proxy.inbound, "/before"), 200)
        app.signal(signal.SIGSTOP)
        try:
            self.wait_until_sick(proxy)
            for _ in range(20):
                began = time.monotonic()
                self.assert_status(ask(proxy.inbound, "/meanwhile"), 503)
                self.assertLess(time.monotonic() - began, 0.2, "it is not waited for")
            self.assertEqual(proxy.get("/livez").status, 200)
        finally:
            app.signal(signal.SIGCONT)
        self.wait_until_well(proxy)
        self.assert_status(ask(proxy.inbound, "/after"), 200)
        self.assertEqual(app.requests(), ["GET /before", "GET /after"])

    def test_only_probes_connect_to_it(self):
        app = self.application()
        proxy = self.watched(app, **self.HTTP)
        app.kill()
        stand_in = Probed(app.port)
        self.wait_until_sick(proxy)
        stand_in.lines.clear()
        for _ in range(20):
            self.assert_status(ask(proxy.inbound, "/meanwhile"), 503)
        wait_for(lambda: len(stand_in.lines) >= 3, "some probes")
        stand_in.close()
        self.assertEqual(set(stand_in.lines), {"GET /healthz HTTP/1.1"})
        self.application(app.port)
        self.wait_until_well(proxy)
        self.assert_status(ask(proxy.inbound, "/after"), 200)


if __name__ == "__main__":
    harness.main()
