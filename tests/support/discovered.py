"""Two sidecars and a registry between them: `stock` makes itself known there, `orders` finds it there."""
import json
import time

import harness
import origins
import processes
from harness import Client, reply, wait_for


class Application:
    """Answers its health check as `healthy` says, and everything else with `name`."""

    def __init__(self, name):
        self.name, self.healthy = name, True
        self.origin = origins.Origin(self.handle)

    def handle(self, exchange):
        request = exchange.read()
        if request.target == "/healthz":
            return reply(200 if self.healthy else 503)
        return reply(body=self.name)

    def close(self):
        self.origin.close()


class Case(harness.Case):
    """`registry` is the YAML below `registries:`, without `register`."""

    def callee(self, registry, application):
        port = processes.free_ports(1)[0]
        return self.sidecar_from(f"""
service: stock
inbound: [{{listen: 127.0.0.1:{port}, app: {application.origin}}}]
admin: 127.0.0.1:0
state: {self.folder()}
advertise: 127.0.0.1:{port}
health: {{app: {{http: /healthz, every: 100ms, rise: 1, fall: 1}}}}
registries:
{registry}
""")

    def caller(self, registry, by):
        return self.sidecar_from(f"""
service: orders
outbound: {{listen: 127.0.0.1:0}}
admin: 127.0.0.1:0
state: {self.folder()}
upstreams: {{stock: {{discover: {by}}}}}
registries:
{registry}
""", ready=True)

    @staticmethod
    def found(caller):
        """The endpoints in use, as the caller's state tells them."""
        return json.loads(caller.get("/api/state").body)["discovery"]["upstreams"]["stock"]

    @staticmethod
    def call(caller):
        with Client(caller.outbound) as client:
            return client.request("/", host="stock")

    def assert_verdict_travels(self, callee, caller, application):
        """The application falls sick and recovers; its caller knows within a second of the verdict."""
        wait_for(lambda: self.call(caller).status == 200, "the caller to find it")
        self.assertEqual(self.call(caller).body, application.name.encode())
        for healthy in (False, True):
            application.healthy = healthy
            wait_for(lambda wanted=healthy: (callee.get("/readyz").status == 200) == wanted, "the verdict")
            began = time.monotonic()
            wait_for(lambda wanted=healthy: bool(self.found(caller)["endpoints"]) == wanted, "the caller to know")
            self.assertLess(time.monotonic() - began, 1.0)
            if healthy:
                self.assertEqual(self.call(caller).status, 200)
            else:
                self.assertEqual(self.call(caller).status, 503)

    def assert_a_stop_costs_nothing(self, callee, other, caller):
        """One of two stops: its caller knows within a second, and no call fails meanwhile."""
        both = [":".join(map(str, each.inbound)) for each in (callee, other)]
        wait_for(lambda: sorted(self.found(caller)["endpoints"]) == sorted(both), "both to be found")
        callee.signal(15)
        began = time.monotonic()
        while self.found(caller)["endpoints"] != both[1:]:
            self.assertEqual(self.call(caller).status, 200)
            self.assertLess(time.monotonic() - began, 1.0)
        while callee.process.poll() is None:
            self.assertEqual(self.call(caller).status, 200)
            self.assertLess(time.monotonic() - began, 30.0)
        self.assertEqual(callee.wait(), 0)
