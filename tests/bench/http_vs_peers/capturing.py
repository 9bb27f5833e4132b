"""What a sidecar keeps of messages for chains: beside itself with the same collector, keeping nothing.

The difference is small, and the same program differs from itself by more from start to start and from second to second: each round
starts sidecars of its own and loads them in turn for a fifth of a second at a time.
"""
import sys

import load
import report
from measuring import in_turn, spread

KEEPING = ("keys.order=path:order,json:/orderId",)
NOTHING = ("tracing.echo.values=0",)
SETTINGS = {"nothing": NOTHING, "again": NOTHING, "keeping": KEEPING}
SLICE = 0.2  # seconds
# Of 600 bytes, with an order's number, so that keys and hashes are found.
ORDER = (b'{"orderId":"4711","customer":{"id":"c-00815","name":"Ada Lovelace","mail":"ada@example.org"},"placed":"2026-11-27T08:30:00Z",'
         b'"currency":"EUR","total":129.95,"lines":[{"sku":"A-1001","title":"a red shoe","quantity":2,"price":29.95},{"sku":"B-2002",'
         b'"title":"a blue shoe","quantity":1,"price":39.95},{"sku":"C-3003","title":"a box for shoes","quantity":1,"price":30.10}],'
         b'"ship":{"street":"12 Analytical Way","city":"London","zip":"E1 6AN","country":"GB"},"note":"please ring twice, and leave it '
         b'with the neighbours when nobody answers","paid":true,"gift":false,"source":"web"}')
JSON = (*load.THREE_HEADERS.items(), ("Content-Type", "application/json"))
SCENARIOS = (load.Scenario("small"), load.Scenario("json of 600 bytes", fields=JSON, body=ORDER))


def loaded(bench, servers, requests, turns):
    """{who: requests per CPU-second} of servers that are loaded in turn, a slice at a time."""
    cpu, answered = dict.fromkeys(servers, 0.0), dict.fromkeys(servers, 0)
    for _, name in in_turn(list(servers), turns):
        before = servers[name].cpu_seconds()
        answered[name] += load.closed_loop(bench, servers[name].address, requests, SLICE)["requests"]
        cpu[name] += servers[name].cpu_seconds() - before
    return {name: answered[name] / cpu[name] for name in servers}


def row(bench, counter, scenario, mode, options, settled):
    requests = load.write_requests(bench.folder / "capturing", scenario.requests(True, 0.1, "app"))
    found, started = [], list(SETTINGS)
    for _ in range(options.pairs):
        servers = {name: bench.sidecar(mode, 0.1, counter, collects=True, settings=SETTINGS[name]) for name in started}
        loaded(bench, servers, requests, 1)
        found.append(loaded(bench, servers, requests, max(1, round(options.seconds / SLICE))))
        for server in servers.values():
            settled(server)
            bench.end(server)
        started = started[1:] + started[:1]
    again = spread([each["again"] / each["nothing"] for each in found])
    keeping = spread([2 * each["keeping"] / (each["nothing"] + each["again"]) for each in found])
    result = {"scenario": scenario.name, "mode": mode, "ratio_again": again, "ratio_keeping": keeping,
              **{name: spread([each[name] for each in found]) for name in SETTINGS}}
    print(f"capturing, {scenario.name}, {mode}: {report.ratio(keeping)} of keeping nothing, which beside itself is {report.ratio(again)}",
          file=sys.stderr, flush=True)
    return result


def measure(bench, options, settled):
    counter = bench.counter()
    results = [row(bench, counter, scenario, mode, options, settled) for scenario in SCENARIOS for mode in ("inbound", "outbound")]
    bench.end(counter)
    return results
