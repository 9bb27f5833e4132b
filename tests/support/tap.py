"""A relay between a sidecar and a broker that sees whole requests, and may lose one."""
import contextlib
import socket
import struct
import threading

import wire


class Tap:
    """Listens on `port` and relays to `target`. Kafka requests are kept as (api, version, body after the header); `lose(api)` makes the
    next one of that API vanish, with its connection."""

    def __init__(self, port, target):
        self.target, self.requests, self.to_lose, self.lock = target, [], [], threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", port))
        threading.Thread(target=self.accept, daemon=True).start()

    def lose(self, api):
        with self.lock:
            self.to_lose.append(api)

    def bodies(self, api):
        with self.lock:
            return [body for each, _, body in self.requests if each == api]

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            broker = socket.create_connection(self.target)
            threading.Thread(target=self.pass_requests, args=(client, broker), daemon=True).start()
            threading.Thread(target=self.pass_answers, args=(broker, client), daemon=True).start()

    def pass_requests(self, client, broker):
        reader = wire.Reader(client)
        with contextlib.suppress(OSError, wire.Closed):
            while True:
                length = reader.exactly(4)
                frame = reader.exactly(struct.unpack(">i", length)[0])
                if self.passes(frame):
                    broker.sendall(length + frame)
                else:
                    break
        end(client, broker)

    def passes(self, frame):
        """Keeps the request; False when it is to be lost."""
        api, version, _, client_id = struct.unpack(">hhih", frame[:10])
        with self.lock:
            self.requests.append((api, version, frame[10 + max(0, client_id):]))
            if api in self.to_lose:
                self.to_lose.remove(api)
                return False
        return True

    def pass_answers(self, broker, client):
        with contextlib.suppress(OSError):
            while data := broker.recv(65536):
                client.sendall(data)
        end(client, broker)

    def close(self):
        self.listener.close()


def end(*sockets):
    for each in sockets:
        with contextlib.suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)
        each.close()
