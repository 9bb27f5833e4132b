"""Fallbacks: a fixed answer, or the last good one, in place of refusals and failures; told by header, span and metrics."""
import json
import time

import harness
from governed import Governed, policies
from harness import ask, reply, wait_for


class Fallbacks(Governed):
    def test_a_fixed_answer_stands_in_for_refusals_failures_and_statuses(self):
        def handler(exchange):
            if exchange.request.target == "/stock/broken":
                exchange.read()
                exchange.close()
                return None
            return reply(503 if exchange.request.target == "/stock/busy" else 200, body="in stock")
        file = self.folder() / "unknown.json"
        file.write_text('{"stock": "unknown"}')
        receiver = self.receiver()
        proxy = self.governed(policies(f"""
  - name: stock
    match: {{upstream: stock}}
    limit: {{rate: 1/min, burst: 3, over: degrade}}
    fallback: {{when: [refused, failed, 503], file: {file}}}
"""), routes={"stock": self.origin(handler)}, otlp=receiver, settings=self.json_spans())
        answers = {target: ask(proxy.outbound, target, host="stock") for target in ("/stock/ok", "/stock/busy", "/stock/broken", "/stock/over")}
        self.assertEqual(answers.pop("/stock/ok").body, b"in stock")
        for target, answer in answers.items():
            with self.subTest(target):
                self.assert_status(answer, 200)
                self.assertEqual(answer.get("Outrider-Fallback"), "stock")
                self.assertEqual(answer.get("Content-Type"), "application/json")
                self.assertEqual(json.loads(answer.body), {"stock": "unknown"})
        self.assertEqual(self.decisions(proxy, policy="stock", rule="fallback", outcome="replaced"), 3)
        self.assertEqual(self.decisions(proxy, policy="stock", rule="limit", outcome="degraded"), 1)

        def degraded():
            told = [harness.attributes(span) for span in receiver.spans()]
            return [each for each in told if each.get("outrider.fallback") == "stock"]
        wait_for(lambda: len(degraded()) == 3, "a span for each fallback")

    def test_the_last_good_answer_is_given_while_the_upstream_is_away(self):
        state = {"well": True}

        def handler(exchange):
            tenant = exchange.read().get("X-Tenant", "nobody")
            if state["well"]:
                return reply(body=f"for {tenant}", fields=[("Content-Type", "text/plain"), ("ETag", '"1"')])
            return reply(503, reason="Busy")
        proxy = self.governed(policies("""
  - name: product-page
    match: {inbound: "GET /products/{id}"}
    limit: {rate: 1000/s, key: header:x-tenant}
    fallback: {when: [failed, 503], stale: 2s, body: "{}"}
"""), app=self.origin(handler))

        def get(**fields):
            return ask(proxy.inbound, "/products/7", fields=fields)
        for tenant in ("gold", "iron"):
            self.assert_status(get(**{"X-Tenant": tenant}), 200)
        state["well"] = False
        for tenant in ("gold", "iron"):
            for _ in range(4):  # whichever worker it is
                answer = get(**{"X-Tenant": tenant})
                self.assertEqual(answer.body.decode(), f"for {tenant}", "its own answer, and nobody else's")
                self.assertEqual(answer.get("ETag"), '"1"')
                self.assertIn(answer.get("Age"), ("0", "1"))
                self.assertEqual(answer.get("Outrider-Fallback"), "product-page")
        self.assertEqual(get(**{"X-Tenant": "gold", "Authorization": "Basic eA=="}).body, b"{}")
        time.sleep(2)
        self.assertEqual(get(**{"X-Tenant": "gold"}).body, b"{}", "too old")


if __name__ == "__main__":
    harness.main()
