"""Every process of the demo, by name, with its log; whatever happens, `stop` ends them all."""
import json
import os
import socket
import subprocess
import time
import urllib.error
import urllib.request

DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # whatever HTTP_PROXY says outside


class Failed(Exception):
    """Something that the reader can act on; its text is all that is shown."""


class Processes:
    def __init__(self, folder):
        self.folder, self.running, self.given = folder, {}, set()
        self.replaceable = set()  # names of those that may end: the others go on without them

    def start(self, name, command, environment=None):
        with open(self.log(name), "wb") as out:
            self.running[name] = subprocess.Popen(
                [str(word) for word in command], stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, start_new_session=True,
                env={**os.environ, "PYTHONUNBUFFERED": "1", "PYTHONDONTWRITEBYTECODE": "1", **(environment or {})})

    def log(self, name):
        return self.folder / f"{name}.log"

    def wait_for(self, name, port):
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and self.running[name].poll() is None:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    return
            time.sleep(0.02)
        raise Failed(f"{name} did not come up on port {port}; {self.log(name)} ends with:\n{tail(self.log(name))}")

    def wait_for_log(self, name, text, patience=60):
        log, deadline = self.log(name), time.monotonic() + patience
        while text not in log.read_text(errors="replace"):
            if self.running[name].poll() is not None or time.monotonic() > deadline:
                raise Failed(f"{name} did not say '{text}'; {log} ends with:\n{tail(log)}")
            time.sleep(0.05)

    def port(self, preferred):
        """`preferred` if nobody listens there, else any free port."""
        for port in (preferred, 0):
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    probe.bind(("127.0.0.1", port))
                except OSError:
                    continue
                port = probe.getsockname()[1]
                if port not in self.given:
                    self.given.add(port)
                    return port
        return self.port(0)

    def died(self):
        return [name for name, process in self.running.items() if process.poll() is not None and name not in self.replaceable]

    def stop(self):
        """Sidecars drain on SIGTERM; what is still there after 5 s is killed."""
        for process in self.running.values():
            if process.poll() is None:
                process.terminate()
        deadline = time.monotonic() + 5
        for process in self.running.values():
            try:
                process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def tail(path, lines=12):
    return "\n".join("  " + line for line in path.read_text(errors="replace").splitlines()[-lines:])


def fetch(url, body=None, timeout=20):
    """The text of an answer; an error of HTTP is an answer too: (status, text)."""
    data = json.dumps(body).encode() if body is not None else None
    request = urllib.request.Request(url, data=data, headers={"Content-Type": "application/json"} if data else {})
    try:
        with DIRECT.open(request, timeout=timeout) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode(errors="replace")
