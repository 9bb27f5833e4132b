"""Pages of the guide as what a reader does with them: files that are written and commands that are typed, with what is seen then.

    ```console                 commands behind "$ ", each with what it prints; "..." stands for what differs from run to run
    ```console skip: REASON    what cannot be done in a test
    ```yaml NAME               a file of that name (or ```json, ```ini, ...)
"""
import dataclasses
import os
import pathlib
import re
import signal
import subprocess
import time

FENCE = re.compile(r"^```(\w+)(?: ([^\n]+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
HERE_DOCUMENT = re.compile(r"<<'?(\w+)'?")
# What differs from run to run wherever it is: ids of traces, times of day, durations with their columns, bars.
VARYING = ((re.compile(r"\b[0-9a-f]{16}(?:[0-9a-f]{16})?\b"), "ID"), (re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z"), "WHEN"),
           (re.compile(r"[│|][ █░]*[│|]"), "BAR"), (re.compile(r"[+-]?\d+(?:\.\d+)? (?:µs|ms|s)\b"), "TIME"), (re.compile(r"\s+"), " "))


@dataclasses.dataclass
class Written:
    name: str
    text: str


@dataclasses.dataclass
class Typed:
    command: str
    shown: list
    line: int

    @property
    def in_background(self):
        return self.command.endswith("&") and not self.command.endswith("&&")


@dataclasses.dataclass
class Skipped:
    text: str
    reason: str


def typed(text, line):
    """The commands of one block."""
    lines, found = text.splitlines(), []
    while lines:
        line, current = line + 1, lines.pop(0)
        if not current.startswith("$ "):
            assert found, f"line {line}: output before any command"
            found[-1].shown.append(current)
            continue
        command = current[2:]
        document = HERE_DOCUMENT.search(command)
        while lines and (command.endswith("\\") or document and command.rpartition("\n")[2] != document[1]):
            line, command = line + 1, command + "\n" + lines.pop(0)
        found.append(Typed(command, [], line))
    return found


def steps(page):
    """What a reader of the page does, in order."""
    text, found = page.read_text(), []
    for block in FENCE.finditer(text):
        language, rest, body = block[1], block[2] or "", block[3]
        line = text.count("\n", 0, block.start()) + 1
        if language == "console" and rest.startswith("skip: "):
            found.append(Skipped(body, rest.removeprefix("skip: ")))
        elif language == "console":
            assert not rest, f"{page.name}:{line}: ```console {rest}"
            found += typed(body, line)
        elif rest:
            found.append(Written(rest, body))
    return found


def shape(line):
    for pattern, word in VARYING:
        line = pattern.sub(word, line)
    return line.strip()


def fits(expected, actual):
    pattern = ".*".join(re.escape(part) for part in shape(expected).split("..."))
    return re.fullmatch(pattern, shape(actual)) is not None


def missing(shown, output):
    """The first line that is shown on the page and not found in the output, in order; None when all are."""
    lines = iter(output.splitlines())
    for expected in shown:
        if expected.strip() in ("", "..."):
            continue
        if not any(fits(expected, line) for line in lines):
            return expected
    return None


class Reader:
    """One shell in which a page's commands are typed, one after the other; what they start ends with it."""

    def __init__(self, folder, environment):
        self.folder, self.count, self.started = folder, 0, []
        self.places = folder / ".reader"
        self.places.mkdir()
        self.shell = subprocess.Popen(["bash", "--norc"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=folder,
                                      env=environment, text=True, start_new_session=True)
        self.say("set -m")

    def say(self, text):
        self.shell.stdin.write(text + "\n")
        self.shell.stdin.flush()

    def read(self, place):
        path = pathlib.Path(place)
        return path.read_text(errors="replace") if path.exists() else ""

    def wait(self, condition, seconds):
        until = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > until or self.shell.poll() is not None:
                return False
            time.sleep(0.02)
        return True

    def do(self, step, within=120):
        """Types a command and returns what is wrong with what was seen, or None."""
        self.count += 1
        output, status = self.places / f"{self.count}.output", self.places / f"{self.count}.status"
        if step.in_background:
            self.say(f"{step.command[:-1].rstrip()} >{output} 2>&1 &\necho $! >{status}")
            self.wait(lambda: self.read(status).strip(), 5)
            self.started.append(int(self.read(status)))
            self.wait(lambda: missing(step.shown, self.read(output)) is None, within)
            code = 0
        else:
            self.say(f"{{ {step.command}\n}} >{output} 2>&1 </dev/null; echo $? >{status}.new; mv {status}.new {status}")
            if not self.wait(lambda: self.read(status).strip(), within):
                return f"is not over after {within} s\n{self.read(output)}"
            code = int(self.read(status))
        seen = self.read(output)
        absent = missing(step.shown, seen)
        if code != 0:
            return f"ended with {code}\n{seen}"
        return None if absent is None else f"did not print {absent!r}, but\n{seen}"

    def close(self):
        """Ends what runs in the background, last started first, and the shell."""
        for leader in reversed(self.started):
            self.end(leader)
        self.shell.stdin.close()
        try:
            self.shell.wait(5)
        except subprocess.TimeoutExpired:
            self.shell.kill()
            self.shell.wait()

    def end(self, leader):
        def gone():
            try:
                os.killpg(leader, 0)
            except ProcessLookupError:
                return True
            return False
        for how in (signal.SIGTERM, signal.SIGKILL):
            if gone():
                return
            os.killpg(leader, how)
            until = time.monotonic() + 3
            while not gone() and time.monotonic() < until:
                time.sleep(0.02)
