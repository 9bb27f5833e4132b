"""Bytes that are not HTTP/1.1 exchanges: WebSocket, CONNECT, HTTP/2 and TLS on inbound."""
import socket

import harness
from harness import Client, Closed, fields_told, reply, wait_for

UPGRADE = ("GET /chat HTTP/1.1\r\nHost: app\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
           "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
SETTINGS = b"\0\0\0\4\0\0\0\0\0"


def accept_websocket(exchange):
    """Switches protocols, then echoes whatever comes, and says goodbye when the client has finished."""
    exchange.read()
    exchange.send(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                  b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n")
    if exchange.buffer:
        exchange.send(exchange.buffer)
    echo_all(exchange.socket)
    exchange.close()


def echo_all(connection):
    while data := connection.recv(65536):
        connection.sendall(data)
    connection.sendall(b"goodbye")
    connection.shutdown(socket.SHUT_WR)


class WebSocket(harness.Case):
    def test_is_a_tunnel_in_both_directions(self):
        app = self.origin(accept_websocket)
        proxy = self.sidecar(app)
        with Client(proxy.inbound) as client:
            client.send(UPGRADE)
            answer = client.response()
            self.assert_status(answer, 101)
            self.assertEqual(answer.get("Upgrade"), "websocket")
            self.assertEqual(app.requests[0].get("Upgrade"), "websocket")
            self.assertEqual(app.requests[0].get("Connection", "").lower(), "upgrade")
            for message in (b"\x81\x05hello", b"\x82\x7e\x01\x00" + bytes(256)):
                client.send(message)
                self.assertEqual(client.exactly(len(message)), message)

    def test_passes_on_that_one_side_has_finished(self):
        proxy = self.sidecar(self.origin(accept_websocket))
        with Client(proxy.inbound) as client:
            client.send(UPGRADE).response()
            client.send(b"last words")
            client.finish_sending()
            self.assertEqual(client.rest(), b"last wordsgoodbye")

    def test_a_refused_upgrade_is_an_ordinary_answer(self):
        proxy = self.sidecar(self.origin(lambda exchange: reply(426, "no", reason="Upgrade Required")))
        with Client(proxy.inbound) as client:
            client.send(UPGRADE)
            self.assert_status(client.response(), 426)
            self.assert_status(client.request(), 426)

    def test_works_on_outbound_too(self):
        proxy = self.sidecar(routes={"chat": self.origin(accept_websocket)})
        with Client(proxy.outbound) as client:
            client.send(UPGRADE.replace("Host: app", "Host: chat"))
            self.assert_status(client.response(), 101)
            client.send(b"ping")
            self.assertEqual(client.exactly(4), b"ping")

    def test_h2c_is_never_asked_for(self):
        proxy = self.sidecar(self.origin())
        with Client(proxy.inbound) as client:
            answer = client.request(fields={"Connection": "Upgrade, HTTP2-Settings", "Upgrade": "h2c", "HTTP2-Settings": "AAMAAABkAAQAAP__"})
            self.assertEqual(fields_told(answer, "Upgrade"), [])
            self.assertEqual(fields_told(answer, "HTTP2-Settings"), [])

    def test_an_unasked_101_is_a_fault(self):
        def switch(exchange):
            exchange.read()
            exchange.send(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")

        proxy = self.sidecar(self.origin(switch))
        with Client(proxy.inbound) as client:
            self.assert_status(client.request(), 502)


class Connect(harness.Case):
    def test_tunnels_to_a_named_upstream(self):
        peer = self.origin(raw=echo_all)
        proxy = self.sidecar(routes={"stock": peer})
        with Client(proxy.outbound) as client:
            client.send("CONNECT stock:443 HTTP/1.1\r\nHost: stock:443\r\n\r\n")
            answer = client.response("CONNECT")
            self.assert_status(answer, 200)
            self.assertEqual((answer.get("Content-Length"), answer.get("Transfer-Encoding")), (None, None))
            client.send(b"\x16\x03\x01 anything")
            self.assertEqual(client.exactly(12), b"\x16\x03\x01 anything")

    def test_tunnels_to_a_host_of_dns(self):
        peer = self.origin(raw=echo_all)
        proxy = self.sidecar(routes={})
        with Client(proxy.outbound) as client:
            client.send(f"CONNECT localhost:{peer.port} HTTP/1.1\r\nHost: localhost:{peer.port}\r\n\r\nearly")
            self.assert_status(client.response("CONNECT"), 200)
            self.assertEqual(client.exactly(5), b"early")

    def test_is_refused_on_inbound(self):
        app = self.origin()
        proxy = self.sidecar(app)
        with Client(proxy.inbound) as client:
            client.send(f"CONNECT {app} HTTP/1.1\r\nHost: {app}\r\n\r\n")
            self.assertIn(client.response("CONNECT").status, (403, 405, 501))
        self.assertEqual(app.requests, [])

    def test_says_so_when_nobody_answers_there(self):
        port = harness.processes.free_ports(1)[0]
        proxy = self.sidecar(routes={})
        with Client(proxy.outbound) as client:
            client.send(f"CONNECT localhost:{port} HTTP/1.1\r\nHost: localhost:{port}\r\n\r\n")
            self.assertIn(client.response("CONNECT").status, (502, 503))


class OtherProtocolsOnInbound(harness.Case):
    def start(self):
        self.seen = []

        def keep_and_answer(connection):
            data = connection.recv(65536)
            if not data:
                return  # the sidecar only looked whether the port is open
            self.seen.append(data)
            connection.sendall(b"answer:" + data[:24])
            echo_all(connection)
        return self.sidecar(self.origin(raw=keep_and_answer))

    def assert_passed_on(self, first):
        proxy = self.start()
        with Client(proxy.inbound) as client:
            client.send(first)
            self.assertEqual(client.exactly(7 + len(first[:24])), b"answer:" + first[:24])
            client.send(b"\0\0\0\4\1\0\0\0\0")
            self.assertEqual(client.exactly(9), b"\0\0\0\4\1\0\0\0\0")
            client.finish_sending()
            self.assertEqual(client.rest(), b"goodbye")
        self.assertEqual(self.seen[0], first)
        return proxy

    def test_http_2_with_prior_knowledge_reaches_the_application(self):
        proxy = self.assert_passed_on(PREFACE + SETTINGS)
        wait_for(lambda: [1 for series, value in proxy.metrics().items() if "tunnel" in series and value == 1], "the tunnel in /metrics")
        self.assertEqual(proxy.log().lower().count("http/2"), 1, proxy.log())

    def test_tls_reaches_the_application(self):
        self.assert_passed_on(bytes.fromhex("160301008f0100008b0303") + bytes(137))

    def test_a_preface_in_pieces_is_still_one(self):
        proxy = self.start()
        with Client(proxy.inbound) as client:
            for byte in PREFACE + SETTINGS:
                client.send(bytes([byte]))
            self.assertEqual(client.exactly(7), b"answer:")

    def test_on_outbound_a_preface_is_refused(self):
        stock = self.origin()
        proxy = self.sidecar(routes={"stock": stock})
        with Client(proxy.outbound) as client:
            client.send(PREFACE + SETTINGS)
            try:
                self.assertGreaterEqual(client.response().status, 400)
            except Closed:
                pass
        self.assertEqual(stock.accepted, 0)


if __name__ == "__main__":
    harness.main()
