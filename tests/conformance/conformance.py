#!/usr/bin/env python3
"""Runs the HTTP/1.1 corpus against a sidecar and judges the result.

Required: every MUST and POLICY case, and 97% of SHOULD. exceptions.txt names the cases that are left out, each with its
reason; one that passes again has to leave the list. The corpus is not part of this repository: it is looked for in
OUTRIDER_CONFORMANCE, then beside the repository in ../shared/conformance.
"""
import collections
import json
import os
import pathlib
import subprocess
import sys

import harness
import processes

SHARE = 0.97
HERE = pathlib.Path(__file__).resolve().parent
SETTINGS = {f"timeouts.{name}": "3s" for name in ("connect", "head", "body", "first_byte", "idle")}


def corpus():
    places = [os.environ.get("OUTRIDER_CONFORMANCE"), processes.ROOT.parent / "shared/conformance"]
    return next((pathlib.Path(place) for place in places if place and (pathlib.Path(place) / "run_http1.py").exists()), None)


def read_exceptions():
    """{(set, id): reason} of exceptions.txt."""
    found = {}
    for line in (HERE / "exceptions.txt").read_text().splitlines():
        if line.strip() and not line.startswith("#"):
            kind, name, reason = line.split(None, 2)
            found[kind, name] = reason
    return found


def run(folder, results, arguments):
    case = harness.Case()
    port = processes.free_ports(1)[0]
    sidecar = case.sidecar(f"127.0.0.1:{port}", outbound=False, settings=SETTINGS)
    try:
        subprocess.run([sys.executable, folder / "run_http1.py", "--proxy", "%s:%d" % sidecar.inbound, "--origin-port", str(port),
                        "--json", results, *arguments], check=True, timeout=840)
        assert sidecar.process.poll() is None, f"the sidecar ended:\n{sidecar.log()[-3000:]}"
        code = sidecar.stop(within=20)
        assert code == 0, f"the sidecar ended with {code}:\n{sidecar.log()[-3000:]}"
    finally:
        case.doCleanups()


def judge(results, exceptions, whole):
    """Everything that is wrong with these results, as lines."""
    wrong, counts = [], collections.Counter()
    for case in results:
        key, level = (case["set"], case["id"]), case["level"]
        if case["ok"] and key in exceptions:
            wrong.append(f"{case['set']} {case['id']} passes: take it off exceptions.txt")
        counts[level, case["ok"]] += 1
        if not case["ok"] and level != "SHOULD" and key not in exceptions:
            wrong.append(f"{level} {case['set']} {case['id']}: {'; '.join(case['wrong'])}")
    passed, failed = counts["SHOULD", True], counts["SHOULD", False]
    if passed < SHARE * (passed + failed):
        wrong.append(f"SHOULD: {passed} of {passed + failed}, and {SHARE:.0%} are required")
    for case in results:
        if case["level"] == "SHOULD" and not case["ok"] and (case["set"], case["id"]) not in exceptions:
            wrong.append(f"SHOULD {case['set']} {case['id']} is not named in exceptions.txt: {'; '.join(case['wrong'])}")
    if whole:
        known = {(case["set"], case["id"]) for case in results}
        wrong += [f"exceptions.txt names {' '.join(key)}, which is no case" for key in exceptions if key not in known]
    return wrong


def main():
    folder = corpus()
    if folder is None:
        harness.skip_all("the conformance corpus is not here (../shared/conformance), so HTTP/1.1 CONFORMANCE WAS NOT TESTED")
    case = harness.Case()
    path = case.folder() / "results.json"
    try:
        run(folder, path, sys.argv[1:])
        results = json.loads(path.read_text())
    finally:
        case.doCleanups()
    wrong = judge(results, read_exceptions(), whole=not sys.argv[1:])
    for level in ("MUST", "SHOULD", "POLICY"):
        cases = [each for each in results if each["level"] == level]
        print(f"{level}: {sum(each['ok'] for each in cases)} of {len(cases)}")
    print("\n".join(wrong) or "as required")
    return 1 if wrong or not results else 0


if __name__ == "__main__":
    sys.exit(main())
