import type { ComponentChildren } from "preact";
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { arrangeFor, boundsOf, type Box, neighbour, tipOf } from "./layout";
import { Stage } from "./stage";

export interface DrawnNode extends Box {
    /** What a screen reader says of it. */
    says: string;
    class: string;
    /** Drawn with the box's upper left corner as origin. */
    content: ComponentChildren;
}

export interface DrawnEdge {
    id: string;
    from: string;
    to: string;
    class: string;
    label?: string;
    /** Of the line, in pixels. */
    thickness?: number;
}

interface Properties {
    name: string;
    nodes: DrawnNode[];
    edges: DrawnEdge[];
    selected?: string;
    onSelect?: (id: string | undefined) => void;
    /** Whether all arrows show their labels, not only those of the box that is pointed at. */
    labels: boolean;
    /** Pixels at the right that something else lies over. */
    covered?: number;
}

const tips = ["plain", "bad", "soft", "strong"].flatMap((tone) => [9, 12, 16].map((size) => [tone, size] as const));
const toneOf = ({ class: of }: DrawnEdge) => (of.includes("bad") ? "bad" : of.includes("inferred") ? "soft" : of.includes("critical") ? "strong" : "plain");
const steps: Record<string, [number, number]> = { ArrowLeft: [60, 0], ArrowRight: [-60, 0], ArrowUp: [0, 60], ArrowDown: [0, -60] };

/** Boxes and arrows that can be dragged, panned, zoomed, and walked through with the arrow keys. */
export function Graph({ name, nodes, edges, selected, onSelect, labels, covered = 0 }: Properties) {
    const svg = useRef<SVGSVGElement>(null), root = useRef<SVGGElement>(null), layer = useRef<SVGGElement>(null);
    const [, redraw] = useState(0);
    const stage = useMemo(() => new Stage(() => redraw((n) => n + 1)), []);
    const [focused, setFocused] = useState<string>();
    const [pointed, setPointed] = useState<string>();
    const shape = `${labels}\n${nodes.map((each) => `${each.id} ${each.width} ${each.height}`).join("\n")}\n\n${edges.map((each) => each.id).join("\n")}`;
    const layout = useMemo(() => {
        const { clientWidth: width, clientHeight: height } = svg.current?.parentElement ?? { clientWidth: innerWidth - 30, clientHeight: innerHeight - 170 };
        return arrangeFor(nodes, edges, labels, { width, height });
    }, [shape]);
    stage.show(layout, nodes, edges);
    const fit = () => svg.current && stage.fit(svg.current, boundsOf(nodes, stage.places()));

    useLayoutEffect(() => {
        const taken = stage.attach(svg.current!, root.current!, layer.current!);
        return taken;
    }, []);
    useLayoutEffect(() => {
        svg.current && stage.refit(svg.current, boundsOf(nodes, stage.places()));
    }, [shape]);
    useEffect(() => {
        const resized = new ResizeObserver(() => svg.current && stage.refit(svg.current, boundsOf(nodes, stage.places())));
        resized.observe(svg.current!);
        return () => resized.disconnect();
    }, [shape]);

    const current = nodes.some((each) => each.id === focused) ? focused : (nodes.find((each) => each.id === selected) ?? nodes[0])?.id;
    useEffect(() => {
        if (selected !== undefined && svg.current) stage.reveal(svg.current, selected, covered);
    }, [selected, covered]);
    const focus = (id: string) => {
        setFocused(id);
        stage.reveal(svg.current!, id, covered);
        const found = [...svg.current!.querySelectorAll<SVGGElement>(".node")].find((each) => each.dataset.id === id);
        found?.focus({ preventScroll: true });
    };
    const tidy = () => {
        stage.reset();
        redraw((n) => n + 1);
        requestAnimationFrame(fit);
    };
    const pressed = (event: KeyboardEvent) => {
        if (event.ctrlKey || event.metaKey || event.altKey) return;
        const step = steps[event.key];
        if (step && event.shiftKey) stage.pan(svg.current!, ...step);
        else if (step && current) focus(neighbour(stage.places(), current, event.key) ?? current);
        else if (event.key === "+" || event.key === "=") stage.scale(svg.current!, 1.25);
        else if (event.key === "-") stage.scale(svg.current!, 0.8);
        else if (event.key === "0") fit();
        else if (event.key === "Home" && nodes[0]) focus(nodes[0].id);
        else if (event.key === "End" && nodes.length) focus(nodes[nodes.length - 1]!.id);
        else if ((event.key === "Enter" || event.key === " ") && current) onSelect?.(current);
        else if (event.key === "Escape") onSelect?.(undefined);
        else return;
        event.preventDefault();
    };
    const clicked = (event: Event) => {
        const id = (event.target as Element).closest<SVGGElement>(".node")?.dataset.id;
        if (id) setFocused(id);
        onSelect?.(id);
    };
    const over = (event: Event) => setPointed((event.target as Element).closest<SVGGElement>(".node")?.dataset.id);
    const bright = pointed ?? selected;
    const touches = (each: DrawnEdge) => bright !== undefined && (each.from === bright || each.to === bright);

    return (
        <div class="graph">
            <svg ref={svg} class={bright !== undefined ? "some" : ""} role="listbox" aria-label={name} aria-describedby="graph-keys" onKeyDown={pressed}
                 onClick={clicked} onPointerOver={over} onPointerLeave={() => setPointed(undefined)}>
                <defs>
                    {tips.map(([tone, size]) => (
                        <marker key={tone + size} id={`tip-${tone}-${size}`} class={`tip ${tone}`} viewBox="0 0 8 8" refX="0.5" refY="4" markerWidth={size} markerHeight={size}
                                markerUnits="userSpaceOnUse" orient="auto"><path d="M0 0.5 8 4 0 7.5Z" /></marker>
                    ))}
                </defs>
                <g ref={root} role="presentation">
                    <g role="presentation" aria-hidden="true">
                        {edges.map((each) => {
                            const { path, middle } = stage.line(each);
                            return (
                                <g key={each.id} data-id={each.id} class={`edge ${each.class}${touches(each) ? " bright" : ""}`}>
                                    <path d={path} stroke-width={each.thickness ?? 1.5} marker-end={`url(#tip-${toneOf(each)}-${tipOf(each.thickness ?? 1.5)})`} />
                                    {each.label && (labels || touches(each)) &&
                                        <text transform={`translate(${middle.x} ${middle.y})`} dy="4">{each.label}</text>}
                                </g>
                            );
                        })}
                    </g>
                    {nodes.map((each) => (
                        <g key={each.id} data-id={each.id} class={`node ${each.class}${each.id === selected ? " chosen" : ""}`} role="option"
                           aria-selected={each.id === selected} aria-label={each.says} tabIndex={each.id === current ? 0 : -1}
                           transform={stage.transformOf(each.id)} onFocus={() => setFocused(each.id)}>
                            {each.content}
                        </g>
                    ))}
                </g>
            </svg>
            <svg class="layer" aria-hidden="true"><g ref={layer} /></svg>
            <div class="graph-tools">
                <button class="icon" type="button" onClick={() => stage.scale(svg.current!, 1.25)} aria-label="Zoom in" title="Zoom in (+)">+</button>
                <button class="icon" type="button" onClick={() => stage.scale(svg.current!, 0.8)} aria-label="Zoom out" title="Zoom out (−)">−</button>
                <button class="icon" type="button" onClick={fit} aria-label="Fit everything" title="Fit (0)">⤢</button>
                {stage.moved.size > 0 && <button class="icon text" type="button" onClick={tidy}>Tidy up</button>}
            </div>
            <p id="graph-keys" class="unseen">Arrow keys go from box to box, Enter opens one, Shift with arrow keys pans, plus, minus and 0 zoom.</p>
        </div>
    );
}
