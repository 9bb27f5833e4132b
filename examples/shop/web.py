"""The little that the shop's services share: a JSON handler and a JSON client. No tracing code: see `call`."""
import http.server
import json
import os
import urllib.error
import urllib.request


class Service(http.server.BaseHTTPRequestHandler):
    """Answers JSON. Subclasses define `get(path)` and `post(path, body)`, which return (status, value)."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self):
        self.answer(*self.get(self.path.strip("/").split("/")))

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or "{}")
        self.answer(*self.post(self.path.strip("/").split("/"), body))

    def get(self, path):
        return 404, {"error": "no such page"}

    def post(self, path, body):
        return 404, {"error": "no such page"}

    def answer(self, status, value):
        page = isinstance(value, str)
        body = value.encode() if page else (json.dumps(value) + "\n").encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/html; charset=utf-8" if page else "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def call(self, method, url, body=None):
        """Calls another service for the request at hand."""
        return call(method, url, body, self.headers.get("traceparent"))

    def log_message(self, format, *args):
        print(f"{self.command} {self.path} -> {args[1] if len(args) > 1 else ''}", flush=True)


def call(method, url, body=None, traceparent=None):
    """Calls a service; the traceparent of what is worked on goes along, and that is all a service has to do."""
    request = urllib.request.Request(url, method=method)
    if body is not None:
        request.data = json.dumps(body).encode()
        request.add_header("Content-Type", "application/json")
    if traceparent is not None:
        request.add_header("traceparent", traceparent)
    try:
        with urllib.request.urlopen(request, timeout=10) as response:
            return response.status, json.load(response)
    except urllib.error.HTTPError as error:
        return error.code, error_of(error)
    except (OSError, ValueError) as error:
        return 502, {"error": f"{url}: {error}"}


def error_of(answer):
    try:
        return json.load(answer)
    except ValueError:
        return {"error": answer.reason}


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


def serve(service):
    """Listens on 127.0.0.1, at the port that the environment variable PORT names."""
    Server(("127.0.0.1", int(os.environ["PORT"])), service).serve_forever()
