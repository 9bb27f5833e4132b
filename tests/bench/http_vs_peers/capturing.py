"""What a sidecar keeps of messages for chains: beside itself with the same collector, keeping nothing."""
import sys

import load
import report
from measuring import spread

KEEPING = ("keys.order=path:order,json:/orderId",)
NOTHING = ("tracing.echo.values=0",)
# Of 600 bytes, with an order's number, so that keys and hashes are found.
ORDER = (b'{"orderId":"4711","customer":{"id":"c-00815","name":"Ada Lovelace","mail":"ada@example.org"},"placed":"2026-11-27T08:30:00Z",'
         b'"currency":"EUR","total":129.95,"lines":[{"sku":"A-1001","title":"a red shoe","quantity":2,"price":29.95},{"sku":"B-2002",'
         b'"title":"a blue shoe","quantity":1,"price":39.95},{"sku":"C-3003","title":"a box for shoes","quantity":1,"price":30.10}],'
         b'"ship":{"street":"12 Analytical Way","city":"London","zip":"E1 6AN","country":"GB"},"note":"please ring twice, and leave it '
         b'with the neighbours when nobody answers","paid":true,"gift":false,"source":"web"}')
JSON = (*load.THREE_HEADERS.items(), ("Content-Type", "application/json"))
SCENARIOS = (load.Scenario("small"), load.Scenario("json of 600 bytes", fields=JSON, body=ORDER))


def row(bench, counter, scenario, mode, options, interleave, settled):
    requests = load.write_requests(bench.folder / "capturing", scenario.requests(True, 0.1, "app"))
    servers = {name: bench.sidecar(mode, 0.1, counter, collects=True, settings=settings)
               for name, settings in (("nothing", NOTHING), ("again", NOTHING), ("keeping", KEEPING))}
    found = interleave(bench, servers, requests, options)
    for server in servers.values():
        settled(server)
        bench.end(server)
    against = {who: spread([mine[0] / other[0] for mine, other in zip(found[who], found["nothing"])]) for who in ("again", "keeping")}
    result = {"scenario": scenario.name, "mode": mode, **{f"ratio_{who}": ratio for who, ratio in against.items()},
              **{who: spread([each[0] for each in values]) for who, values in found.items()}}
    print(f"capturing, {scenario.name}, {mode}: {report.ratio(against['keeping'])} of keeping nothing, which beside itself is {report.ratio(against['again'])}",
          file=sys.stderr, flush=True)
    return result


def measure(bench, options, interleave, settled):
    counter = bench.counter()
    results = [row(bench, counter, scenario, mode, options, interleave, settled) for scenario in SCENARIOS for mode in ("inbound", "outbound")]
    bench.end(counter)
    return results
