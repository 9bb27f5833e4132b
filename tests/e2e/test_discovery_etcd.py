"""Two sidecars that meet in a real etcd: the verdict, an etcd that goes away and comes back."""
import json
import shutil
import time

import discovered
import harness
import registries
from harness import wait_for


class ByEtcd(discovered.Case):
    def setUp(self):
        if not shutil.which("etcd"):
            self.fail("etcd is not installed; ./test installs it")
        self.etcd = self.keep(registries.Etcd(self.folder()))
        self.application = self.keep(discovered.Application("stock one"))
        self.own = self.member()
        self.other = self.caller(f"  etcd: {{endpoints: ['{self.etcd.url}']}}", "etcd")

    def keys(self):
        return {key: json.loads(value) for key, value in (self.etcd.keys("/outrider/stock/") or {}).items()}

    def member(self):
        return self.callee(f"  etcd: {{endpoints: ['{self.etcd.url}'], register: true, ttl: 5s}}", self.application)

    def test_a_verdict_reaches_the_caller_within_a_second(self):
        self.assert_verdict_travels(self.own, self.other, self.application)

    def test_who_is_out_stands_there_with_the_reason(self):
        wait_for(lambda: [one["ready"] for one in self.keys().values()] == [True], "the key")
        self.application.healthy = False
        wait_for(lambda: [one["ready"] for one in self.keys().values()] == [False], "the verdict")
        (value,) = self.keys().values()
        self.assertTrue(value["why"])
        self.assertEqual(value["address"], f"{self.own.inbound[0]}:{self.own.inbound[1]}")

    def test_an_etcd_that_is_killed_leaves_the_last_endpoints_in_use(self):
        wait_for(lambda: self.call(self.other).status == 200, "the caller to find it")
        self.etcd.kill()
        wait_for(lambda: self.found(self.other).get("problem"), "the state to say so")
        wait_for(lambda: self.other.total("outrider_registry_up", registry="etcd") == 0, "the metric to say so")
        end = time.monotonic() + 7  # longer than the TTL
        while time.monotonic() < end:
            self.assertEqual(self.call(self.other).status, 200)
            time.sleep(0.1)
        self.etcd.start()
        wait_for(lambda: self.other.total("outrider_registry_up", registry="etcd") == 1, "it to be found again")
        wait_for(lambda: self.own.total("outrider_registry_registered", registry="etcd") == 1, "the registration")
        self.assertNotIn("problem", self.found(self.other))
        self.assert_verdict_travels(self.own, self.other, self.application)

    def test_who_stops_takes_itself_out(self):
        other = self.member()
        self.assert_a_stop_costs_nothing(self.own, other, self.other)
        self.assertEqual([value["address"] for value in self.keys().values()], [":".join(map(str, other.inbound))])
        other.signal(15)  # of nobody the caller hears by silence, which it doubts for three seconds
        wait_for(lambda: not self.found(self.other)["endpoints"], "the caller to believe it", within=6)
        self.assertEqual(self.call(self.other).status, 503)
        self.assertEqual(other.wait(), 0)
        self.assertEqual(self.keys(), {})


if __name__ == "__main__":
    harness.main()
