"""Connections carry many exchanges: keep-alive, pipelining, chunked bodies with trailers, HTTP/1.0, half-closes."""
import json

import harness
from harness import Client, Closed, ask, fields_told, reply, told


class KeepAlive(harness.Case):
    def setUp(self):
        self.app = self.origin()
        self.proxy = self.sidecar(self.app, settings={"workers": 1})

    def test_many_requests_share_one_connection_on_both_sides(self):
        with Client(self.proxy.inbound) as client:
            for number in range(20):
                self.assertEqual(told(client.request(f"/{number}"))["target"], f"/{number}")
        self.assertEqual(self.app.connections, 1)

    def test_pipelined_requests_are_answered_in_order(self):
        with Client(self.proxy.inbound) as client:
            client.send("".join(f"GET /{n} HTTP/1.1\r\nHost: app\r\n\r\n" for n in range(10)))
            self.assertEqual([told(client.response())["target"] for _ in range(10)], [f"/{n}" for n in range(10)])

    def test_a_pipelined_request_after_a_body_is_its_own(self):
        with Client(self.proxy.inbound) as client:
            client.send("POST /a HTTP/1.1\r\nHost: app\r\nContent-Length: 5\r\n\r\nhelloGET /b HTTP/1.1\r\nHost: app\r\n\r\n")
            self.assertEqual(told(client.response())["body"], "hello")
            self.assertEqual(told(client.response())["target"], "/b")

    def test_chunked_requests_keep_their_content_and_trailers(self):
        with Client(self.proxy.inbound) as client:
            client.send("POST / HTTP/1.1\r\nHost: app\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n"
                        "5;extension=1\r\nhello\r\n6\r\n world\r\n0\r\nX-Sum: 42\r\n\r\n")
            seen = told(client.response())
            self.assertEqual(seen["body"], "hello world")
            self.assertEqual(seen["trailers"], [["X-Sum", "42"]])
            self.assertEqual(told(client.request("/next"))["target"], "/next")

    def test_connection_close_is_honoured(self):
        with Client(self.proxy.inbound) as client:
            self.assert_status(client.request("/", fields={"Connection": "close"}), 200)
            self.assertTrue(client.ended())

    def test_http_1_0_gets_an_answer_and_a_close(self):
        with Client(self.proxy.inbound) as client:
            client.send("GET /old HTTP/1.0\r\n\r\n")
            self.assertEqual(told(client.response())["target"], "/old")
            self.assertTrue(client.ended())

    def test_http_1_0_with_keep_alive_stays_open(self):
        with Client(self.proxy.inbound) as client:
            for _ in range(2):
                client.send("GET / HTTP/1.0\r\nHost: app\r\nConnection: keep-alive\r\n\r\n")
                answer = client.response()
                self.assert_status(answer, 200)
                self.assertEqual(answer.get("Connection", "").lower(), "keep-alive")

    def test_http_1_0_with_keep_alive_stays_open_after_an_answer_of_our_own(self):
        origin = self.origin(lambda exchange: exchange.read() and exchange.close())
        proxy = self.sidecar(origin, settings={"workers": 1})
        with Client(proxy.inbound) as client:
            for _ in range(2):
                client.send("GET / HTTP/1.0\r\nHost: app\r\nConnection: keep-alive\r\n\r\n")
                answer = client.response()
                self.assert_status(answer, 502)
                self.assertEqual(answer.get("Connection", "").lower(), "keep-alive")

    def test_connections_over_the_limit_are_reset_and_counted(self):
        proxy = self.sidecar(self.app, settings={"workers": 1, "limits.connections": "3"})
        clients = [Client(proxy.inbound) for _ in range(3)]
        for client in clients:
            self.addCleanup(client.socket.close)
        for client in clients:
            self.assert_status(client.request(), 200)
        with self.assertRaises((Closed, ConnectionResetError, BrokenPipeError)):
            ask(proxy.inbound)
        self.assertEqual(proxy.metrics()["outrider_connections_refused_total"], 1)
        clients.pop().socket.close()
        harness.wait_for(lambda: proxy.metrics()["outrider_connections_open"] == 2, "the place to be free")
        self.assert_status(ask(proxy.inbound), 200)

    def test_a_client_that_has_finished_sending_still_gets_its_answer(self):
        with Client(self.proxy.inbound) as client:
            client.send("POST / HTTP/1.1\r\nHost: app\r\nContent-Length: 2\r\n\r\nhi")
            client.finish_sending()
            self.assertEqual(told(client.response())["body"], "hi")
            self.assertTrue(client.ended())

    def test_the_host_reaches_the_application(self):
        self.assertEqual(fields_told(ask(self.proxy.inbound, host="shop.example:8080"), "Host"), ["shop.example:8080"])


class Answers(harness.Case):
    def serve(self, *answers):
        replies = list(answers)
        self.app = self.origin(lambda exchange: replies.pop(0))
        return self.sidecar(self.app, settings={"workers": 1})

    def test_chunked_answers_keep_their_content_and_trailers(self):
        proxy = self.serve(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n"
                           b"3\r\nabc\r\n0\r\nX-Sum: 7\r\n\r\n", reply(body="second"))
        with Client(proxy.inbound) as client:
            client.send("GET / HTTP/1.1\r\nHost: app\r\nTE: trailers\r\nConnection: TE\r\n\r\n")
            answer = client.response()
            self.assertEqual((answer.body, answer.trailers), (b"abc", [("X-Sum", "7")]))
            self.assertEqual(client.request().body, b"second")
        self.assertEqual(self.app.connections, 1)

    def test_head_keeps_the_length_and_sends_no_body(self):
        proxy = self.serve(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n", reply(body="after"))
        with Client(proxy.inbound) as client:
            answer = client.request(method="HEAD")
            self.assertEqual(answer.get("Content-Length"), "1000")
            self.assertEqual(client.request().body, b"after")

    def test_204_and_304_have_no_body(self):
        proxy = self.serve(b"HTTP/1.1 204 No Content\r\n\r\n", b'HTTP/1.1 304 Not Modified\r\nETag: "a"\r\nContent-Length: 9\r\n\r\n',
                           reply(body="after"))
        with Client(proxy.inbound) as client:
            self.assert_status(client.request(), 204)
            answer = client.request()
            self.assert_status(answer, 304)
            self.assertEqual(answer.get("ETag"), '"a"')
            self.assertEqual(client.request().body, b"after")

    def test_an_answer_that_ends_with_the_connection_is_whole(self):
        def until_close(exchange):
            exchange.read()
            exchange.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\nto the end")
            exchange.close()
        proxy = self.sidecar(self.origin(until_close))
        self.assertEqual(harness.ask(proxy.inbound).body, b"to the end")

    def test_an_http_1_0_client_never_sees_chunks(self):
        proxy = self.serve(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n")
        with Client(proxy.inbound) as client:
            client.send("GET / HTTP/1.0\r\n\r\n")
            answer = client.response()
            self.assertIsNone(answer.get("Transfer-Encoding"))
            self.assertEqual(answer.body, b"hello")

    def test_fields_arrive_as_they_were_sent(self):
        proxy = self.serve(reply(body=json.dumps({}), fields=[("Set-Cookie", "a=1"), ("Set-Cookie", "b=2"), ("X-Empty", "")]))
        answer = harness.ask(proxy.inbound)
        self.assertEqual(answer.all("Set-Cookie"), ["a=1", "b=2"])
        self.assertEqual(answer.get("X-Empty"), "")


if __name__ == "__main__":
    harness.main()
