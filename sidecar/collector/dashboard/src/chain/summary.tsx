import { useMemo, useState } from "preact/hooks";
import type { Chain } from "../shared/api";
import { count, duration, moment, nano, plural } from "../shared/format";
import { hue } from "../shared/foreign";
import { Badge, KeyChips, toneOf, toneOfChain } from "../shared/pieces";
import { usePolled } from "../shared/poll";
import { Foreign, Service } from "../shared/text";
import { TraceLink } from "./details";
import { originalTraces, type Otlp, spansOf } from "./otlp";
import { findingKinds, findingsOf } from "./rows";

const names: Record<string, string> = {
    errors: "Errors begin here", timeouts: "Timed out", refusals: "Refused", retries: "Retried", missing: "Missing", faults: "Impossible", inferred: "Inferred",
};
const mostOfAKind = 6;

/** What is the matter with the chain, first of all. */
export function Verdict({ chain }: { chain: Chain }) {
    return (
        <div class={`verdict-box ${toneOf(toneOfChain, chain.state)}`}>
            <Badge tone={toneOf(toneOfChain, chain.state)}>{chain.state}</Badge>
            <p><Foreign text={chain.verdict.startsWith(`${chain.state}: `) ? chain.verdict.slice(chain.state.length + 2) : chain.verdict} limit={600} /></p>
        </div>
    );
}

export function Findings({ chain, onChoose }: { chain: Chain; onChoose: (row: number) => void }) {
    const [all, setAll] = useState<ReadonlySet<string>>(new Set());
    const kinds = findingKinds.filter((each) => findingsOf(chain, each).length > 0);
    if (kinds.length === 0) return null;
    return (
        <section class="findings" aria-label="Findings">
            {kinds.map((kind) => {
                const found = findingsOf(chain, kind), shown = all.has(kind) ? found : found.slice(0, mostOfAKind);
                return (
                    <div key={kind} class={`finding ${kind}`}>
                        <h2 class="label">{names[kind]} <span class="quiet">{count(found.length)}</span></h2>
                        <ul class="plain">
                            {shown.map((each, i) => <li key={i}><button type="button" class="as-link" onClick={() => onChoose(each.row)}><Foreign text={each.text} limit={240} /></button></li>)}
                        </ul>
                        {shown.length < found.length && <button type="button" class="as-link more" onClick={() => setAll(new Set([...all, kind]))}>{count(found.length - shown.length)} more</button>}
                    </div>
                );
            })}
            {(chain.findingsLeftOut ?? 0) > 0 && <p class="quiet">{plural(chain.findingsLeftOut!, "further finding")}</p>}
        </section>
    );
}

/** Where the time of the chain went: services and queues along its critical path. */
export function Shares({ chain }: { chain: Chain }) {
    const services = chain.serviceTimes.map((each) => ({ name: each.service, topic: false, time: nano(each.criticalNano) }));
    const queue = nano(chain.queueNano);
    const parts = [...services, ...(queue > 0 ? [{ name: "queues", topic: true, time: queue }] : [])].filter((each) => each.time > 0).sort((a, b) => b.time - a.time);
    const whole = parts.reduce((sum, each) => sum + each.time, 0);
    if (whole <= 0) return null;
    return (
        <section class="shares" aria-label="Where the time went">
            <h2 class="label">Critical path</h2>
            <div class="share-bar" aria-hidden="true">{parts.map((each) => <span key={each.name} class={each.topic ? "queue" : `hue${hue(each.name)}`} style={{ width: `${(100 * each.time) / whole}%` }} />)}</div>
            <ul class="plain inline">{parts.slice(0, 8).map((each) => <li key={each.name}>{each.topic ? <span class="service"><span class="dot queue" aria-hidden="true" />in queues</span> : <Service name={each.name} />} <b>{duration(each.time)}</b></li>)}</ul>
        </section>
    );
}

/** The traces that became this chain. */
export function Traces({ chain }: { chain: Chain }) {
    const [asked, setAsked] = useState(chain.spans <= 500);
    const otlp = usePolled<Otlp>(asked ? `/api/chains/${encodeURIComponent(chain.traceId)}` : null, 0);
    const traces = useMemo(() => otlp.data && originalTraces(spansOf(otlp.data)), [otlp.data]);
    return (
        <details class="traces" onToggle={(event) => (event.target as HTMLDetailsElement).open && setAsked(true)}>
            <summary>{traces ? plural(traces.length, "original trace") : "Original traces"}</summary>
            <ul class="plain">{(traces ?? []).map(([id, spans]) => <li key={id}><TraceLink id={id} /> <span class="quiet">{plural(spans, "span")}</span></li>)}</ul>
            {asked && !traces && <p class="quiet">{otlp.error ? <Foreign text={otlp.error} /> : "Asking …"}</p>}
        </details>
    );
}

export function Facts({ chain }: { chain: Chain }) {
    return (
        <p class="facts">
            <span>{moment(nano(chain.startTimeUnixNano))}</span><span><b>{duration(nano(chain.durationNano))}</b></span><span>{plural(chain.spans, "span")}</span>
            <span>{plural(chain.services, "service")}</span>{chain.errors > 0 && <span class="bad">{plural(chain.errors, "error")}</span>}
            {nano(chain.queueNano) > 0 && <span>{duration(nano(chain.queueNano))} in queues</span>}
            <KeyChips keys={chain.keys} most={8} />
        </p>
    );
}
