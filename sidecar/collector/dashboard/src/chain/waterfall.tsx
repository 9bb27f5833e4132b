import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Chain } from "../shared/api";
import { count, duration } from "../shared/format";
import { useNarrow } from "../shared/pieces";
import { WaterfallRow } from "./row";
import { matching, type Span, ticksOf, type TreeRow, unfolded, windowOf, wholeOf } from "./rows";

interface Properties {
    chain: Chain;
    rows: TreeRow[];
    chosen: number | undefined;
    onChoose: (row: number | undefined) => void;
}

const rowHeight = 26, narrowRowHeight = 44, rulerHeight = 24;

/** The part of the time that is looked at: what a hand drew over the ruler, or everything. */
function useZoom(whole: Span) {
    const [zoom, setZoom] = useState<Span>();
    const [drawn, setDrawn] = useState<{ from: number; to: number }>();
    const ruler = useRef<HTMLDivElement>(null);
    const span = zoom ?? whole;
    const share = (event: PointerEvent) => {
        const { left, width } = ruler.current!.getBoundingClientRect();
        return Math.min(1, Math.max(0, (event.clientX - left) / width));
    };
    const down = (event: PointerEvent) => {
        if (event.button !== 0) return;
        ruler.current!.setPointerCapture(event.pointerId);
        setDrawn({ from: share(event), to: share(event) });
    };
    const move = (event: PointerEvent) => drawn && setDrawn({ ...drawn, to: share(event) });
    const up = () => {
        if (!drawn) return;
        const low = Math.min(drawn.from, drawn.to), high = Math.max(drawn.from, drawn.to), length = span.to - span.from;
        if (high - low > 0.01) setZoom({ from: span.from + low * length, to: span.from + high * length });
        setDrawn(undefined);
    };
    return { span, zoomed: zoom !== undefined, setZoom, drawn, ruler, hands: { onPointerDown: down, onPointerMove: move, onPointerUp: up } };
}

/** The tree of a chain with each span's place in time. Only what is seen is there. */
export function Waterfall({ chain, rows, chosen, onChoose }: Properties) {
    const height = useNarrow() ? narrowRowHeight : rowHeight;
    const [folded, setFolded] = useState<ReadonlySet<number>>(new Set());
    const [active, setActive] = useState(0);
    const [filter, setFilter] = useState("");
    const [view, setView] = useState({ scrolled: 0, seen: 600 });
    const frame = useRef<HTMLDivElement>(null);
    const whole = useMemo(() => wholeOf(rows, chain), [rows, chain]);
    const { span, zoomed, setZoom, drawn, ruler, hands } = useZoom(whole);
    const seen = useMemo(() => unfolded(rows, folded), [rows, folded]);
    const found = useMemo(() => matching(rows, filter), [rows, filter]);
    const [first, last] = windowOf(seen.length, height, view.scrolled, view.seen);
    const ticks = ticksOf(span, 6);

    const measure = () => frame.current && setView({ scrolled: frame.current.scrollTop, seen: frame.current.clientHeight });
    useLayoutEffect(() => {
        const resized = new ResizeObserver(measure);
        resized.observe(frame.current!);
        return () => resized.disconnect();
    }, []);
    const placeOf = (index: number) => seen.findIndex((each) => each.index === index);
    const reveal = (place: number) => {
        const at = frame.current;
        if (!at || place < 0) return;
        const top = place * height;
        if (top < at.scrollTop) at.scrollTop = top;
        else if (top + height + rulerHeight > at.scrollTop + at.clientHeight) at.scrollTop = top + height + rulerHeight - at.clientHeight;
    };
    const visit = (index: number) => {
        setActive(index);
        reveal(placeOf(index));
    };
    const fold = (index: number, away: boolean) => {
        const next = new Set(folded);
        if (away) next.add(index);
        else next.delete(index);
        setFolded(next);
    };
    useEffect(() => {
        if (chosen === undefined) return;
        const open = new Set(folded);
        for (let at = rows[chosen]?.parent ?? -1; at >= 0; at = rows[at]!.parent) open.delete(at);
        if (open.size !== folded.size) setFolded(open);
        setActive(chosen);
        requestAnimationFrame(() => reveal(unfolded(rows, open).findIndex((each) => each.index === chosen)));
    }, [chosen]);
    const nextFound = () => {
        const all = [...found];
        if (all.length > 0) onChoose(all.find((each) => each > active) ?? all[0]);
    };
    const pressed = (event: KeyboardEvent) => {
        const at = Math.max(0, placeOf(active)), here = seen[at], page = Math.max(1, Math.floor(view.seen / height) - 1);
        if (!here || event.ctrlKey || event.metaKey || event.altKey) return;
        const to = (place: number) => visit(seen[Math.min(seen.length - 1, Math.max(0, place))]!.index);
        if (event.key === "ArrowDown") to(at + 1);
        else if (event.key === "ArrowUp") to(at - 1);
        else if (event.key === "PageDown") to(at + page);
        else if (event.key === "PageUp") to(at - page);
        else if (event.key === "Home") to(0);
        else if (event.key === "End") to(seen.length - 1);
        else if (event.key === "ArrowRight" && folded.has(here.index)) fold(here.index, false);
        else if (event.key === "ArrowRight" && here.below > 0) to(at + 1);
        else if (event.key === "ArrowLeft" && here.below > 0 && !folded.has(here.index)) fold(here.index, true);
        else if (event.key === "ArrowLeft" && here.parent >= 0) visit(here.parent);
        else if (event.key === "Enter" || event.key === " ") onChoose(here.index);
        else if (event.key === "Escape") onChoose(undefined);
        else return;
        event.preventDefault();
    };
    const position = (at: number) => `${((at - span.from) / (span.to - span.from)) * 100}%`;
    return (
        <div class="waterfall">
            <div class="tools small">
                <label class="field inline"><span class="unseen">Find in this chain</span>
                    <input type="search" value={filter} placeholder="Find in this chain" onInput={(event) => setFilter((event.target as HTMLInputElement).value)}
                           onKeyDown={(event) => event.key === "Enter" && nextFound()} /></label>
                {filter && <span class="quiet" role="status">{count(found.size)} found{found.size > 0 && ", Enter goes on"}</span>}
                <span class="room" />
                {zoomed ? <button type="button" onClick={() => setZoom(undefined)}>Show all of the time</button> : <span class="quiet wide">Draw over the ruler to look closer</span>}
                {folded.size > 0 ? <button type="button" onClick={() => setFolded(new Set())}>Unfold all</button>
                    : <button type="button" onClick={() => setFolded(new Set(rows.filter((each) => each.row.depth >= 1 && each.below > 0).map((each) => each.index)))}>Fold all</button>}
            </div>
            <div class="rows" ref={frame} onScroll={measure} onKeyDown={pressed} tabIndex={0} role="treegrid" aria-label="Spans of this chain" aria-rowcount={seen.length}
                 aria-colcount={2} aria-activedescendant={seen[Math.max(0, placeOf(active))] ? `row-${active}` : undefined} aria-readonly="true">
                <div class="ruler-row" role="presentation">
                    <span class="quiet">{count(seen.length)} rows</span>
                    <div class="ruler" ref={ruler} {...hands} aria-hidden="true">
                        {ticks.map((each) => <span key={each} class={`tick${each - span.from > (span.to - span.from) * 0.9 ? " last" : ""}`} style={{ left: position(each) }}>{duration(each)}</span>)}
                        {drawn && <span class="drawn" style={{ left: `${Math.min(drawn.from, drawn.to) * 100}%`, width: `${Math.abs(drawn.to - drawn.from) * 100}%` }} />}
                    </div>
                </div>
                <div class="rows-all" role="presentation" style={{ height: `${seen.length * height}px` }}>
                    {seen.slice(first, last).map((each, i) => (
                        <WaterfallRow key={each.index} of={each} top={(first + i) * height} height={height} place={first + i} span={span} ticks={ticks}
                                      folded={folded.has(each.index)} active={each.index === active} chosen={each.index === chosen}
                                      faint={found.size > 0 && !found.has(each.index)} onFold={fold}
                                      onChoose={(index) => { setActive(index); onChoose(index); }} />
                    ))}
                </div>
            </div>
        </div>
    );
}
