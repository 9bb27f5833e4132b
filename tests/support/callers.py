"""Callers who go on until nobody takes their connections any more, and tell what became of every request."""
import socket
import threading
import time

import wire


class Callers:
    """Callers in threads, half of them with connections that stay, until the sidecar takes no connection any more."""

    def __init__(self, address, count=12):
        self.address, self.answered, self.lost, self.refused = address, 0, [], 0
        self.lock = threading.Lock()
        self.threads = [threading.Thread(target=self.call, args=(number % 2 == 0,), daemon=True) for number in range(count)]
        for thread in self.threads:
            thread.start()

    def connect(self):
        """None: nobody takes connections. What was connected was accepted."""
        try:
            return wire.Client(self.address)
        except (ConnectionRefusedError, socket.timeout):
            with self.lock:
                self.refused += 1
            return None

    def call(self, keeps):
        client = self.connect()
        while client:
            try:
                answer = client.request("/", fields={} if keeps else {"Connection": "close"})
                with self.lock:
                    self.answered += 1
                    if answer.status != 200 or not answer.whole:
                        self.lost.append(answer.start)
            except (wire.Closed, OSError) as error:
                with self.lock:
                    self.lost.append(repr(error))
                return
            if answer.get("Connection", "").lower() == "close":
                client.socket.close()
                client = self.connect()
            time.sleep(0.002)

    def ended(self):
        for thread in self.threads:
            thread.join(20)
        return not any(thread.is_alive() for thread in self.threads)
