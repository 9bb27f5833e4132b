import type { ChainList, Flows, PolicyState, Sidecars } from "./shared/api";
import { link } from "./shared/router";

/** Something that is wrong right now, and where to read on. */
export interface Problem {
    kind: "chains" | "breaker" | "sidecar" | "flow";
    tone: "bad" | "warn";
    text: string;
    /** Foreign text: the name of what it is about. */
    about?: string;
    to: string;
}

const some = (count: number, one: string, many: string) => `${count} ${count === 1 ? one : many}`;

export const isOpenBreaker = (policy: PolicyState) =>
    policy.kind === "breaker" && policy.mode !== "disabled" && (policy.state === "open" || policy.state === "half_open");

function ofChains(list: ChainList | undefined, most: number): Problem[] {
    const stuck = list?.chains.length ?? 0;
    if (stuck === 0) return [];
    const text = stuck >= most ? `${most} or more chains are stuck` : some(stuck, "chain is stuck", "chains are stuck");
    return [{ kind: "chains", tone: "warn", text, to: link(["chains"], { stuck: "true" }) }];
}

function ofSidecars(known: Sidecars | undefined): Problem[] {
    const out: Problem[] = [];
    for (const each of known?.sidecars ?? []) {
        const to = link(["sidecars"], { q: each.service });
        if (each.state === "stopped") continue;
        const verdict = each.health?.verdict;
        if (each.state === "stale" || each.state === "gone")
            out.push({ kind: "sidecar", tone: "bad", text: each.state === "gone" ? "silent:" : "not heard of:", about: each.service, to });
        else if (verdict === "unhealthy" || verdict === "degraded")
            out.push({ kind: "sidecar", tone: verdict === "unhealthy" ? "bad" : "warn", text: `${verdict}:`, about: each.service, to });
        for (const policy of each.policies ?? [])
            if (isOpenBreaker(policy))
                out.push({ kind: "breaker", tone: "warn", text: policy.state === "open" ? "breaker open:" : "breaker probing:",
                           about: `${each.service ?? "?"} → ${policy.target ?? policy.policy}`, to });
    }
    return out;
}

function ofFlows(known: Flows | undefined): Problem[] {
    const out: Problem[] = [];
    for (const flow of known?.flows ?? []) {
        const open = flow.recent.filter((each) => each.open).length;
        if (open > 0) out.push({ kind: "flow", tone: "bad", text: `${some(open, "fault", "faults")} in`, about: flow.name, to: link(["flows", flow.name]) });
    }
    return out;
}

/** The worst first. `mostChains`: how many stuck chains were asked for. */
export function problemsOf(stuck: ChainList | undefined, sidecars: Sidecars | undefined, flows: Flows | undefined, mostChains: number): Problem[] {
    const all = [...ofFlows(flows), ...ofChains(stuck, mostChains), ...ofSidecars(sidecars)];
    return all.sort((a, b) => (a.tone === b.tone ? 0 : a.tone === "bad" ? -1 : 1));
}

/** The same thing said once: several sidecars of one service have one problem. */
export function gathered(problems: Problem[]): (Problem & { times: number })[] {
    const out = new Map<string, Problem & { times: number }>();
    for (const each of problems) {
        const name = `${each.text}\n${each.about ?? ""}`;
        const found = out.get(name);
        if (found) ++found.times;
        else out.set(name, { ...each, times: 1 });
    }
    return [...out.values()];
}
