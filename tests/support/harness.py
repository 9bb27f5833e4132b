"""What every end-to-end test starts from: a Case that starts things and ends them again."""
import json
import os
import pathlib
import sys
import tempfile
import unittest

import origins
import processes
import receivers
import wire

from origins import Origin, reply  # noqa: F401  (re-exported: tests import everything from here)
from processes import Sidecar, run  # noqa: F401
from receivers import CLIENT, SERVER, Receiver, attributes  # noqa: F401
from wire import Client, Closed, ask, exchange, wait_for  # noqa: F401

SKIPPED = 77


class Case(unittest.TestCase):
    """Helpers that start sidecars, origins and collectors, each ended when its test ends."""

    maxDiff = 4000

    def folder(self):
        folder = tempfile.TemporaryDirectory(prefix="outrider-test-")
        self.addCleanup(folder.cleanup)
        return pathlib.Path(folder.name)

    def keep(self, started):
        self.addCleanup(started.close)
        return started

    def origin(self, handler=origins.echo, **how):
        return self.keep(Origin(handler, **how))

    def receiver(self, **how):
        return self.keep(Receiver(**how))

    def collector(self, **how):
        return self.keep(processes.Collector(**how))

    def arguments(self, app=None, routes=None, otlp=None, settings=None, service="orders", state=None, outbound=True, admin=True):
        """The flags of one sidecar on free ports. `routes` maps upstream names to origins or addresses."""
        flags = ["--service", service, "--state", str(state or self.folder())]
        if app is not None:
            flags += ["--inbound", "127.0.0.1:0", "--app", str(app)]
        if outbound:
            flags += ["--outbound", "127.0.0.1:0"]
        if admin:
            flags += ["--admin", "127.0.0.1:0"]
        for name, target in (routes or {}).items():
            flags += ["--route", f"{name}={target}"]
        if otlp is not None:
            flags += ["--otlp", getattr(otlp, "url", otlp)]
        chosen = {"tracing.batch.delay": "100ms", **(settings or {})}
        for name, value in chosen.items():
            flags += ["--set", f"{name}={value}"]
        return flags

    def sidecar(self, app=None, more=(), environment=None, ready=True, **how):
        return self.keep(Sidecar([*self.arguments(app, **how), *more], environment, ready=ready))

    def sidecar_from(self, text, more=(), environment=None, ready=True):
        """`outrider run --config` of this YAML."""
        path = self.folder() / "sidecar.yaml"
        path.write_text(text)
        return self.keep(Sidecar(["--config", str(path), *more], environment, ready=ready))

    def json_spans(self, **settings):
        """Settings that make spans readable for a Receiver."""
        return {"tracing.protocol": "http/json", **settings}

    def assert_status(self, answer, status):
        self.assertEqual(answer.status, status, f"{answer.start} {answer.fields} {answer.body[:300]!r}")


def told(answer):
    """What the echoing origin saw: the body of its answer."""
    assert answer.status == 200, f"{answer.start} {answer.body[:300]!r}"
    return json.loads(answer.body)


def fields_told(answer, name):
    """The values of a field as the echoing origin saw them."""
    return [value for field, value in told(answer)["fields"] if field.lower() == name.lower()]


def span_states(metrics):
    """{state or reason of a drop: spans} of a sidecar's metrics; every span that it finished is in exactly one."""
    return {series.partition('="')[2].partition('"')[0]: value for series, value in metrics.items()
            if series.startswith(("outrider_spans_total{", "outrider_spans_dropped_total{"))}


def skip_all(why):
    """Ends the whole file as skipped, loudly."""
    print(f"SKIPPED: {why}", file=sys.stderr)
    sys.exit(SKIPPED)


def main():
    if not os.access(processes.OUTRIDER, os.X_OK):
        print(f"error: there is no program at {processes.OUTRIDER}; build it, or name another with OUTRIDER", file=sys.stderr)
        sys.exit(1)
    unittest.main(verbosity=2)
