"""What tests of transparent interception start from: a cable, an application and its sidecar at one end, the world at the other."""
import json
import os
import sys

import harness
import namespaces
import origins
import processes

SIDECAR, APPLICATION = 1337, 1001
OUTBOUND, INBOUND, ADMIN = 7915, 7916, 7900
PYTHON = "/usr/bin/python3"
PATIENCE = "--connect-timeout 5 --max-time 15 -sS".split()

TALK = """
import socket, sys
address, first, said, half_close = sys.argv[1], sys.argv[2], sys.argv[3].encode(), sys.argv[4] == "half-close"
host, _, port = address.rpartition(":")
with socket.create_connection((host.strip("[]"), int(port)), 5) as connection:
    connection.settimeout(10)
    got = connection.recv(1000) if first == "listen" else b""
    connection.sendall(said)
    if half_close:
        connection.shutdown(socket.SHUT_WR)
    while piece := connection.recv(1000):
        got += piece
sys.stdout.write(got.decode())
"""


class InterceptingSidecar(processes.Sidecar):
    """A sidecar in the application's namespace, as its own user."""

    def __init__(self, namespace, config, folder, user=SIDECAR):  # pylint: disable=super-init-not-called
        self.namespace = namespace
        path = folder / "sidecar.yaml"
        path.write_text(json.dumps(config))
        os.chown(folder, user, user)
        processes.Process.__init__(self, namespace.command(processes.OUTRIDER, "run", "--config", path, user=user))
        self.kafka, self.upstreams, self.inbounds, self.inbound, self.outbound, self.admin, self.probes = {}, {}, [], None, None, None, None
        try:
            self.wait_for_log(r"\bready\b")
        except AssertionError:
            self.close()
            raise
        self.read_addresses()

    def get(self, *arguments, **how):
        with self.namespace.entered():
            return super().get(*arguments, **how)


class Intercepted(harness.Case):
    """A cable, the application at its near end, the world at its far end."""

    def setUp(self):
        self.cable = self.keep(namespaces.Cable())
        self.near, self.far = self.cable.near, self.cable.far
        self.here, self.there = self.cable.addresses[4]

    def outrider(self, *words, namespace=None, check=True, environment=None, before=()):
        return (namespace or self.near).run(*before, processes.OUTRIDER, *words, check=check, environment=environment)

    def install(self, *more, own=("--uid", SIDECAR), **how):
        return self.outrider("intercept", "install", *own, *more, **how)

    def rules(self):
        """Everything in the tables that ours could be in: no comments, no counters, and no chains of the kernel's own."""
        table = self.near.run("nft", "list", "table", "inet", "outrider", check=False).stdout
        saved = [self.near.run(f"{family}-save", "-t", "nat").stdout for family in ("iptables", "ip6tables")]
        return table + "".join(f"{line}\n" for line in "".join(saved).splitlines() if line.startswith(("-A", ":OUTRIDER")))

    def server(self, handler=origins.echo, host=None, namespace=None, **how):
        with (namespace or self.far).entered():
            return self.origin(handler, host=host or self.there, **how)

    def intercepting(self, intercept=None, user=SIDECAR, **config):
        """(a sidecar, the receiver of its spans)"""
        with self.near.entered():
            receiver = self.receiver()
        own = {"uid": user} if user else {"mark": "0x539"}
        whole = {"service": "shop", "state": str(self.folder()), "admin": f"127.0.0.1:{ADMIN}", "log_level": "debug",
                 "tracing": {"otlp": receiver.url, "protocol": "http/json", "batch": {"delay": "100ms"}},
                 "intercept": {"outbound": OUTBOUND, **own, **(intercept or {})}, **config}
        os.chown(whole["state"], user, user)
        return self.keep(InterceptingSidecar(self.near, whole, self.folder(), user)), receiver

    def curl(self, url, *more, namespace=None, check=True, user=APPLICATION):
        return (namespace or self.near).run("curl", *PATIENCE, *more, url, user=user, check=check)

    def talk(self, address, said, first="speak", half_close=False, check=True, user=APPLICATION):
        return self.near.run(PYTHON, "-c", TALK, address, first, said, "half-close" if half_close else "", user=user, check=check)

    def taken_as(self, sidecar, protocol, direction="outbound"):
        return sidecar.total("outrider_intercepted_connections_total", protocol=protocol, direction=direction)

    def refused(self, sidecar, reason, direction="outbound"):
        return sidecar.total("outrider_intercept_refused_total", reason=reason, direction=direction)

    def family(self, version):
        """(the application's address, the world's, as in a URL)"""
        return tuple(f"[{address}]" if version == 6 else address for address in self.cable.addresses[version])


def skip_where_impossible():
    """Ends the whole file where there are no network namespaces: as failed in CI, elsewhere as skipped."""
    if impossible := namespaces.why_impossible():
        if os.environ.get("CI") == "true":
            sys.exit(f"error: CI tests interception, and here {impossible}")
        harness.skip_all(f"{impossible}; INTERCEPTION WAS NOT TESTED")
