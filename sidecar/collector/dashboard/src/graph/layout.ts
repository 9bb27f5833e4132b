import { Graph, layout } from "@dagrejs/dagre";

export interface Point {
    x: number;
    y: number;
}

export interface Box {
    id: string;
    width: number;
    height: number;
}

export interface Arrow {
    id: string;
    from: string;
    to: string;
    label?: string;
}

export interface Layout {
    direction: Direction;
    /** The middle of each box. */
    places: Map<string, Point>;
    /** The bends of each arrow, ends included. */
    routes: Map<string, Point[]>;
    /** The middle of each label that was given room. */
    labels: Map<string, Point>;
}

export type Direction = "LR" | "TB";

const letter = 5.9, labelHeight = 14;

/** Boxes in layers along the arrows. Arrows to or from nowhere, or to oneself, are left out. `labelled`: labels get room of their own. */
export function arrange(boxes: Box[], arrows: Arrow[], direction: Direction, labelled: boolean): Layout {
    const graph = new Graph({ multigraph: true });
    graph.setGraph({ rankdir: direction, nodesep: direction === "LR" ? 20 : 26, edgesep: 12, ranksep: labelled ? 26 : direction === "LR" ? 76 : 52, marginx: 12, marginy: 12 });
    graph.setDefaultEdgeLabel(() => ({}));
    // Inside it things are called by numbers: the library keeps them in plain objects, where some names would mean something else.
    const numbers = new Map(boxes.map((each, i) => [each.id, String(i)]));
    for (const { id, width, height } of boxes) graph.setNode(numbers.get(id)!, { width, height });
    const room = (text: string | undefined) => (labelled && text ? { width: text.length * letter, height: labelHeight, labelpos: "c" } : {});
    arrows.forEach(({ from, to, label }, i) => {
        const [tail, head] = [numbers.get(from), numbers.get(to)];
        if (tail !== undefined && head !== undefined && tail !== head) graph.setEdge(tail, head, room(label), String(i));
    });
    layout(graph);
    const places = new Map<string, Point>(), routes = new Map<string, Point[]>(), labels = new Map<string, Point>();
    boxes.forEach(({ id }, i) => {
        const { x, y } = graph.node(String(i)) as unknown as Point;
        places.set(id, { x, y });
    });
    for (const edge of graph.edges()) {
        const { id } = arrows[Number(edge.name)]!;
        const { points, x, y } = graph.edge(edge) as unknown as { points: Point[] } & Partial<Point>;
        routes.set(id, points);
        if (x !== undefined && y !== undefined) labels.set(id, { x, y });
    }
    return { direction, places, routes, labels };
}

/** How much a drawing has to shrink to be seen whole. */
function shrinking(boxes: Box[], { places }: Layout, room: { width: number; height: number }): number {
    const { left, top, right, bottom } = boundsOf(boxes, places);
    return Math.min(1, room.width / (right - left), room.height / (bottom - top));
}

/** Along the longer side of the room, or across it, whichever shows more. */
export function arrangeFor(boxes: Box[], arrows: Arrow[], labelled: boolean, room: { width: number; height: number }): Layout {
    const along = arrange(boxes, arrows, "LR", labelled), down = arrange(boxes, arrows, "TB", labelled);
    return shrinking(boxes, down, room) > shrinking(boxes, along, room) * 1.1 ? down : along;
}

export interface Bounds {
    left: number;
    top: number;
    right: number;
    bottom: number;
}

export function boundsOf(boxes: Box[], places: Map<string, Point>): Bounds {
    const out = { left: Infinity, top: Infinity, right: -Infinity, bottom: -Infinity };
    for (const { id, width, height } of boxes) {
        const at = places.get(id);
        if (!at) continue;
        out.left = Math.min(out.left, at.x - width / 2);
        out.right = Math.max(out.right, at.x + width / 2);
        out.top = Math.min(out.top, at.y - height / 2);
        out.bottom = Math.max(out.bottom, at.y + height / 2);
    }
    return out.left === Infinity ? { left: 0, top: 0, right: 1, bottom: 1 } : out;
}

const text = (value: number) => (Math.round(value * 10) / 10).toString();
const at = ({ x, y }: Point) => `${text(x)} ${text(y)}`;
const between = (a: Point, b: Point): Point => ({ x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 });

/** A smooth line along the bends: parabolas from middle to middle. */
export function smooth(points: Point[]): string {
    const first = points[0]!, last = points[points.length - 1]!;
    if (points.length < 3) return `M${at(first)}L${at(last)}`;
    let out = `M${at(first)}`;
    for (let i = 1; i < points.length - 1; ++i)
        out += `Q${at(points[i]!)} ${at(i === points.length - 2 ? last : between(points[i]!, points[i + 1]!))}`;
    return out;
}

/** How long the tip of an arrow of this thickness is. */
export function tipOf(thickness: number): number {
    return thickness < 2 ? 9 : thickness < 4 ? 12 : 16;
}

/** The line without its last bit, which the tip of the arrow takes. */
export function shortened(points: Point[], by: number): Point[] {
    const last = points[points.length - 1]!, before = points[points.length - 2] ?? last;
    const length = Math.hypot(last.x - before.x, last.y - before.y);
    if (length === 0) return points;
    return [...points.slice(0, -1), { x: last.x - ((last.x - before.x) / length) * by, y: last.y - ((last.y - before.y) / length) * by }];
}

/** A curve between two boxes wherever they are, up to the tip of its arrow; `aside` keeps there and back apart. */
export function curve(from: Point & Box, to: Point & Box, aside = 0, tip = 0): { path: string; middle: Point } {
    const dx = to.x - from.x, dy = to.y - from.y;
    const across = Math.abs(dx) * (from.height + to.height) > Math.abs(dy) * (from.width + to.width) * 0.8;
    const side = (across ? dx : dy) < 0 ? -1 : 1;
    const leave = across ? { x: from.x + (side * from.width) / 2, y: from.y + aside } : { x: from.x + aside, y: from.y + (side * from.height) / 2 };
    const enter = across ? { x: to.x - side * (to.width / 2 + tip), y: to.y + aside } : { x: to.x + aside, y: to.y - side * (to.height / 2 + tip) };
    const reach = Math.max(24, (across ? Math.abs(enter.x - leave.x) : Math.abs(enter.y - leave.y)) / 2) * side;
    const a = across ? { x: leave.x + reach, y: leave.y } : { x: leave.x, y: leave.y + reach };
    const b = across ? { x: enter.x - reach, y: enter.y } : { x: enter.x, y: enter.y - reach };
    return { path: `M${at(leave)}C${at(a)} ${at(b)} ${at(enter)}`, middle: between(between(leave, enter), between(a, b)) };
}

/** A loop at the upper right corner. */
export function loop(box: Point & Box, tip = 0): { path: string; middle: Point } {
    const right = box.x + box.width / 2, top = box.y - box.height / 2;
    return { path: `M${at({ x: right - 30, y: top })}C${at({ x: right - 24, y: top - 34 })} ${at({ x: right + 44, y: top + 4 })} ${at({ x: right + tip, y: top + 16 })}`,
             middle: { x: right + 8, y: top - 20 } };
}

/** The middle of a route by number of bends, which is where its label stands. */
export function middleOf(points: Point[]): Point {
    const half = (points.length - 1) / 2;
    return between(points[Math.floor(half)]!, points[Math.ceil(half)]!);
}

/** The nearest box in a direction of the arrow keys; undefined: none is there. */
export function neighbour(places: Map<string, Point>, from: string, key: string): string | undefined {
    const here = places.get(from);
    const ways: Record<string, [number, number]> = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] };
    const way = ways[key];
    if (!here || !way) return undefined;
    let best: string | undefined, least = Infinity;
    for (const [id, { x, y }] of places) {
        const ahead = (x - here.x) * way[0] + (y - here.y) * way[1];
        const beside = Math.abs((x - here.x) * way[1]) + Math.abs((y - here.y) * way[0]);
        const far = ahead + beside * 2.5;
        if (id === from || ahead <= 1 || far >= least) continue;
        [best, least] = [id, far];
    }
    return best;
}
