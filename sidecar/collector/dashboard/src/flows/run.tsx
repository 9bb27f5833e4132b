import { clock, duration, nano } from "../shared/format";
import { Badge, Empty, type Tone, toneOf, Waiting } from "../shared/pieces";
import { usePolled } from "../shared/poll";
import { link } from "../shared/router";
import { Foreign } from "../shared/text";
import { faultName } from "./model";

/** One run of a flow, as the collector tells it. */
export interface Run {
    run?: string;
    state?: string;
    chain?: string;
    waitsFor?: string;
    steps?: { name: string; compensates?: boolean; reached?: boolean; atUnixNano?: string; tookNano?: string; withinNano?: string }[];
    events?: { name: string; service?: string; startUnixNano?: string; endUnixNano?: string; trace?: string }[];
    faults?: { kind: string; step?: string; text?: string; open?: boolean; retracted?: boolean }[];
    leftOut?: number;
}

const tones: Record<string, Tone> = { completed: "good", compensated: "warn", faulty: "bad", stuck: "bad", waiting: "info", running: "info" };

/** What was expected, beside what came. */
function RunSteps({ run }: { run: Run }) {
    const steps = (run.steps ?? []).filter((each) => each.reached || !each.compensates);
    return (
        <ol class="steps" aria-label="Steps">
            {steps.map((each, i) => (
                <li key={i} class={`step${each.reached ? "" : each.name === run.waitsFor ? " awaited" : " open"}`}>
                    {i > 0 && <span class="within quiet">{nano(each.withinNano) > 0 ? `within ${duration(nano(each.withinNano))}` : each.compensates ? "undone by" : "then"}</span>}
                    <span class="step-name"><Foreign text={each.name} limit={80} /></span>
                    {each.reached ? <span class="number left">{clock(nano(each.atUnixNano))}{each.tookNano !== undefined && <span class="quiet"> after {duration(nano(each.tookNano))}</span>}</span>
                        : <span class="quiet">{each.name === run.waitsFor ? "waited for" : "not reached"}</span>}
                </li>
            ))}
        </ol>
    );
}

function Events({ run }: { run: Run }) {
    const events = [...(run.events ?? [])].sort((a, b) => nano(a.startUnixNano) - nano(b.startUnixNano));
    const first = nano(events[0]?.startUnixNano);
    if (events.length === 0) return <Empty>No event of this run is known.</Empty>;
    return (
        <ol class="plain timeline">
            {events.map((each, i) => (
                <li key={i}>
                    <span class="dot good" aria-hidden="true" />
                    <span class="number quiet">{i === 0 ? clock(nano(each.startUnixNano)) : `+${duration(nano(each.startUnixNano) - first)}`}</span>
                    <b><Foreign text={each.name} limit={100} /></b>
                    {each.service && <span class="quiet"><Foreign text={each.service} limit={60} /></span>}
                    {each.trace && <a href={link(["chain", each.trace])}>chain</a>}
                </li>
            ))}
        </ol>
    );
}

/** What was expected of one run, what came, and what was wrong with it. */
export function RunPage({ flow, id }: { flow: string; id: string }) {
    const known = usePolled<Run>(`/api/flows/${encodeURIComponent(flow)}/runs/${encodeURIComponent(id)}`);
    const run = known.data;
    return (
        <section class="page" aria-label="Run of a flow">
            <div class="tools">
                <a class="back" href={link(["flows"])}>Flows</a><span class="quiet" aria-hidden="true">/</span>
                <a class="back" href={link(["flows", flow])}><Foreign text={flow} limit={60} /></a><span class="quiet" aria-hidden="true">/</span>
                <h1><Foreign text={id} limit={60} /></h1>
                {run?.state && <Badge tone={toneOf(tones, run.state)}><Foreign text={run.state} limit={30} /></Badge>}
                <span class="room" />
                {run?.chain && <a href={link(["chain", run.chain])}>its chain</a>}
            </div>
            <Waiting of={known} what="run">
                {run && (
                    <div class="card flow">
                        <RunSteps run={run} />
                        {(run.faults ?? []).length > 0 && <ul class="plain faults">{run.faults!.map((each, i) => (
                            <li key={i} class={`fault${each.open ? " open" : ""}`}><Badge tone={each.open ? "bad" : each.retracted ? "idle" : "warn"}>{faultName(each.kind)}{each.retracted ? ", taken back" : ""}</Badge>
                                <span class="grow"><Foreign text={each.text ?? each.step} limit={400} /></span></li>))}</ul>}
                        <h2 class="label">Events</h2>
                        <Events run={run} />
                        {(run.leftOut ?? 0) > 0 && <p class="quiet">{run.leftOut} more are not kept</p>}
                    </div>
                )}
            </Waiting>
        </section>
    );
}
