"""Real registries of services: etcd from the machine's packages, Consul built from its Go module."""
import base64
import json
import subprocess
import urllib.error
import urllib.request

import processes
import wire


def call(url, body=None, method=None):
    """The answer's JSON, or None when there is no answer or none in JSON."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data=data, method=method, headers={"Content-Type": "application/json"})
    try:
        with processes.DIRECT.open(request, timeout=5) as answer:
            return json.load(answer)
    except (OSError, ValueError):
        return None


class Etcd:
    """One etcd on loopback, its data in `folder`."""

    def __init__(self, folder):
        self.folder = folder
        client, peer = processes.free_ports(2)
        self.url, self.peer = f"http://127.0.0.1:{client}", f"http://127.0.0.1:{peer}"
        self.start()

    def start(self):
        self.process = processes.Process(["etcd", "--data-dir", self.folder / "data", "--listen-client-urls", self.url,
                                          "--advertise-client-urls", self.url, "--listen-peer-urls", self.peer,
                                          "--initial-advertise-peer-urls", self.peer, "--initial-cluster", f"default={self.peer}"],
                                         folder=self.folder)
        wire.wait_for(lambda: self.keys("/") is not None, "etcd to answer", within=30)

    def keys(self, prefix):
        """{key: value} of all keys that begin with `prefix`; None while it does not answer."""
        encoded = base64.b64encode(prefix.encode()).decode()
        end = base64.b64encode(prefix[:-1].encode() + bytes([ord(prefix[-1]) + 1])).decode()
        answer = call(f"{self.url}/v3/kv/range", {"key": encoded, "range_end": end})
        if answer is None:
            return None
        return {base64.b64decode(kv["key"]).decode(): base64.b64decode(kv.get("value", "")).decode() for kv in answer.get("kvs", [])}

    def kill(self):
        self.process.kill()

    def close(self):
        self.process.close()


class Consul:
    """One Consul agent on loopback in development mode: all in memory."""

    def __init__(self, program, folder):
        self.program, self.folder = program, folder
        http, server, serf = processes.free_ports(3)
        self.url = f"http://127.0.0.1:{http}"
        self.settings = folder / "consul.json"
        self.settings.write_text(json.dumps({"ports": {"http": http, "server": server, "serf_lan": serf, "serf_wan": -1, "dns": -1, "grpc": -1},
                                             "disable_update_check": True}))
        self.start()

    def start(self):
        self.process = processes.Process([self.program, "agent", "-dev", "-bind", "127.0.0.1", "-node", "here", "-config-file", self.settings],
                                         folder=self.folder)
        wire.wait_for(lambda: call(f"{self.url}/v1/health/service/consul?passing=1"), "Consul to answer", within=30)

    def checks(self):
        """{id: check} as the agent has them."""
        return call(f"{self.url}/v1/agent/checks") or {}

    def kill(self):
        self.process.kill()

    def close(self):
        self.process.close()


def consul_program():
    """Path of Consul, built if need be; None where there is no Go to build it with."""
    done = subprocess.run([processes.ROOT / "tests/support/consul.sh"], capture_output=True, text=True)
    if done.returncode == 3:
        return None
    assert done.returncode == 0, f"building Consul failed:\n{done.stderr[-3000:]}"
    return done.stdout.strip()
