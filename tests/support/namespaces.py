"""Network namespaces that a test makes for itself: two, joined by a cable, each with an IPv4 and an IPv6 address."""
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


class Namespace:
    """Lives as long as a process of its own."""

    def __init__(self):
        self.holder = subprocess.Popen(["unshare", "--net", "sleep", "infinity"])
        self.path = f"/proc/{self.holder.pid}/ns/net"
        wire.wait_for(lambda: os.readlink(self.path) != os.readlink("/proc/self/ns/net"), "a namespace")
        self.run("ip", "link", "set", "lo", "up")

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
        return ["nsenter", f"--net={self.path}", *as_user, *map(str, words)]

    def run(self, *words, user=None, check=True, within=30, environment=None, stdin=""):
        done = subprocess.run(self.command(*words, user=user), capture_output=True, text=True, timeout=within, input=stdin,
                              env=processes.clean_environment(environment))
        assert not check or done.returncode == 0, f"{words} ended with {done.returncode}:\n{done.stdout}{done.stderr}"
        return done

    def start(self, *words, user=None, folder=None):
        return processes.Process(self.command(*words, user=user), folder=folder)

    def close(self):
        self.holder.kill()
        self.holder.wait()


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
