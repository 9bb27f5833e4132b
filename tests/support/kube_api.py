"""A stand-in for Kubernetes' API server, as its documentation describes list and watch of EndpointSlices."""
import http.server
import json
import threading
import urllib.parse

import processes


class KubeApi:
    """Slices of the service `stock` in the namespace `shop`; the requests that came, and those without the token."""

    def __init__(self, context, token):
        self.context, self.token = context, token
        self.port, = processes.free_ports(1)
        self.url = f"https://localhost:{self.port}"
        self.changed = threading.Condition()
        self.version, self.slices, self.events, self.refused = 1, {}, [], 0
        self.server = None
        self.start()

    def start(self):
        api = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                api.answer(self)

            def log_message(self, *_):
                pass
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self.server.daemon_threads = True
        self.server.socket = self.context.wrap_socket(self.server.socket, server_side=True)
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self):
        server, self.server = self.server, None
        if server is not None:
            server.shutdown()
            server.server_close()
            with self.changed:
                self.changed.notify_all()

    close = stop

    def say(self, *endpoints, name="stock-1"):
        """What a slice has from now on: (address, port, ready) each, of one port."""
        with self.changed:
            self.version += 1
            port = endpoints[0][1] if endpoints else 80
            new = name not in self.slices
            self.slices[name] = {"metadata": {"name": name, "resourceVersion": str(self.version)}, "addressType": "IPv4",
                                 "ports": [{"name": "http", "port": port, "protocol": "TCP"}],
                                 "endpoints": [{"addresses": [address], "conditions": {"ready": ready}} for address, _, ready in endpoints]}
            self.events.append((self.version, {"type": "ADDED" if new else "MODIFIED", "object": self.slices[name]}))
            self.changed.notify_all()

    def forget_history(self):
        """Watches end with 410, as after a compaction."""
        with self.changed:
            self.version += 1
            gone = {"type": "ERROR", "object": {"kind": "Status", "code": 410, "message": "too old resource version"}}
            self.events.append((self.version, gone))
            self.changed.notify_all()

    def answer(self, handler):
        if handler.headers.get("Authorization") != f"Bearer {self.token}":
            self.refused += 1
            return self.send(handler, 401, {"kind": "Status", "message": "Unauthorized", "code": 401})
        url = urllib.parse.urlsplit(handler.path)
        query = dict(urllib.parse.parse_qsl(url.query))
        if url.path != "/apis/discovery.k8s.io/v1/namespaces/shop/endpointslices" or \
                query.get("labelSelector") != "kubernetes.io/service-name=stock":
            return self.send(handler, 404, {"kind": "Status", "message": "not found", "code": 404})
        if query.get("watch") == "1":
            return self.watch(handler, int(query["resourceVersion"]))
        with self.changed:
            listed = {"kind": "EndpointSliceList", "metadata": {"resourceVersion": str(self.version)}, "items": list(self.slices.values())}
        return self.send(handler, 200, listed)

    @staticmethod
    def send(handler, status, document):
        body = json.dumps(document).encode()
        handler.send_response(status)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    def watch(self, handler, after):
        handler.send_response(200)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        server = self.server
        while True:
            with self.changed:
                self.changed.wait_for(lambda: self.server is not server or any(at > after for at, _ in self.events))
                if self.server is not server:
                    handler.close_connection = True
                    return
                after, event = next(each for each in self.events if each[0] > after)
            line = json.dumps(event).encode() + b"\n"
            handler.wfile.write(b"%x\r\n%s\r\n" % (len(line), line))
            if event["type"] == "ERROR":
                handler.wfile.write(b"0\r\n\r\n")
                return
