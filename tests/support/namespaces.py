"""Network namespaces that a test makes for itself: two at the ends of a cable, each with an IPv4 and an IPv6 address, or any number with names on
a switch, as a container engine gives them; nothing in them of this machine's."""
import contextlib
import ctypes
import os
import shutil
import subprocess

import processes
import wire

LIBC = ctypes.CDLL(None, use_errno=True)
CLONE_NEWNET = 0x40000000


def why_impossible():
    """Why namespaces with rules cannot be had here, or None."""
    if os.geteuid() != 0:
        return "only root makes network namespaces"
    absent = [name for name in ("unshare", "nsenter", "ip", "setpriv", "nft", "iptables-save", "ip6tables-save") if not shutil.which(name)]
    if absent:
        return f"these are not installed: {', '.join(absent)}"
    done = subprocess.run(["unshare", "--net", "nft", "list", "ruleset"], capture_output=True, text=True)
    return None if done.returncode == 0 else f"no network namespace, or no nftables in it: {done.stderr.strip()}"


def enter(path):
    with open(path, encoding="ascii") as namespace:
        if LIBC.setns(namespace.fileno(), CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), "setns")


# Of the shell that keeps a namespace: its /etc/hosts, where it has one of its own.
HOLD = 'ip link set lo up && { [ -z "$1" ] || mount --bind "$1" /etc/hosts; } && echo up && exec sleep infinity'


class Namespace:
    """Lives as long as a process of its own. `hosts` is what /etc/hosts is in there."""

    def __init__(self, hosts=None):
        self.kinds = ["--net", "--mount"] if hosts else ["--net"]
        self.holder = processes.Process(["unshare", *self.kinds, "sh", "-c", HOLD, "hold", hosts or ""])
        self.path = f"/proc/{self.holder.pid}/ns/net"
        self.holder.wait_for_log("^up$")

    @contextlib.contextmanager
    def entered(self):
        """What this thread makes meanwhile, sockets, threads and processes, is made in there."""
        enter(self.path)
        try:
            yield self
        finally:
            enter(f"/proc/{os.getpid()}/ns/net")

    def command(self, *words, user=None):
        """What starts a program in there, as this user."""
        as_user = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups"] if user else []
        return ["nsenter", f"--target={self.holder.pid}", *self.kinds, *as_user, *map(str, words)]

    def run(self, *words, user=None, check=True, within=30, environment=None, stdin=""):
        done = subprocess.run(self.command(*words, user=user), capture_output=True, text=True, timeout=within, input=stdin,
                              env=processes.clean_environment(environment))
        assert not check or done.returncode == 0, f"{words} ended with {done.returncode}:\n{done.stdout}{done.stderr}"
        return done

    def start(self, *words, user=None, folder=None, environment=None):
        return processes.Process(self.command(*words, user=user), environment, folder=folder)

    def close(self):
        self.holder.kill()
        self.holder.close()


class Cable:
    """`near` and `far`, joined; `addresses[4]` and `addresses[6]` are (near's, far's)."""

    addresses = {4: ("10.77.0.1", "10.77.0.2"), 6: ("fd77::1", "fd77::2")}

    def __init__(self):
        self.near, self.far = Namespace(), Namespace()
        pids = self.near.holder.pid, self.far.holder.pid
        self.near.run("ip", "link", "add", "eth0", "type", "veth", "peer", "name", "eth0", "netns", pids[1])
        for end, namespace in enumerate((self.near, self.far)):
            namespace.run("ip", "addr", "add", f"{self.addresses[4][end]}/24", "dev", "eth0")
            namespace.run("ip", "-6", "addr", "add", f"{self.addresses[6][end]}/64", "dev", "eth0", "nodad")
            namespace.run("ip", "link", "set", "eth0", "up")
            namespace.run("ip", "route", "add", "default", "dev", "eth0")
        for end in (self.near, self.far):
            wire.wait_for(lambda end=end: "LOWER_UP" in end.run("ip", "link", "show", "eth0").stdout, "the cable")

    def close(self):
        self.near.close()
        self.far.close()


class Network:
    """Namespaces by name on one switch, each of which knows the others by their names. `case` ends what is started in them before them."""

    def __init__(self, case, names):
        self.case, self.members = case, {}
        self.addresses = {name: f"10.79.0.{number}" for number, name in enumerate(names, 1)}
        hosts = case.folder() / "hosts"
        hosts.write_text("127.0.0.1 localhost\n" + "".join(f"{address} {name}\n" for name, address in self.addresses.items()))
        self.switch = case.keep(Namespace())
        self.switch.run("ip", "link", "add", "br0", "type", "bridge")
        self.switch.run("ip", "link", "set", "br0", "up")
        for name in names:
            self.members[name] = case.keep(Namespace(hosts))
            self.connect(name)

    def connect(self, name):
        member, port = self.members[name], f"to-{name}"[:15]
        self.switch.run("ip", "link", "add", port, "type", "veth", "peer", "name", "eth0", "netns", member.holder.pid)
        self.switch.run("ip", "link", "set", port, "master", "br0", "up")
        member.run("ip", "address", "add", f"{self.addresses[name]}/24", "dev", "eth0")
        member.run("ip", "link", "set", "eth0", "up")

    def run(self, name, *command):
        """What became of a program in there; it may have failed."""
        return self.members[name].run(*command, check=False)

    def start(self, name, *command, log=None, environment=None):
        """A process in there, awaited until it has logged `log`."""
        started = self.case.keep(self.members[name].start(*command, environment=environment))
        if log:
            started.wait_for_log(log, within=30)
        return started

    def wait_until_it_listens(self, name, port):
        wanted = f":{port:04X}"

        def look():
            table = self.run(name, "cat", "/proc/net/tcp").stdout
            return any(line.split()[1].endswith(wanted) and line.split()[3] == "0A" for line in table.splitlines()[1:])
        wire.wait_for(look, f"{name} to listen on {port}", within=20)
