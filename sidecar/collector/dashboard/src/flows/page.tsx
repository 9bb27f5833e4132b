import type { Flow, FlowFault, Flows, FlowStep } from "../shared/api";
import { age, count, duration, nano, plural } from "../shared/format";
import { Badge, Empty, Stat, Waiting } from "../shared/pieces";
import { useNow, usePolled } from "../shared/poll";
import { link } from "../shared/router";
import { Foreign } from "../shared/text";
import { faultName, faultsOf, openFaults } from "./model";
import { RunPage } from "./run";

function Step({ of, first }: { of: FlowStep; first: boolean }) {
    const faults = faultsOf(of);
    return (
        <li class={`step${faults.length > 0 ? " faulty" : ""}`}>
            {!first && <span class="within quiet">{of.compensates ? "undone by" : of.withinNano !== undefined && nano(of.withinNano) > 0 ? `within ${duration(nano(of.withinNano))}` : "then"}</span>}
            <span class="step-name"><Foreign text={of.name} limit={80} /></span>
            <span class="step-figures"><b>{count(of.reached)}</b> reached{of.waiting > 0 && <span class="info">, {count(of.waiting)} waiting</span>}</span>
            {of.p95Nano !== undefined && <span class="quiet">p50 {duration(nano(of.p50Nano))} · p95 {duration(nano(of.p95Nano))}</span>}
            {faults.length > 0 && <span class="chips">{faults.map(([kind, times]) => <Badge key={kind} tone={kind === "stuck" || kind === "lost_compensation" ? "bad" : "warn"}>{count(times)} {faultName(kind)}</Badge>)}</span>}
        </li>
    );
}

function Fault({ flow, of, now }: { flow: string; of: FlowFault; now: number }) {
    const at = nano(of.toldUnixNano ?? of.atUnixNano);
    return (
        <li class={`fault${of.open ? " open" : ""}`}>
            <Badge tone={of.open ? "bad" : of.retracted ? "idle" : "warn"}>{faultName(of.kind)}{of.retracted ? ", taken back" : ""}</Badge>
            <span class="grow"><Foreign text={of.text} limit={300} /></span>
            <a href={link(["flows", flow, "runs", of.run])}>run <Foreign text={of.run} limit={40} /></a>
            {of.chain && <a href={link(["chain", of.chain])}>chain</a>}
            <span class="quiet number">{at > 0 && `${age(now - at)} ago`}</span>
        </li>
    );
}

function FlowCard({ flow, now, alone }: { flow: Flow; now: number; alone: boolean }) {
    const open = openFaults(flow), recent = alone ? flow.recent : flow.recent.slice(0, 6);
    return (
        <article class={`card flow ${open > 0 ? "bad" : "good"}`}>
            <header><h2><a href={link(["flows", flow.name])}><Foreign text={flow.name} limit={80} /></a></h2>
                {flow.by && <span class="quiet">by <b><Foreign text={flow.by} limit={40} /></b></span>}<span class="room" />
                {open > 0 && <Badge tone="bad">{plural(open, "open fault")}</Badge>}</header>
            {flow.description && <p><Foreign text={flow.description} limit={300} /></p>}
            <p class="expect mono quiet"><Foreign text={flow.expect} limit={500} /></p>
            <dl class="stats"><Stat name="running" value={count(flow.running)} tone={flow.running > 0 ? "info" : undefined} /><Stat name="completed" value={count(flow.completed)} />
                <Stat name="compensated" value={count(flow.compensated)} /><Stat name="faulty" value={count(flow.faulty)} tone={flow.faulty > 0 ? "bad" : undefined} /></dl>
            <ol class="steps" aria-label="Steps">{flow.steps.map((each, i) => <Step key={i} of={each} first={i === 0} />)}</ol>
            {recent.length > 0 && <><h3>Recent faults</h3><ul class="plain faults">{recent.map((each, i) => <Fault key={i} flow={flow.name} of={each} now={now} />)}</ul></>}
            {recent.length < flow.recent.length && <p class="more"><a href={link(["flows", flow.name])}>All {flow.recent.length}</a></p>}
        </article>
    );
}

function FlowList({ only }: { only: string | undefined }) {
    const known = usePolled<Flows>("/api/flows");
    const now = useNow() * 1e6;
    const all = known.data?.flows ?? [];
    const shown = only === undefined ? [...all].sort((a, b) => openFaults(b) - openFaults(a)) : all.filter((each) => each.name === only);
    return (
        <section class="page" aria-label="Flows">
            <div class="tools">{only !== undefined && <><a class="back" href={link(["flows"])}>Flows</a><span class="quiet" aria-hidden="true">/</span></>}
                <h1>{only === undefined ? "Expected flows" : <Foreign text={only} limit={80} />}</h1><span class="quiet" role="status">{known.data && only === undefined && plural(all.length, "flow")}</span></div>
            <Waiting of={known} what="flows">
                {shown.length === 0 ? <Empty>{only === undefined ? <>No flow is expected. Describe some and start the collector with <code>--flows FILE</code>.</> : "No flow has this name."}</Empty>
                    : <div class="flows">{shown.map((each) => <FlowCard key={each.name} flow={each} now={now} alone={only !== undefined} />)}</div>}
            </Waiting>
        </section>
    );
}

/** `#/flows`, `#/flows/{name}` and `#/flows/{name}/runs/{run}`. */
export function FlowsPage({ path }: { path: string[] }) {
    const [flow, word, run] = path;
    return flow !== undefined && word === "runs" && run !== undefined ? <RunPage key={run} flow={flow} id={run} /> : <FlowList only={flow} />;
}
