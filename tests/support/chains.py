"""Chains as a collector or Jaeger gives them, and how they are drawn for a comparison."""
import urllib.parse

import processes
import wire


def value_of(attribute):
    kind, value = next(iter(attribute["value"].items()))
    if kind == "arrayValue":
        return [value_of({"value": each}) for each in value.get("values", [])]
    return int(value) if kind == "intValue" else value


class Span:
    """One span of a chain, as the collector or Jaeger gives it."""

    def __init__(self, service, name, span_id, parent, start, attributes):
        self.service, self.name, self.id, self.parent, self.start, self.attributes = service, name, span_id, parent, start, attributes
        self.source, self.confidence = attributes.get("chain.link.source"), attributes.get("chain.link.confidence")

    def label(self, callee=None):
        status = self.attributes.get("http.response.status_code")
        return f"{self.service}" + (f" → {callee}" if callee else "") + f" {self.name}" + (f" {status}" if status else "")

    def key(self, name):
        """The values of a business key that it says it is about."""
        keys = self.attributes.get(f"chain.key.{name}", [])
        return set(keys if isinstance(keys, list) else [keys])


KINDS = {1: "internal", 2: "server", 3: "client", 4: "producer", 5: "consumer"}


def of_otlp(answer):
    """The spans of an OTLP document."""
    found = []
    for resource in answer["resourceSpans"]:
        service = next(value_of(each) for each in resource["resource"]["attributes"] if each["key"] == "service.name")
        for span in (span for scope in resource["scopeSpans"] for span in scope["spans"]):
            attributes = {each["key"]: value_of(each) for each in span.get("attributes", [])}
            attributes["span.kind"] = KINDS[span["kind"]]
            found.append(Span(service, span["name"], span["spanId"], span.get("parentSpanId") or None, int(span["startTimeUnixNano"]), attributes))
    return found


def of_jaeger(trace):
    """The spans of a trace in Jaeger's JSON."""
    found = []
    for span in trace["spans"]:
        attributes = {tag["key"]: tag["value"] for tag in span["tags"]}
        parent = next((each["spanID"] for each in span["references"] if each["refType"] == "CHILD_OF"), None)
        found.append(Span(trace["processes"][span["processID"]]["serviceName"], span["operationName"], span["spanID"], parent,
                          span["startTime"], attributes))
    return found


def drawn(spans, keep=lambda span: True):
    """A chain as indented lines, "~source" behind what was inferred; spans that are not kept are left out with what hangs from them."""
    by_parent = {}
    ids = {span.id for span in spans}
    for span in sorted(spans, key=lambda each: (each.start, each.name)):
        by_parent.setdefault(span.parent if span.parent in ids else None, []).append(span)
    lines, waiting = [], [(0, span) for span in reversed(by_parent.get(None, []))]
    while waiting:
        depth, span = waiting.pop()
        if keep(span):
            answering = [child.service for child in by_parent.get(span.id, []) if child.attributes["span.kind"] == "server"]
            lines.append("  " * depth + span.label(*answering[:1]) + (f" ~{span.source}" if span.source else ""))
            waiting += [(depth + 1, child) for child in reversed(by_parent.get(span.id, []))]
    return lines


class Chains:
    """The chains of a collector, by the values of one business key."""

    def __init__(self, collector, key):
        self.url, self.key = collector, key

    def of(self, value, **more):
        """What the collector says of the chains with this value, those that began with a POST: who asks for something makes a chain, too."""
        asked = urllib.parse.urlencode({"key": f"{self.key}={value}", **more})
        return [each for each in processes.json_of(f"{self.url}/api/chains?{asked}")["chains"] if each["root"]["name"].startswith("POST")]

    def spans(self, chain_id):
        return of_otlp(processes.json_of(f"{self.url}/api/chains/{chain_id}"))

    def whole(self, value, count, work=lambda span: True, within=60):
        """(what the collector says, the spans) of the one chain of the value, once that is decided and `count` of its spans are work."""
        def look():
            found = self.of(value)
            if len(found) != 1 or not found[0]["decided"] or found[0]["spans"] < count:
                return None
            spans = self.spans(found[0]["id"])
            return (found[0], spans) if sum(map(work, spans)) >= count else None
        try:
            return wire.wait_for(look, f"one chain of {self.key} {value} with {count} spans", within)
        except AssertionError as error:
            raise AssertionError(f"{error}; there are\n{self.told(value)}") from error

    def told(self, value):
        return "\n".join("\n".join([str(each), *drawn(self.spans(each["id"]))]) for each in self.of(value))


def hops(shape, *events):
    """The shape with more below its last line: each (topic, taker) is a record that whoever stands in the last line has sent, as was inferred from
    a value, and who took it. hops("mail POST 201", ("mail-written", "orders")) is

    mail POST 201
      mail send mail-written ~echo
        orders process mail-written
    """
    for topic, taker in events:
        last = shape.splitlines()[-1]
        depth = len(last) - len(last.lstrip())
        shape = f"{shape.rstrip()}\n{'':{depth + 2}}{last.split()[0]} send {topic} ~echo\n{'':{depth + 4}}{taker} process {topic}\n"
    return shape


def lines(shape):
    return [line for line in shape.splitlines() if line]


def as_in(shape, drawn):
    """The drawn lines, where the shape leaves it open which of two tiers finds a link: inventory has taken two records of the order when
    it releases the stock, so the order's number alone does not tell which of them was the cause."""
    wanted = {line.strip() for line in shape.splitlines()}
    for line in drawn:
        what, _, source = line.partition(" ~")
        either = what.strip() + " ~echo|timing"
        yield what + " ~echo|timing" if source in ("echo", "timing") and either in wanted else line


def is_work(span):
    """Not how records are fetched and that they were dealt with."""
    return not span.name.startswith(("poll ", "commit "))


def canonical(drawn):
    """A tree of indented lines with the children of each in the order of their names: of consumers of one record none is first."""
    root = ("", [])
    path = [root]
    for line in drawn:
        depth = (len(line) - len(line.lstrip())) // 2
        node = (line.strip(), [])
        del path[depth + 1:]
        path[-1][1].append(node)
        path.append(node)
    return sorted_tree(root)


def sorted_tree(node):
    return node[0], sorted(map(sorted_tree, node[1]))
