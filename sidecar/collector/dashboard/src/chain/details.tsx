import { useEffect, useMemo, useRef } from "preact/hooks";
import type { Chain } from "../shared/api";
import { duration, moment, nano, percent } from "../shared/format";
import { Stat } from "../shared/pieces";
import { usePolled } from "../shared/poll";
import { Foreign, Service } from "../shared/text";
import { type Attributes, type Otlp, spansOf } from "./otlp";
import type { TreeRow } from "./rows";

function AttributeTable({ name, attributes }: { name: string; attributes: Attributes }) {
    if (attributes.length === 0) return null;
    return (
        <table class="attributes">
            <caption>{name}</caption>
            <tbody>{attributes.map(([key, value], i) => <tr key={i}><th scope="row"><Foreign text={key} limit={80} /></th><td><Foreign text={value} limit={600} /></td></tr>)}</tbody>
        </table>
    );
}

/** A trace as it was received, in Jaeger's JSON. */
export function TraceLink({ id }: { id: string }) {
    return <a class="mono" href={`/api/traces/${encodeURIComponent(id)}?raw=true`} target="_blank" rel="noopener noreferrer" title="As it was received, as JSON"><Foreign text={id} limit={40} /></a>;
}

/** All that is known of one span. */
export function SpanDetailsPanel({ chain, of, onClose }: { chain: Chain; of: TreeRow; onClose: () => void }) {
    const { row, findings } = of;
    const otlp = usePolled<Otlp>(row.service === undefined ? null : `/api/chains/${encodeURIComponent(chain.traceId)}`, 0);
    const spans = useMemo(() => otlp.data && spansOf(otlp.data), [otlp.data]);
    const span = spans?.get(row.spanId ?? "");
    const heading = useRef<HTMLHeadingElement>(null);
    useEffect(() => heading.current?.scrollIntoView({ block: "nearest" }), [of.index]);
    return (
        <aside class="panel" aria-labelledby="span-title" onKeyDown={(event) => event.key === "Escape" && onClose()}>
            <header>
                <h2 id="span-title" tabIndex={-1} ref={heading}>{row.join === "queue" ? <>queue <Foreign text={row.topic} limit={80} /></> : <Foreign text={row.name ?? "never received"} limit={120} />}</h2>
                <span class="room" />
                <button class="icon" type="button" onClick={onClose} aria-label="Close the details" title="Close (Escape)">×</button>
            </header>
            {row.service !== undefined && <p><Service name={row.service} /> <span class="quiet">{row.kind}</span>{row.peer && <span class="quiet"> with <Foreign text={row.peer} limit={60} /></span>}</p>}
            <dl class="stats">
                <Stat name="took" value={duration(of.length)} /><Stat name="began at" value={`+${duration(of.start)}`} />
                {row.status && <Stat name="status" value={<Foreign text={row.status} limit={60} />} tone={row.error ? "bad" : undefined} />}
                {row.inferred && <Stat name={`inferred from ${row.inferred.source}`} value={`${percent(row.inferred.confidence)} sure`} tone="warn" />}
            </dl>
            {findings.length > 0 && <ul class="plain found">{findings.map((each, i) => <li key={i}><Foreign text={each.text} limit={400} /></li>)}</ul>}
            {span?.message && <p class="bad"><Foreign text={span.message} limit={1000} /></p>}
            {row.service !== undefined && !span && <p class="quiet" role="status">{otlp.error ? <Foreign text={otlp.error} /> : otlp.data ? "This span is no longer held." : "Asking for its attributes …"}</p>}
            {span && (
                <>
                    <AttributeTable name="Attributes" attributes={span.attributes} />
                    {span.events.length > 0 && <><h3>Events</h3><ul class="plain">{span.events.map((each, i) => (
                        <li key={i}><b><Foreign text={each.name} /></b> <span class="quiet">{moment(each.at)}</span><AttributeTable name="" attributes={each.attributes} /></li>))}</ul></>}
                    {span.links.length > 0 && <><h3>Links</h3><ul class="plain">{span.links.map((each, i) => (
                        <li key={i}><TraceLink id={each.traceId} /> <span class="quiet mono"><Foreign text={each.spanId} limit={20} /></span><AttributeTable name="" attributes={each.attributes} /></li>))}</ul></>}
                    <AttributeTable name="Resource" attributes={span.resource} />
                    <h3>Ids</h3>
                    <dl class="ids"><dt>trace</dt><dd><TraceLink id={span.originalTrace} /></dd><dt>span</dt><dd class="mono"><Foreign text={row.spanId} limit={20} /></dd>
                        <dt>began</dt><dd class="mono">{moment(nano(chain.startTimeUnixNano) + of.start)}</dd></dl>
                </>
            )}
        </aside>
    );
}
