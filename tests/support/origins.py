"""Origin servers that do exactly what a test tells them to, on raw sockets."""
import json
import socket
import ssl
import struct
import threading

import wire


def reply(status=200, body=b"", fields=(), reason="OK", length=True):
    """An answer's bytes; a Content-Length unless `length` is False."""
    body = body.encode() if isinstance(body, str) else body
    lines = [f"HTTP/1.1 {status} {reason}", *(f"{name}: {value}" for name, value in fields)]
    if length:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def echo(exchange):
    """The default handler: tells the request back as JSON."""
    request = exchange.read()
    return reply(body=json.dumps({"method": request.method, "target": request.target, "fields": request.fields,
                                  "body": request.body.decode("latin-1"), "trailers": request.trailers}),
                 fields=[("Content-Type", "application/json")])


class Exchange(wire.Reader):
    """One request at an origin, its body not read yet."""

    def __init__(self, connection, buffer, number):
        super().__init__(connection)
        self.buffer, self.number = buffer, number  # `number` counts the requests of this connection, from 0
        self.request, self.closed, self.was_read = self.head(), False, False

    def read(self):
        """The request with its whole body."""
        if not self.was_read:
            self.was_read = True
            self.body_of(self.request)
        return self.request

    def send(self, data):
        self.socket.sendall(data.encode("latin-1") if isinstance(data, str) else data)

    def close(self):
        self.closed = True
        self.socket.close()

    def reset(self):
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close()


class Origin:
    """Listens on a free port of 127.0.0.1; a thread per connection calls `handler(exchange)` for each request.

    The handler returns bytes to send, or None when it has answered by itself. Everything seen is kept:
    `requests`, `accepted` and `connections` so far (the latter without those that never sent a request: a sidecar looks
    whether its application's port is open), `open` ones, `bad` (bytes that were no request).
    """

    def __init__(self, handler=echo, context=None, host="127.0.0.1", raw=None, port=0):
        self.handler, self.context, self.raw = handler, context, raw
        self.requests, self.bad, self.accepted, self.connections, self.open = [], [], 0, 0, set()
        self.lock = threading.Lock()
        self.listener = socket.create_server((host, port), backlog=256)
        self.address = self.listener.getsockname()[:2]
        self.host, self.port = self.address
        threading.Thread(target=self.accept, daemon=True).start()

    def __str__(self):
        return f"{self.host}:{self.port}"

    def accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            with self.lock:
                self.accepted += 1
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        original = connection
        try:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.settimeout(60)
            if self.context:
                connection = self.context.wrap_socket(connection, server_side=True)
            if self.raw:
                self.raw(connection)
            else:
                self.exchanges(connection, original)
        except (OSError, ssl.SSLError, wire.Closed):
            pass
        except (AssertionError, ValueError, IndexError) as error:
            with self.lock:
                self.bad.append(repr(error))
        finally:
            with self.lock:
                self.open.discard(original)
            connection.close()

    def exchanges(self, connection, original):
        buffer, number = b"", 0
        while True:
            exchange = Exchange(connection, buffer, number)
            with self.lock:
                self.requests.append(exchange.request)
                self.open.add(original)
                self.connections += number == 0
            answer = self.handler(exchange)
            if exchange.closed:
                return
            if answer is not None:
                exchange.read()
                exchange.send(answer)
                if b"connection: close" in answer.split(b"\r\n\r\n")[0].lower():
                    return
            buffer, number = exchange.buffer, number + 1

    def drop_connections(self):
        """Closes every connection, as a server does whose keep-alive has run out."""
        with self.lock:
            for connection in self.open:
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass

    def close(self):
        self.listener.close()
        self.drop_connections()
