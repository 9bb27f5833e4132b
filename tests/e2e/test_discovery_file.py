"""Upstreams whose members stand in a file, and the verdict on the application in another."""
import json
import os
import threading
import time

import harness
from authority import Authority
from harness import Client, ask, reply, wait_for

CHANGES = 200


class ByFile(harness.Case):
    def setUp(self):
        self.place = self.folder()
        self.file = self.place / "stock.yaml"

    def write(self, *members):
        """As a whole, as tools that know what they do."""
        fresh = self.place / "fresh"
        fresh.write_text("".join(f"- {each}\n" for each in members) or "[]\n")
        os.replace(fresh, self.file)

    def stock(self, name, **how):
        return self.origin(lambda exchange: exchange.read() and reply(body=name), **how)

    def proxy(self, **settings):
        return self.sidecar(routes={"stock": f"discover:file:{self.file}"}, settings=settings)

    def asked(self, proxy):
        answer = ask(proxy.outbound, host="stock")
        return answer.body.decode() if answer.status == 200 else f"{answer.status} {answer.body.decode()}"

    def seen(self, proxy):
        return json.loads(proxy.get("/api/state").body)["discovery"]["upstreams"]["stock"]

    def test_a_file_that_is_replaced_is_taken_up_within_a_second(self):
        first, second = self.stock("first"), self.stock("second")
        self.write(first)
        proxy = self.proxy()
        self.assertEqual(self.asked(proxy), "first")
        self.write(second)
        changed = time.monotonic()
        wait_for(lambda: self.asked(proxy) == "second", "the other member", within=5)
        self.assertLess(time.monotonic() - changed, 1)
        proxy.wait_for_log(f"upstream 'stock': 1 endpoints by the file: came {second}; went {first}")
        self.write(first, second)
        wait_for(lambda: {self.asked(proxy) for _ in range(20)} == {"first", "second"}, "both")

    def test_a_mounted_config_map_is_followed(self):
        first, second = self.stock("first"), self.stock("second")
        for version, origin in (("v1", first), ("v2", second)):
            (self.place / version).mkdir()
            (self.place / version / "stock.yaml").write_text(json.dumps([str(origin)]))
        (self.place / "..data").symlink_to("v1")
        self.file.symlink_to("..data/stock.yaml")
        proxy = self.proxy()
        self.assertEqual(self.asked(proxy), "first")
        (self.place / "..new").symlink_to("v2")
        os.replace(self.place / "..new", self.place / "..data")
        changed = time.monotonic()
        wait_for(lambda: self.asked(proxy) == "second", "the other version", within=5)
        self.assertLess(time.monotonic() - changed, 1)

    def test_a_bad_file_leaves_the_last_list_in_use(self):
        first = self.stock("first")
        self.write(first)
        proxy = self.proxy()
        self.assertEqual(self.asked(proxy), "first")
        self.file.write_text(f"- {first}\n- stock:port\n")
        wait_for(lambda: "problem" in self.seen(proxy), "the mistake to be seen")
        self.assertEqual(self.seen(proxy)["problem"], f"{self.file}:2:3: 'port' is not a port; a port is a number from 1 to 65535")
        self.assertEqual(self.asked(proxy), "first")
        self.assertEqual(proxy.total("outrider_registry_up", registry="file"), 0)
        self.file.unlink()
        wait_for(lambda: "No such file" in self.seen(proxy)["problem"], "the loss to be seen")
        self.assertEqual(self.asked(proxy), "first")
        self.write(first)
        wait_for(lambda: "problem" not in self.seen(proxy), "all to be well")

    def test_without_a_file_the_caller_is_told(self):
        proxy = self.proxy()
        self.assertIn(f"no endpoint of upstream 'stock' is known: the file can't be asked: can't read '{self.file}'", self.asked(proxy))
        self.write(self.stock("first"))
        wait_for(lambda: self.asked(proxy) == "first", "the file")

    def test_members_that_speak_tls(self):
        authority = Authority(self.folder())
        secure, plain = self.stock("secure", context=authority.server("localhost")), self.stock("plain")
        self.write(plain)
        proxy = self.proxy(**{"upstreams.stock.tls.ca": authority.ca})
        self.assertEqual(self.asked(proxy), "plain")
        self.write(f"https://localhost:{secure.port}")
        wait_for(lambda: self.asked(proxy) == "secure", "the other member")

    def test_changes_cost_no_request(self):
        origins = [self.stock(f"stock-{number}") for number in range(4)]
        self.write(*origins)
        proxy = self.proxy(workers=2)
        stop, wrong, served = threading.Event(), [], [0] * 4

        def load(number):
            with Client(proxy.outbound) as client:
                while not stop.is_set():
                    body = b"x" * 200_000 if served[number] % 50 == 7 else None
                    answer = client.request("/", host="stock", method="POST" if body else "GET", body=body)
                    served[number] += 1
                    if answer.status != 200:
                        wrong.append((answer.status, answer.body))
        callers = [threading.Thread(target=load, args=(number,)) for number in range(4)]
        for each in callers:
            each.start()
        slowest = 0
        for change in range(1, CHANGES + 1):
            members = [origin for number, origin in enumerate(origins) if change >> number & 1] or origins[change % 4:]
            self.write(*members)
            began = time.monotonic()
            wait_for(lambda members=members: self.seen(proxy)["endpoints"] == [str(each) for each in members], f"change {change}")
            slowest = max(slowest, time.monotonic() - began)
        stop.set()
        for each in callers:
            each.join()
        print(f"{CHANGES} changes, the slowest seen after {slowest * 1000:.0f} ms; {sum(served)} requests, {len(wrong)} failed")
        self.assertEqual(wrong, [])
        self.assertGreater(min(served), CHANGES)
        self.assertLess(slowest, 1)


class Verdict(harness.Case):
    def test_the_verdict_stands_in_a_file(self):
        app, file = self.origin(), self.folder() / "verdict.json"
        proxy = self.sidecar(app, settings={"registries.file.path": file, "advertise": "10.0.0.7:8080", "instance": "orders-1",
                                            "health.app.every": "100ms", "health.app.fall": 1})
        wait_for(lambda: file.exists() and json.loads(file.read_text())["ready"], "the verdict")
        said = json.loads(file.read_text())
        self.assertEqual({key: said[key] for key in ("service", "instance", "address", "ready", "reasons")},
                         {"service": "orders", "instance": "orders-1", "address": "10.0.0.7:8080", "ready": True, "reasons": []})
        self.assertRegex(said["at"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
        app.close()
        ended = time.monotonic()
        wait_for(lambda: not json.loads(file.read_text())["ready"], "the other verdict", within=5)
        self.assertLess(time.monotonic() - ended, 1.5)
        self.assertIn(str(app.port), " ".join(json.loads(file.read_text())["reasons"]))
        self.assertEqual(proxy.total("outrider_registry_registered", registry="file"), 1)
        self.assertEqual(proxy.stop(), 0)
        self.assertFalse(file.exists())


if __name__ == "__main__":
    harness.main()
