"""Connections that libraries make for the sidecar, to Redis and by DNS over TCP, carry its mark like its own."""
import contextlib
import socket
import threading

import harness
import intercepted
import wire

from intercepted import Intercepted


class TrafficOfLibraries(Intercepted):
    def test_is_left_alone_by_mark(self):
        redis = self.keep(self.far.start("redis-server", "--port", "6379", "--bind", self.there, "--protected-mode", "no", "--save", "",
                                         folder=self.folder()))
        redis.wait_for_log("Ready to accept connections", within=30)
        server = self.server()
        self.install(own=("--mark", "0x539"))
        questions = self.long_winded_dns(self.there)
        policies = self.folder() / "policies.yaml"
        policies.write_text("policies: [{name: a, match: {inbound: '*'}, limit: {rate: 10/s, burst: 1, scope: fleet}}]")
        sidecar, _ = self.intercepting(user=0, policies=str(policies), fleet={"redis": f"redis://{self.there}:6379"},
                                       registries={"dns": {"servers": [f"{self.there}:53"]}},
                                       upstreams={"stock": {"discover": {"by": "dns", "service": f"stock.internal:{server.port}"}}})
        wire.wait_for(lambda: sidecar.total("outrider_fleet_up") == 1, "Redis")
        wire.wait_for(lambda: sidecar.total("outrider_registry_up", registry="dns") == 1, "DNS")
        self.assertGreater(len(questions), 0, "the answer came by TCP")
        self.assertEqual(self.taken_as(sidecar, "tcp"), 0, "a connection of our own came back through the tunnel")

    def long_winded_dns(self, host):
        """Every name is 10.77.0.2, and that is too long for a datagram. @return what was asked by TCP"""
        questions = []

        def answer(asked, flags):
            question = asked[12:asked.index(b"\0", 12) + 5]
            head = asked[:2] + flags + (b"\0\1\0\0" if flags == b"\x87\x80" else b"\0\1\0\1") + b"\0\0\0\0"
            record = b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4" + socket.inet_aton(host)
            return head + question + (b"" if flags == b"\x87\x80" else record)

        def over_tcp(connection):
            while size := connection.recv(2, socket.MSG_WAITALL):
                questions.append(connection.recv(int.from_bytes(size, "big"), socket.MSG_WAITALL))
                said = answer(questions[-1], b"\x85\x80")
                connection.sendall(len(said).to_bytes(2, "big") + said)

        def over_udp(datagrams):
            with contextlib.suppress(OSError):
                while True:
                    asked, peer = datagrams.recvfrom(2000)
                    datagrams.sendto(answer(asked, b"\x87\x80"), peer)
        self.server(raw=over_tcp, port=53)
        with self.far.entered():
            datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        datagrams.bind((host, 53))
        self.keep(datagrams)
        threading.Thread(target=over_udp, args=(datagrams,), daemon=True).start()
        return questions


if __name__ == "__main__":
    intercepted.skip_where_impossible()
    harness.main()
