"""What benchmarks share: programs that are compiled when they are needed, CPU time and memory of processes, ratios and how they are written."""
import json
import os
import pathlib
import re
import socket
import statistics
import subprocess

import processes
import wire


def tool(source, folder, *flags):
    """A C++ program, compiled unless that was done before."""
    program = folder / source.stem
    if not program.exists() or program.stat().st_mtime < source.stat().st_mtime:
        subprocess.run(["g++", "-std=c++20", "-O2", "-o", program, source, *flags], check=True)
    return program


def tools_folder(outrider):
    """Where programs are kept between runs: beside the build that is measured."""
    folder = pathlib.Path(outrider).resolve().parent / "bench-tools"
    folder.mkdir(exist_ok=True)
    return folder


class Server(processes.Process):
    """A program that listens on `port`, and whose CPU time is what its whole process tree used."""

    def __init__(self, command, port, cpu=None, folder=None):
        super().__init__(pinned(command, cpu), folder=folder)
        self.address = ("127.0.0.1", port)
        wire.wait_for(self.accepts, f"{command[0]} to listen on {port}")

    def accepts(self):
        assert self.process.poll() is None, self.log()
        with socket.socket() as probe:
            return probe.connect_ex(self.address) == 0

    def pids(self):
        """The program and its children (nginx's worker)."""
        children = pathlib.Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()
        return [self.pid, *map(int, children)]

    def cpu_seconds(self):
        return cpu_seconds(self.pids())

    def resident(self):
        return max(resident(pid) for pid in self.pids())  # of nginx: the worker, not its master

    def anonymous(self):
        return max(anonymous(pid) for pid in self.pids())


class SpanCounter(processes.Process):
    """A collector that only counts: a full one would take the CPU that the load and its target need. `tools` is its folder."""

    def __init__(self, tools):
        super().__init__([tool(processes.ROOT / "tests/bench/span_counter.cpp", tools)])
        found = self.wait_for_log(r"listening (\S+):(\d+)")
        self.address, self.url = (found[1], int(found[2])), f"http://{found[1]}:{found[2]}"

    def count(self):
        return int(wire.ask(self.address, "/count").body)


def pinned(command, cpu):
    return (["taskset", "-c", str(cpu)] if cpu is not None else []) + list(command)


def cpu_seconds(pids):
    """User and system time of all threads, from the scheduler's own nanosecond counters."""
    total = 0
    for pid in pids:
        for task in os.listdir(f"/proc/{pid}/task"):
            total += int(pathlib.Path(f"/proc/{pid}/task/{task}/schedstat").read_text().split()[0])
    return total / 1e9


def resident(pid):
    """Resident bytes."""
    return int(pathlib.Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def anonymous(pid):
    """Resident bytes that are the process's own: not the pages of its program and libraries, which processes share."""
    return status_bytes(pid, "RssAnon")


def status_bytes(pid, name):
    found = re.search(rf"{name}:\s+(\d+) kB", pathlib.Path(f"/proc/{pid}/status").read_text())
    return int(found[1]) * 1024


def settled(server):
    """The resident size once it has not changed over some polls."""
    seen = [-1]

    def stands_still():
        seen.append(server.resident())
        return len(seen) > 30 and len(set(seen[-30:])) == 1
    wire.wait_for(stands_still, "the resident size to settle", within=20)
    return seen[-1]


def spread(values):
    """Median, lowest and highest."""
    return {"median": statistics.median(values), "low": min(values), "high": max(values), "values": values}


def ratio(found):
    return f"{found['median']:.2f}x ({found['low']:.2f}-{found['high']:.2f})"


def in_turn(names, rounds):
    """(round, name): every round over all names, in the reverse order of the one before."""
    for turn in range(rounds):
        for name in names if turn % 2 == 0 else reversed(names):
            yield turn, name


def machine(**programs):
    """The machine, and the versions of programs: name=(command, pattern)."""
    cpu = re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())
    return {"cpu": cpu[1] if cpu else "unknown", "cores": len(os.sched_getaffinity(0)), "kernel": os.uname().release,
            **{name: version(*how) for name, how in programs.items()}}


def version(command, pattern):
    done = subprocess.run(command, capture_output=True, text=True)
    found = re.search(pattern, done.stdout + done.stderr)
    return found[1] if found else "unknown"


def keep(folder, name, text):
    """Writes a file of results; without a folder, none."""
    if folder:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


def show(text, results, folder):
    """Prints the results as a person reads them, and keeps them in both forms."""
    print(text)
    keep(folder, "results.md", text)
    keep(folder, "results.json", json.dumps(results, indent=1))
