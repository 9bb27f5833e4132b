import { useEffect, useMemo, useRef } from "preact/hooks";
import { ChainLine } from "../chains/line";
import type { ChainList, History, Sidecars, Topology, TopologyEdge, TopologyNode } from "../shared/api";
import { Chart } from "../shared/chart";
import { count, duration, nano, percent, rate } from "../shared/format";
import { Badge, Stat, toneOf, toneOfVerdict } from "../shared/pieces";
import { type Known, usePolled } from "../shared/poll";
import { link } from "../shared/router";
import { Foreign } from "../shared/text";
import { linesOf } from "./history";
import { around, errorShare, failing, placeName } from "./model";

const perSecond = (value: number) => rate(value), time = (value: number) => duration(value);

function Charts({ name }: { name: string }) {
    const history = usePolled<History>("/api/history?since=15m", 5000);
    const lines = useMemo(() => history.data && linesOf(history.data, name), [history.data, name]);
    if (!lines) return history.data ? <p class="quiet">No traffic in the last 15 minutes.</p> : null;
    return (
        <>
            <Chart name="Requests" times={lines.times} write={perSecond}
                   series={[{ name: "all", values: lines.rate, colour: "--accent", filled: true }, { name: "errors", values: lines.errors, colour: "--bad", filled: true }]} />
            <Chart name="Latency" times={lines.times} write={time} series={[{ name: "p95", values: lines.p95, colour: "--second" }]} />
        </>
    );
}

function Edges({ title, edges, other, names }: { title: string; edges: TopologyEdge[]; other: "from" | "to"; names: Map<string, string> }) {
    if (edges.length === 0) return null;
    return (
        <>
            <h3>{title}</h3>
            <ul class="plain lines">
                {edges.map((each) => (
                    <li key={each[other]}>
                        <a href={link(["topology"], { select: each[other] })}><Foreign text={names.get(each[other]) ?? each[other]} limit={40} /></a>
                        <span class="room" />
                        {failing(each) && <span class="bad">{percent(errorShare(each))} err</span>}
                        <span class="number">{rate(each.perSecond)}</span><span class="number quiet">{duration(nano(each.queueP95Nano ?? each.p95Nano))}</span>
                    </li>
                ))}
            </ul>
        </>
    );
}

function ItsSidecars({ name, sidecars }: { name: string; sidecars: Known<Sidecars> }) {
    const own = (sidecars.data?.sidecars ?? []).filter((each) => each.service === name);
    if (own.length === 0) return null;
    return (
        <>
            <h3>Sidecars</h3>
            <ul class="plain lines">
                {own.map((each) => (
                    <li key={each.id}>
                        <a href={link(["sidecars"], { q: name })}><Foreign text={each.instance ?? each.id} limit={40} /></a><span class="room" />
                        {each.state !== "fresh" && <Badge tone="idle">{each.state}</Badge>}
                        <Badge tone={toneOf(toneOfVerdict, each.health?.verdict)}>{each.health?.verdict ?? "unknown"}</Badge>
                    </li>
                ))}
            </ul>
        </>
    );
}

function ItsChains({ name }: { name: string }) {
    const chains = usePolled<ChainList>(`/api/chains?limit=5&service=${encodeURIComponent(name)}`, 5000);
    return (
        <>
            <h3>Last chains</h3>
            <ul class="plain">{(chains.data?.chains ?? []).map((each) => <li key={each.id}><ChainLine chain={each} /></li>)}</ul>
            <p class="more"><a href={link(["chains"], { service: name })}>All</a> · <a href={link(["chains"], { service: name, error: "true" })}>failed</a> · <a href={link(["chains"], { service: name, stuck: "true" })}>stuck</a></p>
        </>
    );
}

/** What is known of one box of the topology. `greets`: it was opened just now, and whoever did so reads on here. */
export function PlacePanel({ node, topology, sidecars, greets, onClose }:
    { greets: boolean; node: TopologyNode; topology: Topology; sidecars: Known<Sidecars>; onClose: () => void }) {
    const names = useMemo(() => new Map(topology.nodes.map((each) => [each.id, placeName(each)])), [topology]);
    const { callers, callees } = around(topology, node.id);
    const heading = useRef<HTMLHeadingElement>(null);
    useEffect(() => {
        if (greets) heading.current?.focus({ preventScroll: true });
    }, [node.id]);
    const escape = (event: KeyboardEvent) => event.key === "Escape" && onClose();
    return (
        <aside class="panel" aria-labelledby="panel-title" onKeyDown={escape}>
            <header>
                <h2 id="panel-title" tabIndex={-1} ref={heading}><Foreign text={placeName(node)} limit={80} /></h2>
                <span class="quiet">{node.kind}</span><span class="room" />
                <button class="icon" type="button" onClick={onClose} aria-label="Close the panel" title="Close (Escape)">×</button>
            </header>
            {node.kind !== "outside" && (
                <dl class="stats">
                    <Stat name="rate" value={rate(node.perSecond)} /><Stat name="errors" value={percent(errorShare(node))} tone={failing(node) ? "bad" : undefined} />
                    <Stat name="p50" value={duration(nano(node.p50Nano))} /><Stat name="p95" value={duration(nano(node.p95Nano))} />
                    <Stat name="p99" value={duration(nano(node.p99Nano))} /><Stat name="count" value={count(node.count)} />
                    {node.queueP95Nano !== undefined && <><Stat name="waits, p50" value={duration(nano(node.queueP50Nano))} /><Stat name="waits, p95" value={duration(nano(node.queueP95Nano))} /></>}
                </dl>
            )}
            {node.kind === "service" && <Charts name={node.name} />}
            <Edges title={node.kind === "topic" ? "Sent by" : "Called by"} edges={callers} other="from" names={names} />
            <Edges title={node.kind === "topic" ? "Taken by" : "Calls and sends to"} edges={callees} other="to" names={names} />
            {node.kind === "service" && <><ItsSidecars name={node.name} sidecars={sidecars} /><ItsChains name={node.name} /></>}
        </aside>
    );
}
