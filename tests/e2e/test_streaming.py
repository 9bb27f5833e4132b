"""Bodies of any size stream: memory stays bounded, and a slow reader slows the writer down."""
import hashlib
import threading
import time

import harness
from harness import Client, reply, wait_for

MiB = 1 << 20
BIG = 64 * MiB
BLOCK = b"0123456789abcdef" * 4096  # 64 KiB


class Streaming(harness.Case):
    def test_a_large_upload_arrives_whole_in_bounded_memory(self):
        digest = hashlib.sha256()

        def swallow(exchange):
            left = int(exchange.request.get("Content-Length"))
            while left:
                if not exchange.buffer:
                    exchange.more()
                digest.update(exchange.buffer)
                left -= len(exchange.buffer)
                exchange.buffer = b""
            exchange.was_read = True
            return reply(body=digest.hexdigest())

        proxy = self.sidecar(self.origin(swallow))
        before = proxy.resident_bytes()
        expected = hashlib.sha256()
        with Client(proxy.inbound, timeout=60) as client:
            client.send(f"POST / HTTP/1.1\r\nHost: app\r\nContent-Length: {BIG}\r\n\r\n")
            for _ in range(BIG // len(BLOCK)):
                client.send(BLOCK)
                expected.update(BLOCK)
            answer = client.response()
        self.assertEqual(answer.body.decode(), expected.hexdigest())
        self.assertLess(proxy.resident_bytes() - before, 8 * MiB)

    def test_a_large_download_arrives_whole_in_bounded_memory(self):
        def pour(exchange):
            exchange.read()
            exchange.send(f"HTTP/1.1 200 OK\r\nContent-Length: {BIG}\r\n\r\n")
            for _ in range(BIG // len(BLOCK)):
                exchange.send(BLOCK)

        proxy = self.sidecar(self.origin(pour))
        before = proxy.resident_bytes()
        with Client(proxy.inbound, timeout=60) as client:
            client.send("GET / HTTP/1.1\r\nHost: app\r\n\r\n")
            head, digest, got = client.head(), hashlib.sha256(client.buffer), len(client.buffer)
            while got < BIG:
                data = client.socket.recv(MiB)
                self.assertTrue(data, f"ended after {got} of {BIG} bytes")
                digest.update(data)
                got += len(data)
        self.assertEqual(head.status, 200)
        self.assertEqual(digest.hexdigest(), hashlib.sha256(BLOCK * (BIG // len(BLOCK))).hexdigest())
        self.assertLess(proxy.resident_bytes() - before, 8 * MiB)

    def test_a_reader_that_stops_stops_the_origin(self):
        sent = [0]

        def pour(exchange):
            exchange.read()
            exchange.send(f"HTTP/1.1 200 OK\r\nContent-Length: {BIG}\r\n\r\n")
            for _ in range(BIG // len(BLOCK)):
                exchange.send(BLOCK)
                sent[0] += len(BLOCK)

        proxy = self.sidecar(self.origin(pour))
        with Client(proxy.inbound, timeout=60, receive_buffer=65536) as client:
            client.send("GET / HTTP/1.1\r\nHost: app\r\n\r\n")
            client.head()
            stalled_at = wait_for(lambda: self.unchanged(sent), "the origin to stall", within=20)
            self.assertLess(stalled_at, 24 * MiB)  # what the kernel's own buffers take, and no more
            self.assertLess(proxy.resident_bytes(), 48 * MiB)
            got = len(client.buffer)
            while got < BIG:
                got += len(client.socket.recv(MiB))
            self.assertEqual(got, BIG)

    def test_an_origin_that_stops_stops_the_client(self):
        resume, sent = threading.Event(), [0]

        def wait(exchange):
            resume.wait(30)
            return reply(body=str(len(exchange.read().body)))

        proxy = self.sidecar(self.origin(wait))
        with Client(proxy.inbound, timeout=60) as client:
            client.send(f"POST / HTTP/1.1\r\nHost: app\r\nContent-Length: {BIG}\r\n\r\n")

            def pour():
                for _ in range(BIG // len(BLOCK)):
                    client.send(BLOCK)
                    sent[0] += len(BLOCK)
            writer = threading.Thread(target=pour, daemon=True)
            writer.start()
            self.assertLess(wait_for(lambda: self.unchanged(sent), "the client to stall", within=20), 24 * MiB)
            resume.set()
            writer.join(60)
            self.assertEqual(client.response().body, str(BIG).encode())

    def unchanged(self, counter):
        """The counter's value once it has moved and then stood still for half a second."""
        seen = counter[0]
        time.sleep(0.5)
        return seen if seen and counter[0] == seen else None

    def test_parts_arrive_as_they_are_sent(self):
        go_on = threading.Event()

        def in_parts(exchange):
            exchange.read()
            exchange.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n9\r\ndata: 1\n\n\r\n")
            go_on.wait(10)
            exchange.send(b"9\r\ndata: 2\n\n\r\n0\r\n\r\n")

        proxy = self.sidecar(self.origin(in_parts))
        with Client(proxy.inbound) as client:
            client.send("GET /events HTTP/1.1\r\nHost: app\r\n\r\n")
            client.head()
            client.until(b"data: 1")  # while the origin still waits
            go_on.set()
            client.until(b"data: 2")


if __name__ == "__main__":
    harness.main()
