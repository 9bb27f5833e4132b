"""The processes of the benchmark: upstream, HAProxy, nginx, Outrider and the span counter."""
import os
import pathlib

import measuring
import processes
import wire

HERE = pathlib.Path(__file__).resolve().parent


def own_mounts():
    """The start of a command that runs the rest of it with mounts that nobody else sees."""
    return ["unshare", "--mount", *([] if os.geteuid() == 0 else ["--map-root-user"])]


def on_tiny_disk(folder):
    """The same, with `folder` on a disk of its own of 1 MiB. The process stays the one that was started."""
    return [*own_mounts(), "sh", "-c", 'mount -t tmpfs -o size=1m none "$0" && exec "$@"', folder]


def from_template(name, folder, **values):
    text = (HERE / "config" / name).read_text()
    for key, value in {"FOLDER": folder, **values}.items():
        text = text.replace(f"@{key}@", str(value))
    port = values["PORT"]
    path = folder / f"{port}-{name}"
    path.write_text(text)
    return path


class Bench:
    """Everything that one run starts; `close` ends it all."""

    def __init__(self, outrider, folder, proxy_cpu=None, other_cpu=None, also=None):
        self.outrider, self.folder, self.proxy_cpu, self.other_cpu = outrider, folder, proxy_cpu, other_cpu
        self.started = []
        folder.chmod(0o755)  # nginx started by root reads it as another user
        (folder / "files").mkdir()
        for name, size in (("16k", 16 << 10), ("1m", 1 << 20)):
            (folder / "files" / name).write_bytes(os.urandom(size))
        self.tools = measuring.tools_folder(outrider)
        port = processes.free_ports(1)[0]
        listens = f" listen {also}:{port} backlog=16384;" if also else ""  # at a further address
        config = from_template("upstream.nginx.conf", folder, PORT=port, ALSO=listens)
        self.upstream = self.start(["nginx", "-p", folder, "-c", config, "-e", folder / "upstream.log"], port, other_cpu)

    def start(self, command, port, cpu):
        server = measuring.Server(command, port, cpu)
        self.started.append(server)
        return server

    def haproxy(self, config="peer.haproxy.cfg"):
        port = processes.free_ports(1)[0]
        config = from_template(config, self.folder, PORT=port, UPSTREAM=self.upstream.address[1])
        return self.start(["haproxy", "-f", config], port, self.proxy_cpu)

    def nginx(self):
        port = processes.free_ports(1)[0]
        config = from_template("peer.nginx.conf", self.folder, PORT=port, UPSTREAM=self.upstream.address[1])
        return self.start(["nginx", "-p", self.folder, "-c", config, "-e", self.folder / "peer.log"], port, self.proxy_cpu)

    def sidecar(self, mode, sampling, receiver, tiny_disk=False, policies=None, collects=False, settings=()):
        """Outrider with one worker in `mode` (inbound or outbound); `sampling` is the share of traces recorded, by a caller's
        decision where there is one; `policies` is a file of config/. Metrics and the framing check are always on. Spans go to `receiver.url`,
        all of them where it `collects`. `settings` are further ones, NAME=VALUE."""
        inbound, outbound, admin = processes.free_ports(3)
        upstream = "%s:%d" % self.upstream.address
        state = self.folder / f"state-{inbound}"
        state.mkdir()
        command = [*(on_tiny_disk(state) if tiny_disk else []), self.outrider, "run", "--service", "bench", "--state", state, "--admin", f"127.0.0.1:{admin}", "--collector" if collects else "--otlp", receiver.url,
                   "--inbound", f"127.0.0.1:{inbound}", "--app", upstream, "--outbound", f"127.0.0.1:{outbound}", "--route", f"app={upstream}",
                   "--set", "workers=1", "--set", "tracing.sampler=parentbased_traceidratio", "--set", f"tracing.sampler_arg={sampling}",
                   *(word for setting in settings for word in ("--set", setting)),
                   *(["--policies", HERE / "config" / policies] if policies else [])]
        server = self.start(command, inbound if mode == "inbound" else outbound, self.proxy_cpu)
        server.admin, server.state = ("127.0.0.1", admin), state
        wire.wait_for(lambda: "ready" in server.log(), "the sidecar to be ready")
        return server

    def counter(self):
        counter = measuring.SpanCounter(self.tools)
        self.started.append(counter)
        return counter

    def end(self, server):
        server.close()
        self.started.remove(server)

    def close(self):
        for server in reversed(self.started):
            server.close()
