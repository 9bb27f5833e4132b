"""Network namespaces as a container engine gives them: one per host, names and addresses of all in each, nothing of this machine's."""
import pathlib
import subprocess

import processes
import wire

HOLD = 'mount --bind "$1" /etc/hosts && ip link set lo up && echo up && exec sleep 3600'


class Pod:
    """A namespace with an address; what is started in it sees the others by their names."""

    def __init__(self, hosts, address=None):
        self.address = address
        self.holder = processes.Process(["unshare", "--net", "--mount", "sh", "-c", HOLD, "hold", hosts])
        self.holder.wait_for_log("^up$")

    def inside(self, *command):
        return ["nsenter", f"--target={self.holder.pid}", "--net", "--mount", *map(str, command)]

    def run(self, *command, within=30, environment=None):
        return subprocess.run(self.inside(*command), capture_output=True, text=True, timeout=within,
                              env=processes.clean_environment(environment))

    def close(self):
        self.holder.kill()
        self.holder.close()


class Network:
    """Pods by name on one switch. `processes` are ended before the pods are."""

    def __init__(self, case, names):
        self.case, self.pods = case, {}
        addresses = {name: f"10.79.0.{number}" for number, name in enumerate(names, 1)}
        hosts = pathlib.Path(case.folder()) / "hosts"
        hosts.write_text("127.0.0.1 localhost\n" + "".join(f"{address} {name}\n" for name, address in addresses.items()))
        self.switch = case.keep(Pod(hosts))
        self.ip(self.switch, "link", "add", "br0", "type", "bridge")
        self.ip(self.switch, "link", "set", "br0", "up")
        for name, address in addresses.items():
            self.pods[name] = case.keep(Pod(hosts, address))
            self.connect(name, address)

    def ip(self, pod, *arguments):
        done = pod.run("ip", *arguments)
        assert done.returncode == 0, done.stderr

    def connect(self, name, address):
        pod, port = self.pods[name], f"to-{name}"[:15]
        self.ip(self.switch, "link", "add", port, "type", "veth", "peer", "name", "eth0", "netns", str(pod.holder.pid))
        self.ip(self.switch, "link", "set", port, "master", "br0", "up")
        self.ip(pod, "address", "add", f"{address}/24", "dev", "eth0")
        self.ip(pod, "link", "set", "eth0", "up")

    def start(self, name, *command, log=None, environment=None, folder=None):
        """A process in a pod, awaited until it has logged `log`."""
        started = self.case.keep(processes.Process(self.pods[name].inside(*command), environment, folder=folder))
        if log:
            started.wait_for_log(log, within=30)
        return started

    def listens(self, name, port):
        """Waits until something in the pod listens there."""
        wanted = f":{port:04X}"

        def look():
            table = self.pods[name].run("cat", "/proc/net/tcp").stdout
            return any(line.split()[1].endswith(wanted) and line.split()[3] == "0A" for line in table.splitlines()[1:])
        wire.wait_for(look, f"{name} to listen on {port}", within=20)
