"""Two sidecars that meet in a real Consul: the verdict, an agent that goes away and comes back without its memory."""
import os
import sys

import discovered
import harness
import registries
from harness import wait_for


class ByConsul(discovered.Case):
    def setUp(self):
        self.consul = self.keep(registries.Consul(PROGRAM, self.folder()))
        self.application = self.keep(discovered.Application("stock one"))
        self.own = self.member()
        self.other = self.caller(f"  consul: {{address: '{self.consul.url}'}}", "consul")

    def member(self):
        return self.callee(f"  consul: {{address: '{self.consul.url}', register: true, ttl: 5s}}", self.application)

    def test_a_verdict_reaches_the_caller_within_a_second(self):
        self.assert_verdict_travels(self.own, self.other, self.application)

    def test_an_agent_that_is_killed_leaves_the_last_endpoints_and_learns_all_anew(self):
        wait_for(lambda: self.call(self.other).status == 200, "the caller to find it")
        self.consul.kill()
        wait_for(lambda: self.found(self.other).get("problem"), "the state to say so")
        self.assertEqual(self.call(self.other).status, 200)
        self.consul.start()
        wait_for(lambda: [one["Status"] for one in self.consul.checks().values()] == ["passing"], "the registration")
        self.assert_verdict_travels(self.own, self.other, self.application)

    def test_who_stops_takes_itself_out(self):
        other = self.member()
        self.assert_a_stop_costs_nothing(self.own, other, self.other)
        self.assertEqual(len(self.consul.checks()), 1)
        other.signal(15)  # of nobody the caller hears by silence, which it doubts for three seconds
        wait_for(lambda: not self.found(self.other)["endpoints"], "the caller to believe it", within=6)
        self.assertEqual(self.call(self.other).status, 503)
        self.assertEqual(other.wait(), 0)
        self.assertEqual(self.consul.checks(), {})


if __name__ == "__main__":
    PROGRAM = registries.consul_program()
    if PROGRAM is None:
        if os.environ.get("CI") == "true":
            sys.exit("error: CI tests against a real Consul, and there is no Go here to build it with")
        harness.skip_all("no Go here, so NOTHING WAS TESTED AGAINST A REAL CONSUL")
    harness.main()
