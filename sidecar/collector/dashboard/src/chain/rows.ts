import type { Chain, ChainRow, Finding } from "../shared/api";
import { nano } from "../shared/format";

/** A row with what the waterfall needs of its place in the tree. */
export interface TreeRow {
    index: number;
    row: ChainRow;
    start: number;
    length: number;
    /** How many rows hang from it, directly and indirectly. */
    below: number;
    parent: number;
    /** Stretches of the critical path that lie in it. */
    critical: { start: number; length: number }[];
    findings: Finding[];
    bad: boolean;
}

export type FindingKind = "errors" | "timeouts" | "refusals" | "retries" | "missing" | "faults" | "inferred";

export const findingKinds: FindingKind[] = ["errors", "timeouts", "refusals", "retries", "missing", "faults", "inferred"];

export function findingsOf(chain: Chain, kind: FindingKind): Finding[] {
    return (kind === "errors" ? chain.errorOrigins : chain[kind]) ?? [];
}

/** The tree from rows and depths: no recursion, however deep it is. */
export function treeOf(chain: Chain): TreeRow[] {
    const open: number[] = [];
    const rows = chain.rows.map((row, index): TreeRow => {
        while (open.length > 0 && chain.rows[open[open.length - 1]!]!.depth >= row.depth) open.pop();
        const parent = open[open.length - 1] ?? -1;
        open.push(index);
        return { index, row, start: nano(row.offsetNano), length: nano(row.durationNano), below: 0, parent, critical: [], findings: [], bad: row.error ?? false };
    });
    for (let i = rows.length - 1; i > 0; --i) {
        const parent = rows[rows[i]!.parent];
        if (parent) parent.below += rows[i]!.below + 1;
    }
    for (const each of chain.criticalPath) rows[each.row]?.critical.push({ start: nano(each.offsetNano), length: nano(each.durationNano) });
    for (const kind of findingKinds)
        for (const each of findingsOf(chain, kind)) rows[each.row]?.findings.push(each);
    return rows;
}

/** The rows that are seen when the subtrees of some are folded away. */
export function unfolded(rows: TreeRow[], folded: ReadonlySet<number>): TreeRow[] {
    if (folded.size === 0) return rows;
    const out: TreeRow[] = [];
    for (let i = 0; i < rows.length; ++i) {
        const each = rows[i]!;
        out.push(each);
        if (folded.has(i)) i += each.below;
    }
    return out;
}

/** Which rows of a long list are near what is seen: [first, one after the last). */
export function windowOf(total: number, height: number, scrolled: number, seen: number, spare = 8): [number, number] {
    const first = Math.max(0, Math.floor(scrolled / height) - spare);
    return [Math.min(first, total), Math.min(total, Math.ceil((scrolled + seen) / height) + spare)];
}

export interface Span {
    from: number;
    to: number;
}

/** Where the chain lies in time, polls that began before it included. */
export function wholeOf(rows: TreeRow[], chain: Chain): Span {
    let from = 0, to = Math.max(1, nano(chain.durationNano));
    for (const { start, length, row } of rows) {
        if (row.offsetNano === undefined) continue;
        from = Math.min(from, start);
        to = Math.max(to, start + length);
    }
    // A poll may have waited for hours; that is not what one wants to look at.
    const most = nano(chain.durationNano) * 0.5;
    return { from: most > 0 ? Math.max(from, -most) : from, to };
}

/** Round times for a ruler, at most about `most` of them. */
export function ticksOf({ from, to }: Span, most: number): number[] {
    const rough = (to - from) / Math.max(1, most);
    if (!(rough > 0) || !Number.isFinite(rough)) return [];
    const power = 10 ** Math.floor(Math.log10(rough));
    const step = [1, 2, 5, 10].map((each) => each * power).find((each) => each >= rough)!;
    const out: number[] = [];
    for (let at = Math.ceil(from / step) * step; at <= to && out.length < 50; at += step) out.push(at);
    return out;
}

/** Rows in which all of the words are found. */
export function matching(rows: TreeRow[], text: string): Set<number> {
    const words = text.toLowerCase().split(/\s+/).filter((each) => each !== "");
    const out = new Set<number>();
    if (words.length === 0) return out;
    for (const { index, row } of rows) {
        const all = [row.service, row.peer, row.name, row.topic, row.status, row.spanId].map((each) => (each ?? "").slice(0, 500)).join("\n").toLowerCase();
        if (words.every((each) => all.includes(each))) out.add(index);
    }
    return out;
}
