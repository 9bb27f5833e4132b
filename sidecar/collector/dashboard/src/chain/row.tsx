import { duration, percent } from "../shared/format";
import { hue } from "../shared/foreign";
import { Foreign } from "../shared/text";
import type { Span, TreeRow } from "./rows";

const signs: Record<string, string> = { server: "←", client: "→", producer: "↦", consumer: "⇥", internal: "·" };
const deepestIndent = 14;

interface Properties {
    of: TreeRow;
    top: number;
    height: number;
    place: number;
    span: Span;
    ticks: number[];
    folded: boolean;
    active: boolean;
    chosen: boolean;
    faint: boolean;
    onFold: (index: number, away: boolean) => void;
    onChoose: (index: number) => void;
}

function Name({ of: { row } }: { of: TreeRow }) {
    if (row.join === "queue") return <span class="quiet">in queue <b><Foreign text={row.topic} limit={60} /></b></span>;
    if (row.service === undefined) return <span class="quiet">never received <span class="mono">{row.spanId}</span></span>;
    return (
        <>
            <b><Foreign text={row.service} limit={40} /></b>
            <span class="quiet sign" title={row.kind} aria-hidden="true">{signs[row.kind ?? ""]}</span>
            <Foreign text={row.name} limit={80} />
            {row.peer && row.kind === "client" && <span class="quiet"> to <Foreign text={row.peer} limit={40} /></span>}
        </>
    );
}

function Marks({ of: { row, findings } }: { of: TreeRow }) {
    return (
        <>
            {row.inferred && <span class="mark-inferred" title={`Inferred from ${row.inferred.source}`}>≈ {percent(row.inferred.confidence)}</span>}
            {row.skewed && <span class="mark-inferred" title="Its clock cannot be right">clock</span>}
            {row.status && <span class={row.error ? "bad" : "quiet"}><Foreign text={row.status} limit={40} /></span>}
            {findings.length > 0 && !row.error && !row.inferred && <span class="warn" aria-label="something was found here">!</span>}
        </>
    );
}

/** What a screen reader says of a row. */
function says({ row, length, below }: TreeRow): string {
    if (row.join === "queue") return `in queue, ${duration(length)}`;
    return [row.inferred && `inferred, ${percent(row.inferred.confidence)} sure`, row.error && "error", below > 0 && `${below} below`].filter(Boolean).join(", ");
}

/** One line of the waterfall. */
export function WaterfallRow({ of, top, height, place, span, ticks, folded, active, chosen, faint, onFold, onChoose }: Properties) {
    const { row, index, start, length, below, critical } = of;
    const wide = span.to - span.from;
    const left = ((start - span.from) / wide) * 100, width = (length / wide) * 100;
    const kind = row.join === "queue" ? "queue" : row.inferred ? "inferred" : "";
    const before = left + width > 70 && left > 22;
    const indent = Math.min(row.depth, deepestIndent) * 12;
    const toggle = (event: Event) => {
        event.stopPropagation();
        onFold(index, !folded);
    };
    const seen = row.offsetNano !== undefined && left <= 100 && left + width >= 0;
    return (
        <div id={`row-${index}`} class={`row${active ? " active" : ""}${chosen ? " chosen" : ""}${faint ? " faint" : ""}${of.bad ? " failed" : ""}`} role="row"
             style={{ top: `${top}px`, height: `${height}px` }} aria-level={row.depth + 1} aria-rowindex={place + 1} aria-selected={chosen}
             aria-expanded={below > 0 ? !folded : undefined} onClick={() => onChoose(index)}>
            <div class="row-name" role="gridcell" style={{ paddingLeft: `${indent + 4}px` }}>
                {below > 0 ? <span class={`fold${folded ? " away" : ""}`} onClick={toggle} aria-hidden="true">{folded ? "▸" : "▾"}</span> : <span class="fold" aria-hidden="true" />}
                <span class={`stripe hue${hue(row.service ?? row.topic ?? "")}`} aria-hidden="true" />
                <span class="row-text"><Name of={of} /></span>
                {folded && <span class="quiet">+{below}</span>}
                <span class="row-marks"><Marks of={of} /></span>
            </div>
            <div class="row-time" role="gridcell" aria-label={`${duration(length)} at +${duration(start)}. ${says(of)}`}>
                {ticks.map((each) => <span key={each} class="gridline" style={{ left: `${((each - span.from) / wide) * 100}%` }} />)}
                {seen && <span class={`span ${kind} hue${hue(row.service ?? row.topic ?? "")}${of.bad ? " bad" : ""}`}
                               style={{ left: `${Math.max(-5, left)}%`, width: `max(2px, ${Math.min(110, width + Math.min(0, left + 5))}%)` }} />}
                {critical.map((each, i) => <span key={i} class="critical" style={{ left: `${((each.start - span.from) / wide) * 100}%`, width: `max(1px, ${(each.length / wide) * 100}%)` }} />)}
                {seen && <span class={`span-text${before ? " before" : ""}`} style={before ? { right: `${100 - Math.max(0, left)}%` } : { left: `${Math.min(100, Math.max(0, left) + Math.max(0, width))}%` }}>{duration(length)}</span>}
            </div>
        </div>
    );
}
