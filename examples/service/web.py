"""The little that the shop's services in Python share: JSON over HTTP, both ways."""
import http.server
import json
import os
import socket
import threading
import urllib.error
import urllib.parse
import urllib.request

from faults import Dropping, Failing, faults


class Service(http.server.BaseHTTPRequestHandler):
    """Answers JSON. Subclasses define `reply(method, path, body, query)`, which returns (status, value)."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self):
        self.serve()

    do_POST = do_DELETE = do_GET

    def serve(self):
        parts = urllib.parse.urlsplit(self.path)
        path, query = parts.path.strip("/").split("/"), dict(urllib.parse.parse_qsl(parts.query))
        try:
            body = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or "{}")
            if not isinstance(body, dict):
                raise ValueError("not a JSON object")
            self.answer(*self.respond(self.command, path, body, query))
        except (ValueError, RecursionError) as error:
            self.answer(400, {"error": str(error)})
        except Failing:
            self.answer(500, {"error": "fails as it was told to"})
        except Dropping:
            self.say_nothing()

    def respond(self, method, path, body, query):
        if path == ["healthz"]:
            return 200, {"status": "up"}
        if path == ["fault"]:
            return 200, faults.set(body)
        faults.work()
        return self.reply(method, path, body, query)

    def reply(self, method, path, body, query):
        return 404, {"error": "no such page"}

    def answer(self, status, value):
        page = isinstance(value, str)
        body = value.encode() if page else (json.dumps(value) + "\n").encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/html; charset=utf-8" if page else "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def say_nothing(self):
        """Until the caller has had enough."""
        self.close_connection = True
        self.connection.settimeout(60)
        try:
            self.connection.recv(1)
        except OSError:
            pass

    def log_message(self, format, *args):
        print(f"{self.command} {self.path} -> {args[1] if len(args) > 1 else ''}", flush=True)


def call(method, url, body=None, patience=10):
    """Calls another service, which has `patience` seconds for its answer: (status, JSON). Twice when duplicating; the first counts."""
    return [call_once(method, url, body, patience) for _ in range(faults.times())][0]


def call_once(method, url, body, patience):
    request = urllib.request.Request(url, method=method)
    if body is not None:
        request.data = json.dumps(body).encode()
        request.add_header("Content-Type", "application/json")
    try:
        with urllib.request.urlopen(request, timeout=patience) as response:
            return response.status, json.load(response)
    except urllib.error.HTTPError as error:
        return error.code, error_of(error)
    except socket.timeout:
        return 504, {"error": f"no answer from {url} within {patience:g} s"}
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


def in_background(work, *arguments):
    threading.Thread(target=work, args=arguments, daemon=True).start()
