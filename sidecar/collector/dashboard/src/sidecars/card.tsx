import type { PolicyState, Sidecar } from "../shared/api";
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { age, count, duration, nano, percent, rate } from "../shared/format";
import { Badge, toneOf, toneOfDependency, toneOfVerdict } from "../shared/pieces";
import { link } from "../shared/router";
import { Foreign, Service } from "../shared/text";
import { byUrgency, hasTraffic, isHeard, levelOf, toneOfPolicy } from "./model";

const mostOfAll = 300;
const directions = [["inbound", "in"], ["outbound", "out"], ["produce", "produce"], ["consume", "consume"]] as const;

function Policy({ of, now }: { of: PolicyState; now: number }) {
    const level = levelOf(of), tone = toneOfPolicy(of);
    const since = nano(of.sinceUnixNano);
    return (
        <li class={`policy ${of.mode === "disabled" ? "off" : ""}`}>
            <div class="policy-line">
                <span class={`dot ${tone}`} aria-hidden="true" />
                <span class="grow"><b><Foreign text={of.policy} limit={48} /></b> <span class="quiet">{of.kind ?? of.rule}{of.target && <> · <Foreign text={of.target} limit={48} /></>}</span></span>
                {of.mode && of.mode !== "enforce" && <Badge tone="idle">{of.mode}</Badge>}
                {of.state && <Badge tone={tone}>{of.state.replace("_", " ")}{since > 0 && of.state !== "closed" && ` ${age(now - since)}`}</Badge>}
            </div>
            {level !== undefined && <div class="level" role="meter" aria-label={`level of ${of.kind ?? "policy"}`} aria-valuenow={Math.round(level * 100)} aria-valuemin={0} aria-valuemax={100}>
                <span class={tone} style={{ width: `${level * 100}%` }} /></div>}
            <div class="policy-line quiet">
                {of.why && <span class="grow"><Foreign text={of.why} limit={160} /></span>}
                {level !== undefined && <span>{percent(level)}</span>}
                {(of.allowed ?? 0) > 0 && <span>{count(of.allowed)} let through</span>}
                {(of.refused ?? 0) > 0 && <span class="warn">{count(of.refused)} refused</span>}
                {(of.delayed ?? 0) > 0 && <span>{count(of.delayed)} delayed</span>}
            </div>
        </li>
    );
}

function Traffic({ of }: { of: Sidecar }) {
    const rows = directions.filter(([key]) => hasTraffic(of.rates?.[key]));
    if (rows.length === 0) return null;
    return (
        <table class="rates">
            <thead><tr><th scope="col"><span class="unseen">Direction</span></th><th scope="col">Rate</th><th scope="col">Errors</th><th scope="col">p50</th><th scope="col">p99</th></tr></thead>
            <tbody>{rows.map(([key, name]) => {
                const rates = of.rates![key]!;
                return (
                    <tr key={key}><th scope="row">{name}</th><td>{rate(rates.perSecond)}</td><td class={(rates.errorsPerSecond ?? 0) > 0 ? "bad" : "quiet"}>{rate(rates.errorsPerSecond)}</td>
                        <td>{rates.p50Nano === undefined ? "" : duration(nano(rates.p50Nano))}</td><td>{rates.p99Nano === undefined ? "" : duration(nano(rates.p99Nano))}</td></tr>
                );
            })}</tbody>
        </table>
    );
}

/** How old the state is: what is not fresh is said, and the card greyed. */
function Age({ of }: { of: Sidecar }) {
    const old = nano(of.ageNano);
    if (of.state === "stopped") return <Badge tone="idle">stopped {age(old)} ago</Badge>;
    if (of.state === "gone") return <Badge tone="bad">silent for {age(old)}</Badge>;
    if (of.state === "stale") return <Badge tone="warn">heard {age(old)} ago</Badge>;
    return <span class="quiet" title="Age of the state shown">{old < 1e9 ? "now" : `${age(old)} ago`}</span>;
}

type Dependencies = NonNullable<Sidecar["dependencies"]>;

function Dependency({ of }: { of: Dependencies[number] }) {
    const tone = toneOf(toneOfDependency, of.verdict);
    return (
        <li>
            <span class={`dot ${tone}`} aria-hidden="true" /><span><Foreign text={of.name} limit={40} /></span><span class="quiet">{of.kind}</span><span class="room" />
            {of.reason && of.verdict !== "up" ? <span class="warn"><Foreign text={of.reason} limit={120} /></span> : <span class="quiet mono"><Foreign text={of.endpoint} limit={40} /></span>}
            <span class="unseen">{of.verdict}</span>
        </li>
    );
}

/** The first ones of a list, and the others when asked for. */
function Some<T>({ all, most, each, lines }: { all: T[]; most: number; each: (one: T, i: number) => ComponentChildren; lines?: boolean }) {
    const [open, setOpen] = useState(false);
    return (
        <>
            <ul class={`plain${lines ? " lines" : ""}`}>{(open ? all.slice(0, mostOfAll) : all.slice(0, most)).map(each)}</ul>
            {all.length > most && <button type="button" class="as-link more" aria-expanded={open} onClick={() => setOpen(!open)}>{open ? "fewer" : `${count(all.length - most)} more`}</button>}
        </>
    );
}

/** One sidecar: whether it is well, why not, what its policies do. `now`: the collector's Unix time in nanoseconds. */
export function SidecarCard({ of, now }: { of: Sidecar; now: number }) {
    const verdict = of.health?.verdict ?? "unknown";
    const since = nano(of.health?.sinceUnixNano), started = nano(of.startedUnixNano);
    const policies = byUrgency(of.policies ?? []), dependencies = of.dependencies ?? [], reasons = of.health?.reasons ?? [];
    return (
        <article class={`card ${isHeard(of) ? toneOf(toneOfVerdict, verdict) : "silent"}`} aria-label={`sidecar of ${of.service ?? "?"}`.slice(0, 120)}>
            <header>
                <h2><a href={link(["topology"], { select: `service:${of.service ?? ""}` })}><Service name={of.service} /></a></h2>
                <span class="quiet mono instance"><Foreign text={of.instance} limit={32} /></span>
                <span class="room" />
                <Age of={of} />
            </header>
            <p class="health"><Badge tone={isHeard(of) ? toneOf(toneOfVerdict, verdict) : "idle"}>{verdict}</Badge>{since > 0 && <span class="quiet"> for {age(now - since)}</span>}
                <span class="room" />{of.version && <span class="quiet"><Foreign text={of.version} limit={24} /></span>}{started > 0 && <span class="quiet">up {age(now - started)}</span>}</p>
            {reasons.length > 0 && <ul class="plain reasons">{reasons.slice(0, 8).map((each, i) => <li key={i}><Foreign text={each} limit={240} /></li>)}</ul>}
            <Traffic of={of} />
            {policies.length > 0 && <><h3>Policies</h3><Some all={policies} most={6} each={(one, i) => <Policy key={i} of={one} now={now} />} /></>}
            {dependencies.length > 0 && <><h3>Depends on</h3><Some all={dependencies} most={8} lines each={(one, i) => <Dependency key={i} of={one} />} /></>}
            {(of.leftOut ?? 0) > 0 && <p class="quiet">{count(of.leftOut)} more did not fit into what it told</p>}
        </article>
    );
}
