import { age, clock, duration, nano } from "../shared/format";
import { Badge, Empty, Waiting } from "../shared/pieces";
import { usePolled } from "../shared/poll";
import { link } from "../shared/router";
import { Foreign } from "../shared/text";
import { faultName, flat } from "./model";

/** One run of a flow, as the collector tells it. */
export interface Run {
    run?: string;
    state?: string;
    chain?: string;
    startUnixNano?: string;
    endUnixNano?: string;
    events?: { name?: string; step?: string; atUnixNano?: string; chain?: string; service?: string }[];
    faults?: { kind?: string; step?: string; text?: string; atUnixNano?: string; open?: boolean }[];
    waiting?: { step?: string; deadlineUnixNano?: string }[];
}

function Events({ run }: { run: Run }) {
    const events = run.events ?? [];
    const first = nano(events[0]?.atUnixNano ?? run.startUnixNano);
    if (events.length === 0) return <Empty>No event of this run is known.</Empty>;
    return (
        <ol class="plain timeline">
            {events.map((each, i) => (
                <li key={i}>
                    <span class="number quiet">{i === 0 ? clock(nano(each.atUnixNano)) : `+${duration(nano(each.atUnixNano) - first)}`}</span>
                    <span class="dot good" aria-hidden="true" /><b><Foreign text={each.name ?? each.step ?? "?"} limit={100} /></b>
                    {each.service && <span class="quiet"><Foreign text={each.service} limit={60} /></span>}
                    {each.chain && <a href={link(["chain", each.chain])}>chain</a>}
                </li>
            ))}
        </ol>
    );
}

export function RunPage({ flow, id }: { flow: string; id: string }) {
    const known = usePolled<Run>(`/api/flows/${encodeURIComponent(flow)}/runs/${encodeURIComponent(id)}`);
    const run = known.data;
    return (
        <section class="page" aria-label="Run of a flow">
            <div class="tools"><a class="back" href={link(["flows"])}>Flows</a><span class="quiet" aria-hidden="true">/</span>
                <a class="back" href={link(["flows", flow])}><Foreign text={flow} limit={60} /></a><span class="quiet" aria-hidden="true">/</span>
                <h1><Foreign text={id} limit={60} /></h1>{run?.state && <Badge tone={run.state === "completed" ? "good" : "info"}><Foreign text={run.state} limit={30} /></Badge>}
                <span class="room" />{run?.chain && <a href={link(["chain", run.chain])}>its chain</a>}</div>
            <Waiting of={known} what="run">
                {run && (
                    <>
                        {(run.faults ?? []).length > 0 && <ul class="plain found">{run.faults!.map((each, i) => (
                            <li key={i}><Badge tone={each.open ? "bad" : "warn"}>{faultName(each.kind ?? "fault")}</Badge> <Foreign text={each.text ?? each.step ?? ""} limit={400} /></li>))}</ul>}
                        <Events run={run} />
                        {(run.waiting ?? []).map((each, i) => <p key={i} class="quiet">waits for <b><Foreign text={each.step ?? ""} limit={100} /></b>{each.deadlineUnixNano && ` until ${clock(nano(each.deadlineUnixNano))}`}</p>)}
                        <details><summary>Everything that is known of it</summary>
                            <table class="attributes"><caption class="unseen">Members</caption><tbody>{flat(run).slice(0, 500).map(([key, value], i) => <tr key={i}><th scope="row"><Foreign text={key} /></th><td><Foreign text={value} limit={300} /></td></tr>)}</tbody></table>
                        </details>
                        {known.at > 0 && <p class="unseen">Asked {age((Date.now() - known.at) * 1e6)} ago</p>}
                    </>
                )}
            </Waiting>
        </section>
    );
}
