"""An upstream whose members are a Kubernetes service's: the API server is a stand-in that speaks TLS and asks for the token."""
import time

import discovered
import harness
import processes
from authority import Authority
from harness import reply, wait_for
from kube_api import KubeApi


class ByKubernetes(discovered.Case):
    def setUp(self):
        authority = Authority(self.folder())
        self.api = self.keep(KubeApi(authority.server("localhost"), "first"))
        self.token = self.folder() / "token"
        self.token.write_text("first\n")
        self.port, = processes.free_ports(1)
        for host in ("127.0.0.2", "127.0.0.3"):
            self.origin(lambda exchange, host=host: exchange.read() and reply(body=host), host=host, port=self.port)
        self.say(("127.0.0.2", True))
        self.other = self.caller(f"  kubernetes: {{api: '{self.api.url}', namespace: shop, token_file: {self.token}, ca: {authority.ca}}}",
                                 "kubernetes")

    def say(self, *endpoints):
        self.api.say(*((address, self.port, ready) for address, ready in endpoints))

    def finds(self, *hosts):
        """The caller has exactly these within a second."""
        began = time.monotonic()
        wanted = [f"{host}:{self.port}" for host in hosts]
        wait_for(lambda: self.found(self.other)["endpoints"] == wanted, f"the caller to find {wanted}")
        self.assertLess(time.monotonic() - began, 1.0)

    def test_pods_that_come_go_and_are_not_ready_are_followed(self):
        self.finds("127.0.0.2")
        self.assertEqual(self.call(self.other).body, b"127.0.0.2")
        self.say(("127.0.0.2", True), ("127.0.0.3", True))
        self.finds("127.0.0.2", "127.0.0.3")
        self.say(("127.0.0.2", False), ("127.0.0.3", True))
        self.finds("127.0.0.3")
        self.assertEqual(self.call(self.other).body, b"127.0.0.3")
        self.say(("127.0.0.2", False), ("127.0.0.3", False))
        self.finds()
        self.assertEqual(self.call(self.other).status, 503)
        self.assertIn(b"none of the members that Kubernetes has of 'stock' is ready", self.call(self.other).body)
        self.say(("127.0.0.2", True))
        self.finds("127.0.0.2")
        self.assertEqual(self.call(self.other).status, 200)

    def test_a_watch_that_is_too_old_lists_again(self):
        self.finds("127.0.0.2")
        self.api.forget_history()
        self.say(("127.0.0.3", True))
        self.finds("127.0.0.3")

    def test_an_api_server_that_is_gone_leaves_the_last_endpoints_in_use(self):
        self.finds("127.0.0.2")
        self.api.stop()
        wait_for(lambda: self.found(self.other).get("problem"), "the state to say so")
        wait_for(lambda: self.other.total("outrider_registry_up", registry="kubernetes") == 0, "the metric to say so")
        self.assertEqual(self.call(self.other).body, b"127.0.0.2")
        self.say(("127.0.0.3", True))
        self.api.start()
        wait_for(lambda: self.found(self.other)["endpoints"] == [f"127.0.0.3:{self.port}"], "what changed meanwhile")
        self.assertNotIn("problem", self.found(self.other))
        self.assertEqual(self.other.total("outrider_registry_up", registry="kubernetes"), 1)

    def test_a_token_that_is_replaced_is_read_again(self):
        self.finds("127.0.0.2")
        self.api.token = "second"
        self.api.forget_history()
        wait_for(lambda: "401" in self.found(self.other).get("problem", ""), "the refusal to be told")
        self.assertEqual(self.call(self.other).status, 200)
        self.token.write_text("second\n")
        wait_for(lambda: "problem" not in self.found(self.other), "the new token to be used")
        self.assertGreaterEqual(self.api.refused, 1)


if __name__ == "__main__":
    harness.main()
