"""An OTLP/HTTP receiver whose answers a test chooses. It reads JSON bodies; protobuf bodies it only keeps."""
import dataclasses
import gzip
import json
import time

import origins
import wire


@dataclasses.dataclass
class Export:
    """One POST as received."""

    at: float
    target: str
    fields: dict
    body: bytes

    def spans(self):
        return [span for resource in json.loads(self.body).get("resourceSpans", [])
                for scope in resource["scopeSpans"] for span in scope["spans"]]

    def resource(self):
        return attributes(json.loads(self.body)["resourceSpans"][0]["resource"])


def attributes(owner):
    """OTLP's list of attributes as a dictionary of plain values."""
    def plain(value):
        kind, content = next(iter(value.items()))
        if kind == "arrayValue":
            return [plain(each) for each in content.get("values", [])]
        return int(content) if kind == "intValue" else content
    return {each["key"]: plain(each["value"]) for each in owner.get("attributes", [])}


SERVER, CLIENT = 2, 3


class Receiver(origins.Origin):
    """`answers` is a list of replies for the next exports; when it is empty, 200. None in it means: never answer."""

    def __init__(self, context=None):
        self.exports, self.answers, self.refused = [], [], []
        super().__init__(self.take, context=context)
        self.url = f"{'https' if context else 'http'}://{self}"

    def take(self, exchange):
        request = exchange.read()
        body = gzip.decompress(request.body) if request.get("Content-Encoding") == "gzip" else request.body
        export = Export(time.monotonic(), request.target, {name.lower(): value for name, value in request.fields}, body)
        with self.lock:
            answer = self.answers.pop(0) if self.answers else origins.reply(body=b"{}", fields=[("Content-Type", "application/json")])
            (self.exports if answer is None or answer.split(b" ", 2)[1] == b"200" else self.refused).append(export)
        if answer is None:
            while True:  # until the client gives up
                exchange.more()
        return answer

    def spans(self):
        with self.lock:
            return [span for export in self.exports for span in export.spans()]

    def wait_for_spans(self, count, within=10):
        return wire.wait_for(lambda: found if len(found := self.spans()) >= count else None,
                             f"{count} spans at the receiver (it has {len(self.spans())})", within)

    def span(self, kind, within=10):
        """The first span of this kind."""
        return wire.wait_for(lambda: next((span for span in self.spans() if span["kind"] == kind), None),
                             f"a span of kind {kind}", within)
