"""Transparent interception: unmodified programs, rules of the kernel, and a sidecar that the programs know nothing of.

The application and its sidecar are in one network namespace, as users of their own; what they call, and who calls them, is in
another one.
"""
import contextlib
import json
import os
import pathlib
import stat

import authority
import harness
import intercepted
import processes
import wire

from intercepted import ADMIN, APPLICATION, INBOUND, OUTBOUND, PYTHON, SIDECAR, Intercepted

class OutboundHttp(Intercepted):
    def test_is_traced_without_the_clients_knowledge(self):
        sidecar, receiver = self.intercepting()
        self.install()
        for version in (4, 6):
            server = self.server(host=self.cable.addresses[version][1])
            told = json.loads(self.curl(f"http://{server}/orders/7").stdout)
            self.assertEqual(told["target"], "/orders/7")
            parents = [value for name, value in told["fields"] if name.lower() == "traceparent"]
            self.assertEqual(len(parents), 1)
            span = wire.wait_for(lambda server=server: next((each for each in receiver.spans()
                                 if harness.attributes(each).get("server.port") == server.port), None), "the span")
            self.assertEqual(span["kind"], harness.CLIENT)
            self.assertIn(span["spanId"], parents[0])
            self.assertEqual(harness.attributes(span)["network.peer.address"], server.host)
        self.assertEqual(self.taken_as(sidecar, "http"), 2)

    def test_goes_to_the_upstream_that_host_names_and_else_where_it_was_going(self):
        stock, other = self.server(), self.server()
        sidecar, receiver = self.intercepting(upstreams={"stock": {"endpoints": [str(stock)]}})
        self.install()
        self.curl(f"http://{other}/a", "-H", "Host: stock")
        self.assertEqual((len(stock.requests), len(other.requests)), (1, 0))
        self.curl(f"http://{other}/b", "-H", "Host: metadata.example")
        self.curl(f"http://{other}/c", "-H", "Host: 127.0.0.1:7900")
        self.assertEqual([request.target for request in other.requests], ["/b", "/c"])
        self.assertEqual(len(stock.requests), 1)
        spans = receiver.wait_for_spans(3)
        self.assertEqual({harness.attributes(span)["server.address"] for span in spans}, {stock.host, "metadata.example", "127.0.0.1"})
        self.assertEqual(self.taken_as(sidecar, "http"), 3)

    def test_is_refused_where_unknown_hosts_are(self):
        stock, other = self.server(), self.server()
        self.intercepting(upstreams={"stock": {"endpoints": [str(stock)]}}, outbound={"unknown_host": "refuse"})
        self.install()
        self.assertEqual(self.curl(f"http://{other}/", "-o", "/dev/null", "-w", "%{http_code}").stdout, "403")
        self.assertEqual(other.requests, [])
        self.curl(f"http://{other}/", "-H", "Host: stock", "-f")

    def test_is_known_by_declaration_where_nothing_is_looked_at(self):
        server = self.server()
        sidecar, _ = self.intercepting({"ports": {str(server.port): "http"}, "detect": "0s"})
        self.install()
        self.talk(str(server), "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        self.assertEqual(self.taken_as(sidecar, "http"), 1)
        undeclared = self.server()
        self.talk(str(undeclared), "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", half_close=True)
        self.assertEqual(self.taken_as(sidecar, "tcp"), 1, "nothing is looked at")
        self.assertEqual(len(undeclared.requests), 1)

    def test_of_a_proxys_client_reaches_that_proxy_as_it_is(self):
        proxy = self.server(lambda exchange: exchange.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"))
        sidecar, _ = self.intercepting()
        self.install()
        answer = self.curl("http://stock.example/x", "-x", f"http://{proxy}")
        self.assertEqual(answer.stdout, "hi")
        self.assertEqual(proxy.requests[0].target, "http://stock.example/x")
        self.assertEqual(self.taken_as(sidecar, "tcp"), 1)


class OtherProtocols(Intercepted):
    def test_that_let_the_server_speak_first_pass(self):
        def serve(connection):
            connection.sendall(b"220 hello\r\n")
            got = b""
            while piece := connection.recv(1000):
                got += piece
            connection.sendall(b"you said " + got)
        sidecar, _ = self.intercepting()
        self.install()
        for version in (4, 6):
            server = self.server(host=self.cable.addresses[version][1], raw=serve)
            said = self.talk(str(server), "EHLO me\r\n", first="listen", half_close=True).stdout
            self.assertEqual(said, "220 hello\r\nyou said EHLO me\r\n".replace("\r\n", "\n"))
        self.assertEqual(self.taken_as(sidecar, "tcp"), 2)
        self.assertEqual(sidecar.total("outrider_tcp_connections_total", direction="outbound"), 2)
        self.assertEqual(sidecar.total("outrider_tcp_bytes_total", direction="outbound", way="sent"), 2 * len("EHLO me\r\n"))
        self.assertEqual(sidecar.total("outrider_tcp_bytes_total", direction="outbound", way="received"),
                         2 * len("220 hello\r\nyou said EHLO me\r\n"))
        wire.wait_for(lambda: sidecar.total("outrider_tcp_connections_open") == 0, "the tunnels to end")

    def test_under_tls_pass_untouched(self):
        ca = authority.Authority(self.folder())
        os.chmod(ca.folder, 0o755)
        server = self.server(context=ca.server("stock.example"))
        sidecar, _ = self.intercepting()
        self.install()
        told = json.loads(self.curl(f"https://stock.example:{server.port}/x", "--cacert", ca.ca, "--resolve",
                                    f"stock.example:{server.port}:{server.host}").stdout)
        self.assertEqual(told["target"], "/x")
        self.assertNotIn("traceparent", [name.lower() for name, _ in told["fields"]])
        self.assertEqual(self.taken_as(sidecar, "tcp"), 1)

    def test_have_their_failures_counted_and_seen(self):
        sidecar, _ = self.intercepting()
        self.install()
        done = self.talk(f"{self.there}:9", "hello", check=False)
        self.assertIn("ConnectionResetError", done.stderr)
        self.assertEqual(sidecar.total("outrider_tcp_failures_total", reason="refused"), 1)


class Inbound(Intercepted):
    ports = {"inbound": INBOUND, "ports_in": [8080, 9090], "loopback": [9090]}

    def ask(self, port, version=4, check=True):
        return self.curl(f"http://{self.family(version)[0]}:{port}/x", "-f", namespace=self.far, check=check)

    def test_http_is_traced_at_its_own_address(self):
        sidecar, receiver = self.intercepting(self.ports)
        self.install("--ports-in", "8080,9090")
        for version, anywhere in ((4, "0.0.0.0"), (6, "::")):
            with contextlib.closing(self.server(host=anywhere, namespace=self.near, port=8080)) as app:
                told = json.loads(self.ask(8080, version).stdout)
                fields = {name.lower(): value for name, value in told["fields"]}
                self.assertEqual(fields["x-forwarded-for"], self.cable.addresses[version][1])
                self.assertIn("traceparent", fields)
                self.assertEqual(len(app.requests), 1)
        self.assertEqual({span["kind"] for span in receiver.wait_for_spans(2)}, {harness.SERVER})
        self.assertEqual(self.taken_as(sidecar, "http", "inbound"), 2)

    def test_a_caller_who_is_silent_at_first_passes_and_that_is_said_once(self):
        self.server(host="0.0.0.0", namespace=self.near, port=8080)
        sidecar, _ = self.intercepting({"inbound": INBOUND, "ports_in": [8080], "detect": "50ms"}, workers=1)
        self.install("--ports-in", "8080")
        for turn in (1, 2):
            with self.far.entered(), wire.Client((self.here, 8080)) as caller:
                wire.wait_for(lambda turn=turn: self.taken_as(sidecar, "tcp", "inbound") == turn, "the tunnel")
                self.assertEqual(caller.request("/x").status, 200)
        self.assertEqual(self.taken_as(sidecar, "tcp", "inbound"), 2)
        said = 'a caller of port 8080 said nothing within intercept.detect (50 ms)'
        self.assertEqual(sidecar.log().count(said), 1)
        self.assertIn('intercept.ports: {"8080": http}', sidecar.log())

    def test_ports_that_are_bound_to_loopback_stay_private(self):
        sidecar, _ = self.intercepting(self.ports)
        self.install("--ports-in", "8080,9090")
        for loopback, version in (("127.0.0.1", 4), ("::1", 6)):
            private = self.server(host=loopback, namespace=self.near, port=8080)
            self.server(host=loopback, namespace=self.near, port=9090)
            self.assertNotEqual(self.ask(8080, version, check=False).returncode, 0)
            self.assertEqual(private.accepted, 0)
            self.ask(9090, version)  # declared: callers may reach it
        self.assertGreaterEqual(self.taken_as(sidecar, "http", "inbound"), 2)

    def test_ports_that_are_not_declared_are_not_served(self):
        sidecar, _ = self.intercepting({"inbound": INBOUND, "ports_in": [8080]})
        self.server(host="0.0.0.0", namespace=self.near, port=9090)
        self.install("--ports-in", "8080,9090")
        self.assertNotEqual(self.ask(9090, check=False).returncode, 0)
        self.assertEqual(self.refused(sidecar, "not_declared", "inbound"), 1)

    def test_an_application_that_shares_our_user_is_refused(self):
        sidecar, _ = self.intercepting(self.ports)
        self.install("--ports-in", "8080")
        for version, anywhere in ((4, "0.0.0.0"), (6, "::")):
            self.assertNotEqual(self.ask(8080, version, check=False).returncode, 0, "nobody is there yet")
            before = self.refused(sidecar, "shared_user", "inbound")
            app = self.keep(self.near.start(PYTHON, "-m", "http.server", "8080", "--bind", anywhere, user=SIDECAR))
            wire.wait_for(lambda version=version: self.curl(f"http://{('127.0.0.1', '[::1]')[version == 6]}:8080/", check=False).returncode == 0,
                          "the application")
            self.assertIn(self.ask(8080, version, check=False).returncode, (7, 52, 56), "no answer of any kind")
            self.assertEqual(self.refused(sidecar, "shared_user", "inbound"), before + 1)
            self.assertIn("runs as this sidecar's own user", sidecar.log())
            again = self.install("--ports-in", "8080", check=False)
            self.assertEqual(again.returncode, 1)
            self.assertIn(f"user {SIDECAR} is not the sidecar's alone: python3 (process {app.pid})", again.stderr)
            app.stop()


class OwnListeners(Intercepted):
    def test_are_closed_to_what_was_going_there(self):
        sidecar, _ = self.intercepting({"inbound": INBOUND, "ports_in": [8080]}, probes="0.0.0.0:7910")
        self.install("--ports-in", "8080")
        for version in (4, 6):
            for port in (OUTBOUND, INBOUND):
                self.assertNotEqual(self.curl(f"http://{self.family(version)[0]}:{port}/", check=False).returncode, 0)
        self.assertNotEqual(self.curl(f"http://{self.here}:7910/livez", check=False).returncode, 0)
        self.assertEqual(self.refused(sidecar, "own_listener"), 5)
        for host, port, direction in (("127.0.0.1", OUTBOUND, "outbound"), ("[::1]", OUTBOUND, "outbound"), ("127.0.0.1", INBOUND, "inbound")):
            before = self.refused(sidecar, "not_redirected", direction)
            self.assertNotEqual(self.curl(f"http://{host}:{port}/", check=False).returncode, 0)
            self.assertEqual(self.refused(sidecar, "not_redirected", direction), before + 1)
        self.assertNotEqual(self.curl(f"http://{self.here}:{INBOUND}/", namespace=self.far, check=False).returncode, 0)


class OwnTraffic(Intercepted):
    def test_is_left_alone_by_user_or_by_mark(self):
        for user in (SIDECAR, 0):
            with self.subTest(user=user):
                server = self.server()
                sidecar, receiver = self.intercepting(user=user)
                self.install(own=("--uid", SIDECAR) if user else ("--mark", "0x539"))
                self.curl(f"http://{server}/x", user=None if user == 0 else APPLICATION)
                receiver.wait_for_spans(1)
                self.assertEqual(self.taken_as(sidecar, "http"), 1, "not a second time by the sidecar's own connection")
                self.assertEqual(sidecar.stop(), 0)

    def test_must_be_tellable_before_a_sidecar_starts(self):
        for user, own, why in ((SIDECAR, {"uid": 1338}, "intercept.uid is 1338, but this sidecar runs as user 1337"),
                               (SIDECAR, {"mark": "0x539"}, "needs the capability CAP_NET_ADMIN")):
            folder = self.folder()
            os.chown(folder, user, user)
            config = folder / "sidecar.yaml"
            config.write_text(json.dumps({"service": "shop", "state": str(folder), "intercept": {"outbound": OUTBOUND, **own}}))
            done = self.near.run(processes.OUTRIDER, "run", "--config", config, user=user, check=False)
            self.assertNotEqual(done.returncode, 0)
            self.assertIn(why, done.stderr + done.stdout)


class ASidecarThatIsDown(Intercepted):
    def test_fails_closed(self):
        server = self.server()
        sidecar, _ = self.intercepting({"inbound": INBOUND, "ports_in": [8080]})
        app = self.server(host="0.0.0.0", namespace=self.near, port=8080)
        self.install("--ports-in", "8080")
        self.curl(f"http://{server}/", "-f")
        self.assertEqual(self.outrider("intercept", "show").returncode, 0)
        self.assertEqual(sidecar.stop(), 0)
        seen = len(server.requests), len(app.requests)
        refused = 7  # curl: failed to connect
        self.assertEqual(self.curl(f"http://{server}/", check=False).returncode, refused)
        self.assertEqual(self.curl(f"http://{self.here}:8080/", namespace=self.far, check=False).returncode, refused)
        self.assertEqual((len(server.requests), len(app.requests)), seen)
        shown = self.outrider("intercept", "show", check=False)
        self.assertEqual(shown.returncode, 1)
        self.assertIn(f"port {OUTBOUND}: nobody listens", shown.stdout)


class Rules(Intercepted):
    backends = ("nft", "iptables")

    def test_do_the_same_by_either_backend(self):
        server, server6 = self.server(), self.server(host=self.cable.addresses[6][1])
        sidecar, _ = self.intercepting({"inbound": INBOUND, "ports_in": [8080]})
        self.server(host="0.0.0.0", namespace=self.near, port=8080)
        for turn, backend in enumerate(self.backends, 1):
            self.install("--ports-in", "8080", "--backend", backend)
            self.curl(f"http://{server}/", "-f")
            self.curl(f"http://{server6}/", "-f")
            self.curl(f"http://{self.here}:8080/", "-f", namespace=self.far)
            self.assertEqual(self.taken_as(sidecar, "http"), 2 * turn)
            self.assertEqual(self.taken_as(sidecar, "http", "inbound"), turn)
            shown = self.outrider("intercept", "show").stdout
            self.assertIn("installed with iptables" if backend == "iptables" else "installed with nftables", shown)
            self.assertEqual(shown.count("installed with"), 1, "the other backend's went")

    def test_are_replaced_and_removed_as_often_as_one_likes(self):
        before = self.rules()
        for backend in self.backends:
            self.install("--ports-in", "8080", "--backend", backend)
            once = self.rules()
            self.assertNotEqual(once, before)
            self.install("--ports-in", "8080", "--backend", backend)
            self.assertEqual(self.rules(), once)
            self.install("--ports-in", "9090", "--exclude-out", "22", "--backend", backend)
            self.assertIn("9090", self.rules())
            self.assertNotIn("8080", self.rules())
            for _ in range(2):
                self.outrider("intercept", "remove")
                self.assertNotIn("utrider", self.rules())
        shown = self.outrider("intercept", "show", check=False)
        self.assertEqual((shown.returncode, shown.stdout), (1, "nothing is installed\n"))

    def test_leave_out_what_is_excluded_and_loopback(self):
        direct, taken = self.server(), self.server()
        own = self.server(host="127.0.0.1", namespace=self.near)
        sidecar, _ = self.intercepting()
        for backend in self.backends:
            self.install("--exclude-out", f"{self.there}:{direct.port}", "--backend", backend)
            before = self.taken_as(sidecar, "http")
            for url in (f"http://{direct}/", f"http://{own}/", f"http://{taken}/"):
                self.curl(url, "-f")
            self.assertEqual(self.taken_as(sidecar, "http"), before + 1)

    def test_are_only_printed_by_a_dry_run(self):
        before = self.rules()
        for backend, line in (("nft", "redirect to :7915"), ("iptables", "-j REDIRECT --to-ports 7915")):
            self.assertIn(line, self.install("--dry-run", "--backend", backend).stdout)
        self.assertEqual(self.rules(), before)
        config = self.folder() / "sidecar.yaml"
        config.write_text(json.dumps({"service": "a", "intercept": {"outbound": 7920, "uid": 7}}))
        printed = self.outrider("intercept", "install", "--config", config, "--dry-run").stdout
        self.assertIn("redirect to :7920", printed)
        self.assertIn("skuid 7 ", printed)


class AnInstallThatFails(Intercepted):
    def assert_fails(self, why, *more, **how):
        before = self.rules()
        done = self.install(*more, check=False, **how)
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertRegex(done.stderr, why)
        self.assertEqual(self.rules(), before, "nothing is half done")

    def broken(self, program, script="echo 'no chain/target/match by that name' >&2; exit 2"):
        """A PATH on which this program fails; save, list and the like still work."""
        folder = self.folder()
        real = self.near.run("sh", "-c", f"command -v {program}").stdout.strip()
        path = folder / program
        path.write_text(f"#!/bin/sh\ncase \"$*\" in list*|--version) exec {real} \"$@\";; esac\n{script}\n")
        path.chmod(path.stat().st_mode | stat.S_IEXEC)
        return {"PATH": f"{folder}:{os.environ['PATH']}"}

    def test_in_the_second_family_takes_the_first_back(self):
        environment = self.broken("ip6tables-restore")
        self.assert_fails("ip6tables-restore: no chain/target/match by that name", "--backend", "iptables", environment=environment)
        self.install("--backend", "iptables", "--exclude-out", "22")
        former = self.rules()
        self.assertIn("--dport 22", former)
        self.assert_fails("ip6tables-restore", "--backend", "iptables", environment=environment)

    def test_with_nft_is_tried_with_iptables(self):
        environment = self.broken("nft")
        self.assert_fails("nft: no chain/target/match", "--backend", "nft", environment=environment)
        done = self.install(environment=environment)
        self.assertIn("installed with iptables", done.stdout)
        self.outrider("intercept", "remove")
        self.assert_fails("; nor with iptables: ", environment=self.both_broken())

    def both_broken(self):
        paths = [self.broken(program)["PATH"].split(":")[0] for program in ("nft", "iptables-restore")]
        return {"PATH": ":".join([*paths, os.environ["PATH"]])}

    def test_names_the_capability_that_is_missing(self):
        without = ("setpriv", "--bounding-set=-net_admin", "--inh-caps=-net_admin")
        for action in ("install", "remove", "show"):
            own = ("--uid", SIDECAR) if action == "install" else ()
            done = self.outrider("intercept", action, *own, check=False, before=without)
            self.assertEqual(done.returncode, 1, done.stdout)
            self.assertIn("CAP_NET_ADMIN", done.stderr)

    def test_names_the_package_that_is_missing(self):
        hidden = ("unshare", "--mount", "sh", "-c", 'mount -t tmpfs none /usr/sbin; exec "$@"', "sh")
        done = self.install(check=False, before=hidden, environment={"PATH": "/usr/bin:/bin"})
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn("install the package nftables", done.stderr)
        self.assertIn("install the package iptables", done.stderr)

    def test_leaves_rules_of_others_alone(self):
        self.near.run("nft", "add table inet outrider; add chain inet outrider theirs")
        self.assert_fails("did not make")
        self.outrider("intercept", "remove")
        self.assertIn("theirs", self.rules())
        self.near.run("nft", "delete table inet outrider")
        self.near.run("iptables", "-t", "nat", "-N", "OUTRIDER_OUTBOUND")
        self.near.run("iptables", "-t", "nat", "-A", "OUTRIDER_OUTBOUND", "-p", "tcp", "-j", "RETURN")
        self.assert_fails("did not make", "--backend", "iptables")

    def test_refuses_a_user_who_is_not_the_sidecars_alone(self):
        for backend in Rules.backends:
            other = self.keep(self.near.start("sleep", "1000", user=SIDECAR))
            wire.wait_for(lambda other=other: pathlib.Path(f"/proc/{other.pid}/comm").read_text().strip() == "sleep", "the other process")
            self.assert_fails(rf"sleep \(process {other.pid}\)", "--backend", backend)
            other.stop()
        elsewhere = self.keep(self.far.start("sleep", "1000", user=SIDECAR))
        wire.wait_for(lambda: pathlib.Path(f"/proc/{elsewhere.pid}/comm").read_text().strip() == "sleep", "the other process")
        self.install()
        done = self.install(own=("--uid", "0"), check=False)
        self.assertEqual(done.returncode, 2)
        self.assertIn("'intercept.uid' 0 is root", done.stderr)


if __name__ == "__main__":
    intercepted.skip_where_impossible()
    harness.main()
