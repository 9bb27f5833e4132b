import type { Figures, Sidecars, Topology, TopologyEdge, TopologyNode, Verdict } from "../shared/api";
import { isOpenBreaker } from "../problems";

/** What the sidecars of a service say, in one word each. */
export interface Standing {
    verdict?: Verdict;
    sidecars: number;
    silent: number;
    openBreakers: number;
}

const worst: Verdict[] = ["healthy", "starting", "stopping", "unknown", "degraded", "unhealthy"];

/** By service: the worst verdict of its sidecars that are heard of. */
export function standings(known: Sidecars | undefined): Map<string, Standing> {
    const out = new Map<string, Standing>();
    for (const each of known?.sidecars ?? []) {
        if (each.state === "stopped") continue;
        const name = each.service ?? "";
        const of = out.get(name) ?? { sidecars: 0, silent: 0, openBreakers: 0 };
        out.set(name, of);
        ++of.sidecars;
        of.openBreakers += (each.policies ?? []).filter(isOpenBreaker).length;
        const verdict = each.health?.verdict;
        if (each.state === "stale" || each.state === "gone") ++of.silent;
        else if (verdict && (!of.verdict || worst.indexOf(verdict) > worst.indexOf(of.verdict))) of.verdict = verdict;
    }
    return out;
}

export const errorShare = (of: Figures) => (of.count > 0 ? of.errors / of.count : 0);

/** Whether errors are worth a colour: one in a hundred, or all of few. */
export const failing = (of: Figures) => errorShare(of) >= 0.01;

export function placeName(node: { kind: string; name: string }): string {
    if (node.kind === "outside") return "callers";
    return node.name || "(unnamed)";
}

/** What a box does not show in words, for a screen reader. */
export function says(node: TopologyNode, standing: Standing | undefined): string {
    const parts: string[] = [node.kind];
    if (standing?.verdict) parts.push(standing.verdict);
    if (standing?.openBreakers) parts.push(`${standing.openBreakers} open breakers`);
    if (standing?.silent) parts.push(`${standing.silent} silent sidecars`);
    return parts.join(", ");
}

export const edgeId = (edge: { from: string; to: string }) => JSON.stringify([edge.from, edge.to]);

/** Thicker where more goes along, between 1.2 and 6 pixels. */
export function thickness(edge: Figures, busiest: number): number {
    if (busiest <= 0 || edge.perSecond <= 0) return 1.2;
    return 1.2 + 4.8 * Math.sqrt(Math.min(1, edge.perSecond / busiest));
}

export function around(topology: Topology, id: string): { callers: TopologyEdge[]; callees: TopologyEdge[] } {
    const busiestFirst = (a: TopologyEdge, b: TopologyEdge) => b.count - a.count;
    return { callers: topology.edges.filter((each) => each.to === id).sort(busiestFirst),
             callees: topology.edges.filter((each) => each.from === id).sort(busiestFirst) };
}
