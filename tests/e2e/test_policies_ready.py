"""The ready-made policies do what their first lines say, and `outrider explain` tells it beforehand."""
import pathlib
import threading
import time

import harness
from harness import Client, ask, reply, run, wait_for

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "policies"


class Ready(harness.Case):
    def governed(self, name, app=None, routes=None, **settings):
        return self.sidecar(app or self.origin(), routes=routes, settings={"policies": str(FOLDER / name), "workers": 2, **settings})

    def statuses(self, address, count, target="/", host="app.test", **how):
        """{status: how many} of so many requests, one behind the other."""
        seen = {}
        with Client(address) as client:
            for _ in range(count):
                status = client.request(target, host=host, **how).status
                seen[status] = seen.get(status, 0) + 1
        return seen

    def together(self, count, work):
        threads = [threading.Thread(target=work, daemon=True) for _ in range(count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)

    def test_throttle_per_tenant(self):
        proxy = self.governed("throttle-per-tenant.yaml")
        order = {"target": "/orders", "method": "POST"}
        greedy = self.statuses(proxy.inbound, 400, fields={"X-Tenant": "greedy"}, **order)
        self.assertGreater(greedy[429], 50)
        self.assertEqual(self.statuses(proxy.inbound, 100, fields={"X-Tenant": "modest"}, **order), {200: 100})
        self.assertEqual(self.statuses(proxy.inbound, 400, fields={"X-Tenant": "gold"}, **order), {200: 400})

    def test_protect_slow_upstream(self):
        sick = threading.Event()
        stock = self.origin(lambda exchange: reply(503 if exchange.read() and sick.is_set() else 200, "stock"))
        proxy = self.governed("protect-slow-upstream.yaml", routes={"stock": stock})
        self.assertEqual(self.statuses(proxy.outbound, 10, host="stock"), {200: 10})
        sick.set()
        self.statuses(proxy.outbound, 20, host="stock")
        refused = ask(proxy.outbound, host="stock")
        self.assertEqual(refused.get("Proxy-Status"), "outrider; error=destination_unavailable")
        sick.clear()
        wait_for(lambda: ask(proxy.outbound, host="stock").status == 200, "a probe to get through", within=5)

    def test_bulkhead(self):
        under_way, most, lock = [0], [0], threading.Lock()

        def slow(exchange):
            exchange.read()
            with lock:
                under_way[0] += 1
                most[0] = max(most[0], under_way[0])
            time.sleep(0.5)
            with lock:
                under_way[0] -= 1
            return reply(200, "report")

        reports = self.origin(slow)
        proxy = self.governed("bulkhead.yaml", routes={"reports": reports})
        seen = []
        self.together(60, lambda: seen.append(ask(proxy.outbound, host="reports").status))
        self.assertEqual(most[0], 20)
        self.assertEqual({status: seen.count(status) for status in sorted(set(seen))}, {200: 20, 503: 40})
        self.assertEqual(self.statuses(proxy.inbound, 20, target="/checkout", method="POST"), {200: 20})

    def test_degrade_product_page(self):
        broken = threading.Event()
        upstream = self.origin(lambda exchange: reply(500 if exchange.read() and broken.is_set() else 200, '["tea"]'))
        proxy = self.governed("degrade-product-page.yaml", routes={"recommendations": upstream})
        asked = {"host": "recommendations"}
        self.assertEqual(ask(proxy.outbound, "/products/1/recommendations", **asked).body, b'["tea"]')
        broken.set()
        stale = ask(proxy.outbound, "/products/1/recommendations", **asked)
        self.assertEqual((stale.status, stale.body), (200, b'["tea"]'))
        self.assertEqual(stale.get("Outrider-Fallback"), "degrade-recommendations")
        fixed = ask(proxy.outbound, "/products/2/recommendations", **asked)
        self.assertEqual(fixed.status, 200)
        self.assertEqual(fixed.body, (FOLDER / "degrade-product-page.json").read_bytes())

    def test_smooth_consumer_peaks(self):
        proxy = self.governed("smooth-consumer-peaks.yaml")
        began, seen = time.monotonic(), []
        self.together(25, lambda: seen.append(ask(proxy.inbound, "/imports/stock", method="POST").status))
        self.assertEqual(seen, [200] * 25)
        self.assertGreater(time.monotonic() - began, 24 / 50 * 0.95, "they came at once and went 50 a second")

    def test_cold_start(self):
        proxy = self.governed("cold-start.yaml")
        seen = self.statuses(proxy.inbound, 1500)
        self.assertGreater(seen.get(429, 0), 100, "a third of the rate to begin with")
        self.assertGreater(seen[200], 300)


class Explain(harness.Case):
    def test_it_tells_what_matches_what_it_says_and_why_the_others_do_not(self):
        told = run("explain", "--policies", str(FOLDER), "--request", "POST /orders", "--header", "X-Tenant: gold")
        self.assertEqual(told.returncode, 0, told.stderr)
        self.assertIn("throttle-per-tenant", told.stdout)
        self.assertIn("for this key 1000/s", told.stdout)
        self.assertIn('key header:x-tenant = "gold"', told.stdout)
        self.assertLess(told.stdout.index("bulkhead-own"), told.stdout.index("throttle-per-tenant"), "in the order of the files")
        self.assertRegex(told.stdout, r"protect-slow-upstream +\(.*\): it is about outbound, this is inbound")

    def test_topics_too(self):
        told = run("explain", "--policies", str(FOLDER), "--produce", "clickstream.web", "--client", "importer")
        self.assertIn("for this key 50MiB/s", told.stdout)
        self.assertIn("throttled", told.stdout)
        self.assertRegex(told.stdout, r"cap-audit-records +\(.*\): topic is clickstream.web, not audit")

    def test_what_makes_no_sense_is_said(self):
        for arguments, said in ((["--request", "GET /"], "give either --policies PATH or --config FILE"),
                                (["--policies", str(FOLDER)], "give one of --request"),
                                (["--policies", str(FOLDER), "--request", "orders"], "'orders' is not a method and a path"),
                                (["--policies", str(FOLDER), "--produce", "t", "--host", "h"], "are about HTTP requests"),
                                (["--policies", str(FOLDER / "none"), "--request", "GET /"], "none")):
            told = run("explain", *arguments)
            self.assertEqual(told.returncode, 2)
            self.assertIn(said, told.stderr)


if __name__ == "__main__":
    harness.main()
