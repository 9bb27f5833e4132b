"""The processes of the benchmark: a broker, and the ways to it, straight or through HAProxy or sidecars."""
import pathlib
import shutil
import sys

import brokers
import measuring
import processes
import wire

HERE = pathlib.Path(__file__).resolve().parent
MEASURED = ("-Xmx1g", "-XX:+UseG1GC")  # what a broker and its tools run with when they are to be fast and not only to start fast
LARGEST_FRAME = 100 << 20
MODES = {"derive": "derive", "inject": "inject-uncompressed"}


class Bench:
    """Everything that one run starts; `close` ends it all. `ways`: {name: bootstrap}, `proxies`: {name: Server}."""

    def __init__(self, outrider, folder):
        self.outrider, self.folder, self.started = outrider, folder, []
        try:
            self.start()
        except BaseException:
            self.close()
            raise

    def start(self):
        self.tools = measuring.tools_folder(self.outrider)
        self.load = measuring.tool(HERE / "kafka_load.cpp", self.tools, "-lrdkafka")
        port = processes.free_ports(1)[0]
        self.jars = brokers.jars()[-1]
        self.cluster = brokers.Cluster(self.jars, java_options=MEASURED, advertised={"HAPROXY": ("127.0.0.1", port)}, where=memory_folder(), **{
            "message.max.bytes": LARGEST_FRAME, "socket.request.max.bytes": LARGEST_FRAME + (1 << 20), "log.segment.delete.delay.ms": 500,
            "num.network.threads": 3, "num.io.threads": 8})
        self.started.append(self.cluster)
        self.counter = self.keep(measuring.SpanCounter(self.tools))
        self.proxies = {"haproxy": self.haproxy(port), **{name: self.sidecar(mode) for name, mode in MODES.items()}}
        self.ways = {"direct": self.cluster.bootstrap(), **{name: "%s:%d" % server.address for name, server in self.proxies.items()}}

    def keep(self, started):
        self.started.append(started)
        return started

    def haproxy(self, port):
        text = (HERE / "config/kafka.haproxy.cfg").read_text()
        path = self.folder / f"{port}-kafka.haproxy.cfg"
        path.write_text(text.replace("@PORT@", str(port)).replace("@BROKER@", str(self.cluster.addresses[1]["HAPROXY"][1])))
        return self.keep(measuring.Server(["haproxy", "-f", path], port))

    def sidecar(self, mode):
        """With one worker, metrics and tracing of every record's batch."""
        port = processes.free_ports(1)[0]
        config = self.folder / f"{mode}-{port}.yaml"
        config.write_text(f"service: bench\nstate: {self.folder}/state-{port}\nworkers: 1\nkafka:\n  main:\n    listen: 127.0.0.1:{port}\n"
                          f'    brokers: [{self.cluster.bootstrap()}]\n    trace: [{{topics: "*", mode: {mode}}}]\n')
        server = self.keep(measuring.Server([self.outrider, "run", "--config", config, "--admin", "127.0.0.1:0", "--otlp", self.counter.url], port))
        wire.wait_for(lambda: "ready" in server.log(), "the sidecar to be ready")
        return server

    def end(self, server):
        server.close()
        self.started.remove(server)

    def close(self):
        for started in reversed(self.started):
            if isinstance(started, processes.Process) and started.process.poll() is not None:  # nothing here ends by itself
                print(f"{started.process.args[:2]} has ended with {started.process.returncode}:\n{started.log()[-2000:]}", file=sys.stderr)
            started.close()


def memory_folder():
    """Where data lie that are no disk's business, if there is room; None for the usual place."""
    shared = pathlib.Path("/dev/shm")
    return str(shared) if shared.is_dir() and shutil.disk_usage(shared).free > 8 << 30 else None
