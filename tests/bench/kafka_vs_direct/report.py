"""The results as a person reads them."""
import measuring
from measuring import ratio

NAMES = {"direct": "direct", "haproxy": "HAProxy", "derive": "Outrider, derive", "inject": "Outrider, inject"}


def machine(bench):
    return {**measuring.machine(haproxy=(["haproxy", "-v"], r"version (\S+)")), "kafka": bench.jars.name.split("-")[1]}


def markdown(results):
    where = results["machine"]
    lines = [f"{where['cores']} cores of {where['cpu']}, Linux {where['kernel']}; Kafka {where['kafka']}, HAProxy {where['haproxy']} in TCP mode. "
             f"Median (lowest-highest) of {results['rounds']} interleaved rounds; one thread of HAProxy, one worker of the sidecar; "
             f"{results['records']:,} records of 1 KiB, 10 partitions, acks=1.", ""]
    for part, write in (("throughput", throughput), ("latency", latency), ("memory", memory)):
        if part in results:
            lines += [*write(results[part]), ""]
    return "\n".join(lines)


def table(head, rows):
    return ["| " + " | ".join(head) + " |", "|---" * len(head) + "|", *("| " + " | ".join(row) + " |" for row in rows)]


def throughput(found):
    proxies = list(found["rows"][0]["ratios"])
    lines = ["Of direct throughput:", ""]
    lines += table(["", "direct", "A/A control", *(NAMES[way] for way in proxies)],
                   [[row["name"], f"{row['rates']['direct']['median']:.0f} MB/s", ratio(found["control"][row["name"]]) if found["control"] else "none",
                     *(ratio(row["ratios"][way]) for way in proxies)] for row in found["rows"]])
    lines += ["", "CPU of the proxy, milliseconds per MB, and of HAProxy's in the same round:", ""]
    lines += table(["", *(NAMES[way] for way in proxies)],
                   [[row["name"], *(f"{row['cpu_ms_per_mb'][way]['median']:.2f}" + ("" if way == "haproxy" else f", {ratio(row['cpu_of_haproxy'][way])}")
                                    for way in proxies)] for row in found["rows"]])
    return lines


def latency(found):
    lines = ["Produce latency from when a record was due, p50 / p99 in microseconds, and what the way adds to direct in the same round:", ""]
    return lines + table(["partitions", *(NAMES[way] for way in next(iter(found.values())))],
                         [[str(partitions), *(f"{of['p50_us']['median']:.0f} / {of['p99_us']['median']:.0f}" + (
                             "" if way == "direct" else f" ({of['added_p50_us']['median']:+.0f} / {of['added_p99_us']['median']:+.0f})")
                                              for way, of in row.items())] for partitions, row in found.items()])


def memory(found):
    lines = [f"Memory with {found['connections']:,} idle connections, each after an ApiVersions exchange:", ""]
    lines += table(["", "before", "per connection"], [[NAMES[way], f"{row['idle'] / 2**20:.1f} MiB", f"{row['per_connection'] / 1024:.1f} KiB"]
                                                      for way, row in found["rows"].items()])
    return lines + ["", *(f"Frames of 100 MiB, there and back, {mode}: {each['highest'] / 2**20:.1f} MiB at the highest "
                          f"({'within' if each['highest'] < each['bound'] else 'OUTSIDE'} {each['bound'] >> 20} MiB)."
                          for mode, each in found["frames"].items())]
