"""What sidecars tell the collector of themselves: health, breakers, rates; and what becomes of it when one of the two is gone."""
import json
import time

import harness
from harness import ask, reply, wait_for


class SidecarState(harness.Case):
    def told(self, collector, policies=(), upstreams=None, app=None, name="orders", health=None, more=()):
        """A sidecar that tells this collector (an address) of itself."""
        folder = self.folder()
        (folder / "policies.yaml").write_text(json.dumps({"policies": list(policies)}))
        settings = {"service": name, "outbound": {"listen": "127.0.0.1:0"}, "admin": "127.0.0.1:0", "state": str(folder),
                    "policies": str(folder / "policies.yaml"), "tracing": {"collector": collector},
                    "upstreams": {each: {"endpoints": [str(origin)]} for each, origin in (upstreams or {}).items()}}
        if app is not None:
            settings["inbound"] = [{"listen": "127.0.0.1:0", "app": str(app)}]
            settings["health"] = {"app": {"every": "100ms", "timeout": "2s", "rise": 1, "fall": 2, **(health or {})}}
        return self.sidecar_from(json.dumps(settings), more)

    def cards(self, collector):
        answer = ask(collector.address, "/api/sidecars", host="localhost")
        self.assert_status(answer, 200)
        return json.loads(answer.body)["sidecars"]

    def card(self, collector, holds=lambda card: True, within=30, name="orders"):
        """The card of the service, once it is as it should be."""
        def look():
            return next((card for card in self.cards(collector) if card["service"] == name and holds(card)), None)
        return wait_for(look, f"the card of {name}", within)

    def breaker(self, card):
        return next((rule for rule in card["policies"] if rule.get("kind") == "breaker"), {})

    def test_a_breaker_that_opens_is_shown(self):
        collector = self.collector()
        origin = self.origin(lambda exchange: (exchange.read(), reply(503))[1])
        policy = {"name": "protect-stock", "match": {"upstream": "stock"}, "breaker": {"consecutive": 3, "open": "60s"}}
        sidecar = self.told(collector.url, [policy], {"stock": origin})
        card = self.card(collector)
        self.assertEqual((card["state"], card["version"], card["health"]["verdict"]), ("fresh", sidecar_version(sidecar), "healthy"))
        for _ in range(4):
            ask(sidecar.outbound, host="stock")
        opened = self.breaker(self.card(collector, lambda card: self.breaker(card).get("state") == "open"))
        self.assertEqual((opened["policy"], opened["target"], opened["mode"]), ("protect-stock", "stock", "enforce"))
        self.assertIn("3 failures in a row", opened["why"])
        self.assertGreaterEqual(opened["refused"], 1)

    def test_what_changes_is_shown_within_a_second(self):
        collector = self.collector()
        policy = {"name": "protect-stock", "match": {"upstream": "stock"}, "breaker": {"consecutive": 3}}
        sidecar = self.told(collector.url, [policy], {"stock": self.origin()})
        self.card(collector)
        took = []
        for state in ("open", "closed") * 4:  # on a machine that is busy otherwise some take longer
            begin = time.monotonic()
            self.assert_status(sidecar.post("/api/policies", {"policy": "protect-stock", "breaker": "stock", "state": state}), 200)
            wanted = ("open",) if state == "open" else ("closed", "half_open", "ramp")
            self.card(collector, lambda card, wanted=wanted: self.breaker(card).get("state") in wanted)
            took.append(time.monotonic() - begin)
        self.assertLess(min(took), 1, took)

    def test_the_verdict_of_health_is_shown_with_its_reasons(self):
        collector = self.collector()
        app = self.origin()
        self.told(collector.url, app=app)
        self.card(collector, lambda card: card["health"]["verdict"] == "healthy")
        app.close()
        card = self.card(collector, lambda card: card["health"]["verdict"] == "unhealthy")
        self.assertIn("application", card["health"]["reasons"][0])
        down = next(each for each in card["dependencies"] if each["kind"] == "application")
        self.assertEqual((down["verdict"], down["endpoint"]), ("down", str(app)))

    def test_rates_are_shown(self):
        collector = self.collector()
        sidecar = self.told(collector.url, app=self.origin())
        self.card(collector)

        def busy():
            for _ in range(20):
                ask(sidecar.inbound, "/orders")
            return next((card for card in self.cards(collector) if card.get("rates", {}).get("inbound", {}).get("perSecond", 0) > 0), None)
        rate = wait_for(busy, "a rate", 30)["rates"]["inbound"]
        self.assertEqual(rate["errorsPerSecond"], 0)
        self.assertLessEqual(int(rate["p50Nano"]), int(rate["p99Nano"]))

    def test_one_that_is_killed_grows_stale_and_one_that_stops_says_so(self):
        collector = self.collector()
        killed, stopped = self.told(collector.url, name="killed"), self.told(collector.url, name="stopped")
        for name in ("killed", "stopped"):
            self.card(collector, name=name)
        killed.kill()
        stopped.close()
        self.assertEqual(self.card(collector, lambda card: card["state"] != "fresh", name="stopped")["state"], "stopped")
        self.assertEqual(self.card(collector, lambda card: card["state"] != "fresh", name="killed")["state"], "stale")
        metrics = ask(collector.address, "/metrics", host="localhost").body.decode()
        self.assertIn('outrider_collector_sidecars{state="stopped"} 1\n', metrics)

    def test_each_process_has_a_card_and_a_collector_that_comes_back_hears_of_all(self):
        collector = self.collector()
        port = collector.address[1]
        for _ in range(2):
            self.told(collector.url)
        wait_for(lambda: len(self.cards(collector)) == 2, "two cards of one service", 30)
        before = {card["id"] for card in self.cards(collector)}
        collector.kill()
        again = self.collector(port=port)
        wait_for(lambda: len(self.cards(again)) == 2, "both again", 30)
        self.assertEqual({card["id"] for card in self.cards(again)}, before, "by the names that they had")

    def test_nobody_is_harmed_where_no_collector_is(self):
        gone = self.collector()
        gone.close()
        sidecar = self.told(gone.url, app=self.origin())
        wait_for(lambda: sidecar.total("outrider_cards_total", outcome="failed") >= 2, "two attempts", 30)
        for _ in range(20):
            self.assert_status(ask(sidecar.inbound, "/orders"), 200)
        self.assertEqual(sidecar.total("outrider_cards_total", outcome="accepted"), 0)
        self.assertEqual(sidecar.log().count("is not told how this sidecar stands"), 1, "said once")

    def test_one_that_lies_harms_only_its_own_card(self):
        collector = self.collector()
        self.told(collector.url)
        card = self.card(collector)

        def push(state):
            body = state if isinstance(state, bytes) else json.dumps(state).encode()
            return ask(collector.address, "/v1/sidecars", method="POST", body=body, fields={"Content-Type": "application/json"}).status
        liar = {"secret": "0123456789abcdef", "service": "orders", "instance": card["instance"]}
        self.assertEqual(push({**liar, "health": {"verdict": "unhealthy"}}), 204)
        for wrong in (b"{", b"[" * 100_000, b'{"secret":"0123456789abcdef","service":"\xff"}', {**liar, "secret": card["id"], "policies": 7},
                      {**liar, "policies": [{"allowed": 1e300}]}, {**liar, "health": {"verdict": "<b>"}}):
            self.assertEqual(push(wrong), 400, wrong)
        self.assertEqual(push({**liar, "instance": "x" * 300_000}), 413)
        self.assertEqual(push({**liar, "instance": "\u202e<script>alert(1)</script>"}), 204)
        cards = {each["id"]: each for each in self.cards(collector)}
        self.assertEqual(len(cards), 2)
        self.assertEqual(cards[card["id"]]["health"]["verdict"], "healthy")


def sidecar_version(sidecar):
    return json.loads(sidecar.get("/api/state").body)["version"]


if __name__ == "__main__":
    harness.main()
