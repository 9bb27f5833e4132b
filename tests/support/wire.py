"""HTTP/1.1 on raw sockets: a client that sends what it is told to, and a strict reader of messages."""
import dataclasses
import socket
import struct
import time

TIMEOUT = 10


class Closed(Exception):
    """The peer ended the connection where more was expected."""


@dataclasses.dataclass
class Message:
    """A request or an answer. `start` is its first line's three words; field names are as sent."""

    start: list
    fields: list
    body: bytes = b""
    trailers: list = dataclasses.field(default_factory=list)
    interim: list = dataclasses.field(default_factory=list)
    whole: bool = True

    @property
    def status(self):
        return int(self.start[1])

    @property
    def method(self):
        return self.start[0]

    @property
    def target(self):
        return self.start[1]

    def all(self, name):
        return [value for field, value in self.fields if field.lower() == name.lower()]

    def get(self, name, default=None):
        return next(iter(self.all(name)), default)


def fields_of(lines):
    fields = []
    for line in lines:
        name, colon, value = line.partition(":")
        assert colon and name == name.strip(), f"not a field line: {line!r}"
        fields.append((name, value.strip(" \t")))
    return fields


class Reader:
    """Reads messages from a socket; keeps what came beyond them."""

    def __init__(self, sock):
        self.socket, self.buffer = sock, b""

    def more(self):
        try:
            data = self.socket.recv(65536)
        except ConnectionResetError as error:
            raise Closed("reset") from error
        if not data:
            raise Closed("end of stream")
        self.buffer += data

    def until(self, mark):
        while mark not in self.buffer:
            self.more()
        found, _, self.buffer = self.buffer.partition(mark)
        return found

    def exactly(self, count):
        while len(self.buffer) < count:
            self.more()
        found, self.buffer = self.buffer[:count], self.buffer[count:]
        return found

    def rest(self):
        try:
            while True:
                self.more()
        except Closed:
            found, self.buffer = self.buffer, b""
            return found

    def head(self):
        lines = self.until(b"\r\n\r\n").decode("latin-1").split("\r\n")
        return Message(lines[0].split(" ", 2), fields_of(lines[1:]))

    def chunked(self):
        """(body, trailers) of a chunked message."""
        body = []
        while True:
            size = int(self.until(b"\r\n").split(b";")[0], 16)
            if size == 0:
                break
            body.append(self.exactly(size))
            assert self.exactly(2) == b"\r\n", "a chunk does not end in CRLF"
        trailers = []
        while line := self.until(b"\r\n"):
            trailers.append(line.decode("latin-1"))
        return b"".join(body), fields_of(trailers)

    def body_of(self, message, until_close=False):
        if "chunked" in message.get("Transfer-Encoding", "").lower():
            message.body, message.trailers = self.chunked()
        elif message.get("Content-Length") is not None:
            message.body = self.exactly(int(message.get("Content-Length")))
        elif until_close:
            message.body = self.rest()
        return message

    def response(self, method="GET"):
        """The next final answer, with the interim ones before it in `interim`."""
        interim = []
        while True:
            answer = self.head()
            if answer.status >= 200 or answer.status == 101:
                break
            interim.append(answer)
        answer.interim = interim
        if method == "HEAD" or answer.status in (101, 204, 304):
            return answer
        if method == "CONNECT" and answer.status < 300:
            return answer
        try:
            return self.body_of(answer, until_close=True)
        except Closed:
            answer.whole, answer.body = False, self.buffer
            return answer


class Client(Reader):
    """One connection to `address`; usable in a with statement."""

    def __init__(self, address, timeout=TIMEOUT, receive_buffer=None):
        sock = socket.socket()
        if receive_buffer:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        sock.settimeout(timeout)
        try:
            sock.connect(address)
        except OSError:
            sock.close()
            raise
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        super().__init__(sock)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data.encode("latin-1") if isinstance(data, str) else data)
        return self

    def request(self, target="/", method="GET", fields=(), body=None, host="app.test"):
        """Sends one request with a Content-Length when there is a body, and returns its answer."""
        lines = [f"{method} {target} HTTP/1.1", f"Host: {host}", *(f"{name}: {value}" for name, value in dict(fields).items())]
        if body is not None:
            lines.append(f"Content-Length: {len(body)}")
        self.send("\r\n".join(lines) + "\r\n\r\n")
        if body:
            self.send(body)
        return self.response(method)

    def finish_sending(self):
        self.socket.shutdown(socket.SHUT_WR)

    def reset(self):
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def ended(self, within=5):
        """Whether the peer closes or resets the connection without sending anything more."""
        self.socket.settimeout(within)
        try:
            return not self.buffer and self.socket.recv(1) == b""
        except ConnectionResetError:
            return True
        except socket.timeout:
            return False


def ask(address, target="/", **how):
    """One request on a connection of its own."""
    with Client(address) as client:
        return client.request(target, **how)


def exchange(address, data, method="GET"):
    """Sends raw bytes on a connection of its own and returns (answer or None, whether the connection was ended)."""
    with Client(address) as client:
        client.send(data)
        try:
            answer = client.response(method)
        except Closed:
            return None, True
        return answer, client.ended()


def wait_for(condition, what, within=10):
    """Polls until `condition()` is true and returns what it returned; else fails, naming `what`."""
    deadline = time.monotonic() + within
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {within} s in vain for {what}")
        time.sleep(0.01)
