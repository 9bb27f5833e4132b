"""The results as a person reads them."""
import measuring
from measuring import ratio


def machine():
    return measuring.machine(haproxy=(["haproxy", "-v"], r"version (\S+)"), nginx=(["nginx", "-v"], r"nginx/(\S+)"))


def row_name(row):
    return (f"{row['scenario']}, {row['mode']}, {'with' if row['traceparent'] else 'without'} traceparent, "
            f"{row['sampling']:.0%} sampled")


def thousands(value):
    return f"{value:,.0f}"


def markdown(results):
    where = results["machine"]
    lines = [f"{where['cores']} cores of {where['cpu']}, Linux {where['kernel']}; HAProxy {where['haproxy']}, nginx {where['nginx']}. "
             f"Median (lowest-highest) of {results['pairs']} interleaved rounds of {results['seconds']} s; one thread each. "
             f"A/A control (HAProxy beside HAProxy): {ratio(results['a_a'])}.", ""]
    for part, write in (("throughput", throughput), ("governed", governed), ("capturing", capturing), ("latency", latency), ("memory", memory)):
        if part in results:
            lines += [*write(results[part]), ""]
    return "\n".join(lines)


def throughput(rows):
    lines = ["Requests per CPU-second of the proxy:", "", "| requests | HAProxy | nginx | Outrider | Outrider / HAProxy |", "|---|---|---|---|---|"]
    return lines + [f"| {row_name(row)} | " + " | ".join(thousands(row[who]["median"]) for who in ("haproxy", "nginx", "outrider"))
                    + f" | {ratio(row['ratio'])} |" for row in rows]


def governed(rows):
    lines = ["Requests per CPU-second with a limit per caller, a breaker and a deadline in force (small, with traceparent):", "",
             "| requests | HAProxy | HAProxy, stick table | Outrider, no policies | Outrider, governed | / HAProxy | / stick table | / no policies |",
             "|---|---|---|---|---|---|---|---|"]
    return lines + [f"| {row['mode']}, {row['sampling']:.0%} sampled | " + " | ".join(thousands(row[who]["median"]) for who in ("haproxy", "limited", "plain", "governed"))
                    + " | " + " | ".join(ratio(row[f"ratio_{base}"]) for base in ("haproxy", "limited", "plain")) + " |" for row in rows]


def capturing(rows):
    lines = ["Requests per CPU-second with a collector, keeping keys and hashes of values for chains, beside keeping nothing:", "",
             "| requests | nothing | keeping | keeping / nothing | nothing / nothing |", "|---|---|---|---|---|"]
    return lines + [f"| {row['scenario']}, {row['mode']} | {thousands(row['nothing']['median'])} | {thousands(row['keeping']['median'])} "
                    f"| {ratio(row['ratio_keeping'])} | {ratio(row['ratio_again'])} |" for row in rows]


def latency(found):
    names = ("direct", "haproxy", "nginx", "inbound", "outbound")
    lines = ["Latency from when a request was due, p50 / p99 in microseconds:", "",
             "| load | direct | HAProxy | nginx | Outrider inbound | Outrider outbound |", "|---|---|---|---|---|---|"]
    lines += [f"| {row['load']} ({thousands(row['rate'])}/s) | "
              + " | ".join(f"{row[who]['p50_us']['median']:.0f} / {row[who]['p99_us']['median']:.0f}" for who in names) + " |" for row in found["rows"]]
    low = found["rows"][0]
    added = {who: low[who]["p50_us"]["median"] - low["direct"]["p50_us"]["median"] for who in names[1:]}
    return lines + ["", "Added median at low load: " + ", ".join(f"{who} {value:.0f} us" for who, value in added.items()) + "."]


def memory(found):
    lines = [f"Memory, with {thousands(found['connections'])} idle connections:", "",
             "| proxy | idle | of it its own | per fresh connection | per connection after an exchange |", "|---|---|---|---|---|"]
    return lines + [f"| {name} | {row['idle'] / 2**20:.1f} MiB | {row['idle_anonymous'] / 2**20:.1f} MiB | {row['per_fresh'] / 1024:.1f} KiB | {row['per_used'] / 1024:.1f} KiB |"
                    for name, row in found["rows"].items()]
