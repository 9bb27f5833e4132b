"""The life of a demo: its arguments, everything started, its story told, everything ended."""
import argparse
import pathlib
import shutil
import signal
import sys
import tempfile
import time
import urllib.parse

from .processes import Failed, Processes, fetch
from .stage import Stage


def jaeger_addresses(url, otlp):
    """(where it takes spans, where it shows traces) of a real Jaeger; either of its two ports may be named."""
    parts = urllib.parse.urlsplit(url)
    if not parts.hostname:
        raise Failed(f"--jaeger: no host in {url}")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    query = f"{parts.scheme}://{host}:16686" if parts.port in (None, 4318) else url.rstrip("/")
    try:
        fetch(f"{query}/api/services", timeout=5)
    except (OSError, ValueError) as error:
        raise Failed(f"no Jaeger answers at {query}/api/services: {error}") from error
    return otlp or f"{parts.scheme}://{host}:4318", query


def demonstrate(story, system, processes, arguments):
    forward, query = jaeger_addresses(arguments.jaeger, arguments.otlp) if arguments.jaeger else (None, None)
    print(story.TITLE)
    stage = Stage(system, processes, arguments.outrider, query)
    stage.start(arguments.kafka, forward)
    told = story.tell(stage)
    if query:
        print(f"\nThe same in Jaeger: {query}/search?service={system.names[-1]}")
    if arguments.once:
        return
    story.what_to_try(stage, told)
    while not processes.died():
        time.sleep(0.5)
    raise Failed("these ended by themselves: " + ", ".join(processes.died()) + f"; their logs are in {processes.folder}")


def parsed(what):
    parser = argparse.ArgumentParser(description=what)
    parser.add_argument("--outrider", required=True, type=pathlib.Path)
    parser.add_argument("--once", action="store_true", help="end after the chains have been printed")
    parser.add_argument("--jaeger", help="URL of a real Jaeger, to which the collector forwards")
    parser.add_argument("--otlp", help="where that Jaeger takes OTLP/HTTP (default: its host, port 4318)")
    parser.add_argument("--kafka", help="HOST:PORT of a real Kafka, instead of the embedded broker")
    return parser.parse_args()


def main(story, system):
    """`story` has a TITLE, tell(stage), which shows what there is to show, and what_to_try(stage, what tell returned)."""
    arguments = parsed(story.__doc__)
    sys.stdout.reconfigure(line_buffering=True)
    for ending in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(ending, lambda number, _: sys.exit(128 + number))
    processes = Processes(pathlib.Path(tempfile.mkdtemp(prefix="outrider-demo-")))
    try:
        demonstrate(story, system, processes, arguments)
    except Failed as failure:
        print(f"error: {failure}\n(logs: {processes.folder})", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopping")
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # a second Ctrl-C must not leave processes behind
        processes.stop()
    shutil.rmtree(processes.folder, ignore_errors=True)
    return 0
