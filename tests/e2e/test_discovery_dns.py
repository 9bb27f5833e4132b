"""Upstreams that DNS names, by a real dnsmasq whose records change and which goes away."""
import json
import shutil
import signal
import time

import harness
import processes
from authority import Authority
from harness import ask, reply, wait_for

if not shutil.which("dnsmasq"):
    harness.skip_all("there is no dnsmasq")


class Dnsmasq(processes.Process):
    """A name server on loopback; names under `internal` are its own."""

    def __init__(self, folder, port=None, services=()):
        self.port, self.hosts = port or processes.free_ports(1)[0], folder / "hosts"
        if not self.hosts.exists():
            self.hosts.write_text("")
        super().__init__(["dnsmasq", "--no-daemon", "--conf-file=/dev/null", "--no-resolv", "--no-hosts", f"--addn-hosts={self.hosts}",
                          "--local=/internal/", "--local-ttl=1", f"--port={self.port}", "--listen-address=127.0.0.1", "--bind-interfaces",
                          "--pid-file=", "--user=root", "--group=root", "--log-queries=extra",
                          *(f"--srv-host={each}" for each in services)])
        self.wait_for_log("started, version")

    def say(self, **records):
        """The addresses of each name, from now on."""
        self.hosts.write_text("".join(f"{address} {name}.internal\n" for name, addresses in records.items() for address in addresses))
        self.signal(signal.SIGHUP)


class ByDns(harness.Case):
    def setUp(self):
        self.place = self.folder()
        self.port = processes.free_ports(1)[0]

    def dnsmasq(self, port=None, services=(), **records):
        server = self.keep(Dnsmasq(self.place, port, services))
        if records:
            server.say(**records)
        return server

    def stock(self, host, port=None):
        return self.origin(lambda exchange: exchange.read() and reply(body=host), host=host, port=port or self.port)

    def proxy(self, server, service=None, settings=None):
        return self.sidecar(routes={"stock": f"discover:dns:{service or f'stock.internal:{self.port}'}"},
                            settings={"registries.dns.servers": f"127.0.0.1:{server.port}", **(settings or {})})

    def asked(self, proxy):
        """Who answers, or the status with the reason."""
        answer = ask(proxy.outbound, host="stock")
        return answer.body.decode() if answer.status == 200 else f"{answer.status} {answer.body.decode()}"

    def state(self, proxy):
        return json.loads(proxy.get("/api/state").body)

    def seen(self, proxy, name="stock"):
        return self.state(proxy)["discovery"]["upstreams"][name]

    def test_an_address_that_changes_is_followed_within_its_time_to_live(self):
        for each in ("127.0.0.2", "127.0.0.3"):
            self.stock(each)
        server = self.dnsmasq(stock=["127.0.0.2"])
        proxy = self.proxy(server)
        self.assertEqual(self.asked(proxy), "127.0.0.2", proxy.log())
        server.say(stock=["127.0.0.3"])
        changed = time.monotonic()
        wait_for(lambda: self.asked(proxy) == "127.0.0.3", "the other address", within=5)
        self.assertLess(time.monotonic() - changed, 2.5)
        proxy.wait_for_log(rf"upstream 'stock': 1 endpoints by DNS: came 127.0.0.3:{self.port}; went 127.0.0.2:{self.port}")
        self.assertEqual(self.seen(proxy)["endpoints"], [f"127.0.0.3:{self.port}"])
        self.assertEqual(proxy.total("outrider_discovery_endpoints", upstream="stock"), 1)

    def test_all_addresses_of_a_name_are_used(self):
        hosts = ["127.0.0.2", "127.0.0.3", "127.0.0.4"]
        for each in hosts:
            self.stock(each)
        proxy = self.proxy(self.dnsmasq(stock=hosts))
        self.assertEqual({self.asked(proxy) for _ in range(60)}, set(hosts))
        self.assertEqual([each["endpoint"] for each in self.state(proxy)["upstreams"]["stock"]],
                         [f"{each}:{self.port}" for each in hosts])

    def test_service_records_bring_ports_and_priorities(self):
        ports = processes.free_ports(3)
        for host, port in zip(("127.0.0.2", "127.0.0.3", "127.0.0.4"), ports):
            self.stock(host, port)
        server = self.dnsmasq(services=[f"_http._tcp.stock.internal,s{i + 1}.internal,{port},{20 if i == 2 else 10},1"
                                        for i, port in enumerate(ports)],
                              s1=["127.0.0.2"], s2=["127.0.0.3"], s3=["127.0.0.4"])
        proxy = self.proxy(server, "_http._tcp.stock.internal")
        self.assertEqual({self.asked(proxy) for _ in range(60)}, {"127.0.0.2", "127.0.0.3"})
        server.say(s1=["127.0.0.2"], s2=[], s3=["127.0.0.4"])
        wait_for(lambda: self.seen(proxy)["endpoints"] == [f"127.0.0.2:{ports[0]}"], "one of them to go")

    def test_a_name_that_goes_is_believed_when_it_stays_away(self):
        self.stock("127.0.0.2")
        server = self.dnsmasq(stock=["127.0.0.2"])
        proxy = self.proxy(server)
        self.assertEqual(self.asked(proxy), "127.0.0.2")
        server.say(other=["127.0.0.9"])
        wait_for(lambda: self.seen(proxy).get("empty_in_doubt"), "a first empty answer")
        self.assertEqual(self.asked(proxy), "127.0.0.2")
        wait_for(lambda: self.asked(proxy).startswith("503"), "the empty answer to be believed")
        self.assertIn(f"no endpoint of upstream 'stock' is known: DNS has no member of 'stock.internal:{self.port}'", self.asked(proxy))
        self.assertEqual(proxy.total("outrider_failures_total", reason="no_endpoint"), 2)
        server.say(stock=["127.0.0.2"])
        wait_for(lambda: self.asked(proxy) == "127.0.0.2", "the name to come back")

    def test_a_server_that_is_gone_leaves_its_last_word_in_use(self):
        self.stock("127.0.0.2")
        server = self.dnsmasq(stock=["127.0.0.2"])
        proxy = self.proxy(server)
        self.assertEqual(self.asked(proxy), "127.0.0.2")
        self.assertEqual(proxy.total("outrider_registry_up", registry="dns"), 1)
        server.stop()
        wait_for(lambda: proxy.total("outrider_registry_up", registry="dns") == 0, "the loss to be noticed")
        wait_for(lambda: self.seen(proxy)["age_seconds"] >= 1, "the list to age")
        self.assertIn("stock.internal", self.seen(proxy)["problem"])
        self.assertEqual(self.asked(proxy), "127.0.0.2")
        self.assertGreaterEqual(proxy.total("outrider_registry_failures_total", registry="dns"), 1)
        server = self.dnsmasq(port=server.port)
        wait_for(lambda: proxy.total("outrider_registry_up", registry="dns") == 1, "the server to be found again")
        wait_for(lambda: self.seen(proxy)["age_seconds"] == 0 and "problem" not in self.seen(proxy), "all to be well")

    def test_the_last_word_does_not_hold_for_ever(self):
        self.stock("127.0.0.2")
        server = self.dnsmasq(stock=["127.0.0.2"])
        proxy = self.proxy(server, settings={"registries.dns.stale": "2s"})
        self.assertEqual(self.asked(proxy), "127.0.0.2")
        server.stop()
        wait_for(lambda: self.asked(proxy).startswith("503"), "the list to be too old", within=15)
        self.assertIn("DNS could not be asked for 2s, which is as long as its last word stays in use", self.asked(proxy))
        self.dnsmasq(port=server.port)
        wait_for(lambda: self.asked(proxy) == "127.0.0.2", "the server to be found again", within=30)

    def test_a_sidecar_starts_without_its_server(self):
        port = processes.free_ports(1)[0]
        started = time.monotonic()
        proxy = self.sidecar(routes={"stock": f"discover:dns:stock.internal:{self.port}"},
                             settings={"registries.dns.servers": f"127.0.0.1:{port}"})
        self.assertLess(time.monotonic() - started, 3)
        self.assertIn("no endpoint of upstream 'stock' is known: DNS can't be asked: stock.internal", self.asked(proxy))
        self.stock("127.0.0.2")
        self.dnsmasq(port=port, stock=["127.0.0.2"])
        wait_for(lambda: self.asked(proxy) == "127.0.0.2", "the server to be found", within=30)

    def test_our_own_listener_is_no_member(self):
        server = self.dnsmasq(stock=["127.0.0.1"], metadata=["169.254.169.254"])
        listen = processes.free_ports(1)[0]
        proxy = self.sidecar(routes={"stock": f"discover:dns:stock.internal:{listen}", "other": "discover:dns:metadata.internal:80"},
                             settings={"registries.dns.servers": f"127.0.0.1:{server.port}"}, more=["--probes", f"127.0.0.1:{listen}"])
        self.assertIn("it is a listener of this sidecar", self.asked(proxy))
        self.assertEqual(self.seen(proxy)["left_out"], 1)
        self.assertIn("it is a link-local address", self.seen(proxy, "other")["none_because"])

    def test_members_that_speak_tls_are_verified_by_their_own_name(self):
        authority = Authority(self.folder())
        secure = self.origin(lambda exchange: exchange.read() and reply(body="secure"), context=authority.server("stock.internal"),
                             host="127.0.0.2")
        server = self.dnsmasq(stock=["127.0.0.2"])
        proxy = self.proxy(server, f"stock.internal:{secure.port}",
                           {"upstreams.stock.discover.tls": "true", "upstreams.stock.tls.ca": authority.ca})
        self.assertEqual(self.asked(proxy), "secure")
        self.assertEqual(secure.requests[0].get("Host"), f"stock.internal:{secure.port}")


if __name__ == "__main__":
    harness.main()
