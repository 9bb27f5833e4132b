import type { PolicyState, Rates, Sidecar } from "../shared/api";
import { nano } from "../shared/format";
import { isOpenBreaker } from "../problems";
import type { Tone } from "../shared/pieces";

export const isHeard = (of: Sidecar) => of.state === undefined || of.state === "fresh";

/** How urgent a card is: the greatest comes first. */
export function urgency(of: Sidecar): number {
    if (of.state === "stopped") return 0;
    if (!isHeard(of)) return of.state === "gone" ? 5 : 4;
    const verdict = { unhealthy: 6, degraded: 3, unknown: 1, starting: 1, stopping: 1, healthy: 0 }[of.health?.verdict ?? "unknown"] ?? 1;
    return Math.max(verdict, (of.policies ?? []).some(isOpenBreaker) ? 2 : 0);
}

const nameOf = (of: Sidecar) => `${of.service ?? ""} ${of.instance ?? ""} ${of.id}`;

/** Those that have all of the words, the urgent ones first. */
export function listed(all: Sidecar[], text: string): Sidecar[] {
    const words = text.toLowerCase().split(/\s+/).filter((each) => each !== "");
    const told = (of: Sidecar) => `${nameOf(of)} ${of.state ?? ""} ${of.health?.verdict ?? ""} ${(of.policies ?? []).map((each) => `${each.policy} ${each.state ?? ""}`).join(" ")}`.slice(0, 5000).toLowerCase();
    return all.filter((each) => words.length === 0 || words.every((word) => told(each).includes(word)))
        .sort((a, b) => urgency(b) - urgency(a) || (nameOf(a) < nameOf(b) ? -1 : 1));
}

/** The worst first, and those of one kind together. */
export function byUrgency(policies: PolicyState[]): PolicyState[] {
    const weight = (of: PolicyState) => ({ bad: 3, warn: 2, good: 1, info: 1, idle: 0 })[toneOfPolicy(of)];
    return [...policies].sort((a, b) => weight(b) - weight(a));
}

export function toneOfPolicy(of: PolicyState): Tone {
    if (of.mode === "disabled") return "idle";
    if (of.state === "open") return "bad";
    if (of.state === "half_open" || of.state === "ramp") return "warn";
    return (of.level ?? 0) >= 0.9 ? "warn" : "good";
}

/** The level as a share of a whole, whatever was sent. */
export const levelOf = (of: PolicyState) => (of.level === undefined || !Number.isFinite(of.level) ? undefined : Math.min(1, Math.max(0, of.level)));

export const hasTraffic = (rates: Rates | undefined) => rates !== undefined && ((rates.perSecond ?? 0) > 0 || nano(rates.p50Nano) > 0);
