"""Policies that change under way: taken over as a whole, state kept, the last good ones in force when something is wrong."""
import json
import os
import signal
import threading
import time

import harness
from harness import Client, ask, reply, wait_for

LIMIT = """policies:
  - name: calls
    match: {inbound: "*"}
    limit: {rate: 1/h, burst: %d}
"""


class Reload(harness.Case):
    def setUp(self):
        self.files = self.folder()
        self.file = self.files / "policies.yaml"
        self.file.write_text(LIMIT % 2)
        self.app = self.origin()

    def start(self, **how):
        return self.sidecar(self.app, settings={"policies": str(self.file), "workers": 2}, **how)

    def page(self, proxy):
        return json.loads(proxy.get("/api/policies").body)

    def passes(self, proxy, count=10):
        """How many of so many requests pass."""
        with Client(proxy.inbound) as client:
            return sum(client.request("/").status == 200 for _ in range(count))

    def test_a_changed_file_is_in_force_within_a_second(self):
        proxy = self.start()
        version = self.page(proxy)["version"]
        self.assertEqual(self.passes(proxy), 2)
        self.file.write_text(LIMIT % 5)
        wait_for(lambda: self.page(proxy)["version"] != version, "the new version", within=1)
        self.assertEqual(self.passes(proxy), 5)

    def test_an_unchanged_rule_keeps_its_level(self):
        proxy = self.start()
        self.assertEqual(self.passes(proxy), 2)
        version = self.page(proxy)["version"]
        self.file.write_text(LIMIT % 2 + "  - name: other\n    match: {outbound: '*'}\n    timeout: {total: 3s}\n")
        wait_for(lambda: self.page(proxy)["version"] != version, "the new version")
        self.assertEqual(self.passes(proxy), 0, "the bucket was empty and is still")

    def test_the_symlink_swap_of_a_mounted_config_map(self):
        mounted = self.folder()

        def publish(name, burst):
            (mounted / name).mkdir()
            (mounted / name / "calls.yaml").write_text(LIMIT % burst)
            os.symlink(name, mounted / "..data_tmp")
            os.rename(mounted / "..data_tmp", mounted / "..data")

        publish("..2026_one", 2)
        os.symlink("..data/calls.yaml", mounted / "calls.yaml")
        proxy = self.sidecar(self.app, settings={"policies": str(mounted)})
        self.assertEqual(self.passes(proxy), 2)
        version = self.page(proxy)["version"]
        publish("..2026_two", 4)
        wait_for(lambda: self.page(proxy)["version"] != version, "the new version", within=1)
        self.assertEqual(self.passes(proxy), 4)

    def test_a_bad_file_leaves_the_last_good_policies_in_force(self):
        proxy = self.start()
        version = self.page(proxy)["version"]
        self.file.write_text(LIMIT.replace("rate: 1/h", "rate: 1/fortnight") % 9)
        wait_for(lambda: self.page(proxy)["last_errors"], "the error")
        page = self.page(proxy)
        self.assertEqual(page["version"], version)
        self.assertRegex(page["last_errors"][0], r"policies\.yaml:4:\d+: .*fortnight")
        self.assertIn("policies.yaml:4", proxy.log())
        self.assertIn("stay in force", proxy.log())
        self.assertEqual(self.passes(proxy), 2)
        self.assertEqual(proxy.total("outrider_policy_reloads_total", outcome="failed"), 1)
        self.file.write_text(LIMIT % 3)
        wait_for(lambda: not self.page(proxy)["last_errors"], "the mended file")
        self.assertEqual(self.passes(proxy), 3)

    def test_a_hangup_and_a_post_read_again_and_say_what_came_of_it(self):
        proxy = self.start()
        done = proxy.post("/api/reload", {})
        self.assert_status(done, 200)
        self.assertEqual(json.loads(done.body)["policies"], 1)
        before = proxy.total("outrider_policy_reloads_total", outcome="applied")
        proxy.signal(signal.SIGHUP)
        wait_for(lambda: proxy.total("outrider_policy_reloads_total", outcome="applied") == before + 1, "the hangup")
        self.file.write_text("policies: [{name: x}]\n")
        refused = proxy.post("/api/reload", {})
        self.assert_status(refused, 422)
        self.assertIn("policies.yaml:1:", json.loads(refused.body)["errors"][0])

    def test_a_setting_that_needs_a_restart_is_named(self):
        config = self.folder() / "sidecar.yaml"
        text = f"""service: orders
inbound: [{{listen: "127.0.0.1:0", app: "{self.app}"}}]
admin: 127.0.0.1:0
tracing: {{exporter: none}}
state: {self.folder()}
policies: {self.file}
timeouts: {{idle: 60s}}
"""
        config.write_text(text)
        proxy = self.keep(harness.Sidecar(["--config", str(config)]))
        config.write_text(text.replace("60s", "50s"))
        wait_for(lambda: self.page(proxy)["restart_needed"] == ["timeouts.idle"], "the key to be named")
        self.assertIn("timeouts.idle", proxy.log())
        self.assertEqual(proxy.total("outrider_settings_waiting_for_restart"), 1)

    def test_policies_within_the_configuration_need_no_restart(self):
        config = self.folder() / "sidecar.yaml"
        text = f"""service: orders
inbound: [{{listen: "127.0.0.1:0", app: "{self.app}"}}]
admin: 127.0.0.1:0
tracing: {{exporter: none}}
state: {self.folder()}
fleet: {{replicas: 2}}
policies: [{{name: calls, match: {{inbound: "*"}}, limit: {{rate: 1/h, burst: 2}}}}]
"""
        config.write_text(text)
        proxy = self.keep(harness.Sidecar(["--config", str(config)]))
        version = self.page(proxy)["version"]
        config.write_text(text.replace("burst: 2", "burst: 5").replace("replicas: 2", "replicas: 3"))
        wait_for(lambda: self.page(proxy)["version"] != version, "the new version", within=1)
        self.assertEqual(self.page(proxy)["restart_needed"], [])
        self.assertEqual(self.passes(proxy), 5)

    def test_no_request_fails_while_policies_change(self):
        proxy = self.start()
        self.file.write_text(LIMIT.replace("1/h", "1000000/s") % 1000000)
        wait_for(lambda: self.passes(proxy) == 10, "the wide limit")
        stop, failed, answered = threading.Event(), [], [0]

        def load():
            with Client(proxy.inbound) as client:
                while not stop.is_set():
                    status = client.request("/").status
                    answered[0] += 1
                    if status != 200:
                        failed.append(status)

        threads = [threading.Thread(target=load, daemon=True) for _ in range(4)]
        for thread in threads:
            thread.start()
        for turn in range(20):
            self.file.write_text(LIMIT.replace("1/h", f"{1000000 + turn}/s") % 1000000)
            self.assert_status(proxy.post("/api/reload", {}), 200)
        stop.set()
        for thread in threads:
            thread.join(10)
        self.assertEqual(failed, [])
        self.assertGreater(answered[0], 100)


class Breakers(harness.Case):
    def setUp(self):
        self.file = self.folder() / "policies.yaml"
        self.file.write_text("""policies:
  - name: protect-stock
    match: {upstream: stock}
    breaker: {consecutive: 3}
""")
        self.broken = threading.Event()
        self.stock = self.origin(lambda exchange: reply(500 if self.broken.is_set() and exchange.read() else 200, "stock"))
        self.proxy = self.sidecar(self.origin(), routes={"stock": self.stock}, settings={"policies": str(self.file), "workers": 2})

    def post(self, body):
        return self.proxy.post("/api/policies", body)

    def call(self):
        return ask(self.proxy.outbound, host="stock").status

    def breaker(self):
        rules = json.loads(self.proxy.get("/api/policies").body)["policies"][0]["rules"]
        return next(rule for rule in rules if rule["rule"] == "breaker")["breakers"]["stock"]

    def test_a_breaker_is_shown_with_why_and_since_when(self):
        self.assertEqual(self.call(), 200)
        self.assertEqual(self.breaker()["state"], "closed")
        self.broken.set()
        for _ in range(3):
            self.call()
        shown = self.breaker()
        self.assertEqual(shown["state"], "open")
        self.assertIn("3 failures in a row", shown["why"])
        self.assertLess(shown["since_seconds"], 5)
        self.assertEqual(self.call(), 503)

    def test_a_breaker_is_forced_open_and_let_go(self):
        self.assert_status(self.post({"policy": "protect-stock", "breaker": "stock", "state": "open"}), 200)
        self.assertEqual(self.call(), 503)
        time.sleep(1.5)
        self.assertEqual(self.call(), 503, "it is held, no probe goes through")
        self.assertEqual(self.breaker()["forced"], "open")
        self.assert_status(self.post({"policy": "protect-stock", "breaker": "stock", "state": "auto"}), 200)
        self.assertEqual(self.call(), 200)

    def test_a_wrong_name_is_answered_with_the_nearest_right_one(self):
        wrong = self.post({"policy": "protect-stok", "state": "open"})
        self.assert_status(wrong, 404)
        self.assertIn("did you mean 'protect-stock'", wrong.body.decode())
        self.call()
        self.assertIn("did you mean 'stock'", self.post({"policy": "protect-stock", "breaker": "stick", "state": "open"}).body.decode())
        self.assertIn("did you mean 'open'", self.post({"policy": "protect-stock", "state": "opne"}).body.decode())


if __name__ == "__main__":
    harness.main()
