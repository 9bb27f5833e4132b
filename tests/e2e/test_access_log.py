"""One line per exchange, as JSON or text, with the trace id, and nothing a client sends can forge a line."""
import json

import harness
from harness import Client, ask, wait_for

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


class AccessLog(harness.Case):
    def start(self, format):
        self.path = self.folder() / "access.log"
        return self.sidecar(self.origin(), routes={"stock": self.origin()},
                            settings={"access_log.format": format, "access_log.path": str(self.path)})

    def lines(self, count=1):
        def look():
            lines = self.path.read_text(errors="replace").splitlines() if self.path.exists() else []
            return lines if len(lines) >= count else None
        return wait_for(look, f"{count} lines in the access log")

    def test_json_lines_tell_what_happened(self):
        proxy = self.start("json")
        ask(proxy.inbound, "/orders/7?x=1", fields={"traceparent": PARENT})
        line = self.lines()[0]
        entry = json.loads(line)
        self.assertEqual(entry["status"], 200)
        self.assertIn("0af7651916cd43dd8448eb211c80319c", line)
        self.assertIn("GET", entry.values())
        self.assertIn("/orders/7", line)

    def test_text_lines_tell_it_too(self):
        proxy = self.start("text")
        ask(proxy.inbound, "/orders/7", fields={"traceparent": PARENT})
        line = self.lines()[0]
        for part in ("GET", "/orders/7", "200", "0af7651916cd43dd8448eb211c80319c"):
            self.assertIn(part, line)

    def test_both_directions_and_refusals_are_logged(self):
        proxy = self.start("json")
        ask(proxy.inbound)
        ask(proxy.outbound, host="stock")
        ask(proxy.outbound, host="%s:%d" % proxy.outbound)
        harness.exchange(proxy.inbound, b"GET bad HTTP/1.1\r\nHost: a\r\n\r\n")
        self.assertEqual(sorted(json.loads(line)["status"] for line in self.lines(4)), [200, 200, 400, 421])

    def test_what_clients_send_is_escaped(self):
        for format in ("json", "text"):
            with self.subTest(format):
                proxy = self.start(format)
                with Client(proxy.inbound) as client:
                    client.send(b'GET /a%0a"b\\c HTTP/1.1\r\nHost: a\r\nUser-Agent: x" "status": 999\x80\xff\t\r\n\r\n')
                    client.response()
                ask(proxy.inbound, "/next")
                lines = self.lines(2)
                self.assertEqual(len(lines), 2)
                if format == "json":
                    self.assertNotEqual(json.loads(lines[0])["status"], 999)

    def test_secrets_in_queries_are_hidden(self):
        proxy = self.start("json")
        ask(proxy.inbound, "/file?sig=s3cr3t&name=x")
        self.assertNotIn("s3cr3t", self.lines()[0])

    def test_standard_output_is_the_default_place(self):
        proxy = self.sidecar(self.origin(), settings={"access_log": "json"})
        ask(proxy.inbound, "/here")
        proxy.wait_for_log(r'\{.*"/here".*\}')


if __name__ == "__main__":
    harness.main()
