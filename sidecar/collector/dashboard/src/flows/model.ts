import type { Flow, FlowStep } from "../shared/api";

const names: Record<string, string> = {
    stuck: "stuck", late: "late", missing: "missing", duplicate: "duplicate", out_of_order: "out of order", lost_compensation: "lost compensation",
};

export const faultName = (kind: string) => names[kind] ?? kind.replace(/_/g, " ");

/** The faults of a step that happened at all, the most frequent first. */
export function faultsOf(step: FlowStep): [string, number][] {
    return Object.entries(step.faults ?? {}).filter(([, times]) => times > 0).sort((a, b) => b[1] - a[1]);
}

export const openFaults = (flow: Flow) => flow.recent.filter((each) => each.open).length;
