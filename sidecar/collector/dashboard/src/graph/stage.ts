import { drag } from "d3-drag";
import { select } from "d3-selection";
import { zoom, zoomIdentity, zoomTransform } from "d3-zoom";
import { type Bounds, type Box, curve, type Layout, loop, middleOf, type Point, shortened, smooth, tipOf } from "./layout";

const narrow = 600;

export interface StageEdge {
    id: string;
    from: string;
    to: string;
    thickness?: number;
}

/**
 * Where things are on a drawing, and what moves them: panning, zooming, dragging. It writes positions into the drawing by itself, so that
 * a move touches one box and its arrows and nothing is drawn anew.
 */
export class Stage {
    layout: Layout = { direction: "LR", places: new Map(), routes: new Map(), labels: new Map() };
    moved = new Map<string, Point>();
    private boxes = new Map<string, Box>();
    private edges: StageEdge[] = [];
    private touched = false;
    private readonly zoomer = zoom<SVGSVGElement, unknown>().scaleExtent([0.15, 3]).clickDistance(4);

    /** `onMoved`: a box was dropped somewhere else. */
    constructor(private readonly onMoved: () => void) {}

    show(layout: Layout, boxes: Box[], edges: StageEdge[]): void {
        this.layout = layout;
        this.boxes = new Map(boxes.map((each) => [each.id, each]));
        this.edges = edges;
    }

    place(id: string): Point {
        return this.moved.get(id) ?? this.layout.places.get(id) ?? { x: 0, y: 0 };
    }

    places(): Map<string, Point> {
        return new Map([...this.boxes.keys()].map((id) => [id, this.place(id)]));
    }

    line(edge: StageEdge): { path: string; middle: Point } {
        const from = this.boxes.get(edge.from), to = this.boxes.get(edge.to);
        if (!from || !to) return { path: "", middle: { x: 0, y: 0 } };
        const start = { ...from, ...this.place(edge.from) }, end = { ...to, ...this.place(edge.to) };
        const tip = tipOf(edge.thickness ?? 1);
        if (edge.from === edge.to) return loop(start, tip);
        const route = this.layout.routes.get(edge.id);
        if (route && !this.moved.has(edge.from) && !this.moved.has(edge.to)) return { path: smooth(shortened(route, tip)), middle: this.layout.labels.get(edge.id) ?? middleOf(route) };
        const back = this.edges.some((each) => each.from === edge.to && each.to === edge.from);
        return curve(start, end, back ? (edge.from < edge.to ? 7 : -7) : 0, tip);
    }

    /** Lets hands, wheels and fingers at it. Returns what takes them off again. */
    attach(svg: SVGSVGElement, root: SVGGElement, layer: SVGGElement): () => void {
        const at = select(svg);
        this.zoomer.filter((event: Event & { button?: number; ctrlKey?: boolean }) =>
            !event.button && (event.type === "wheel" || !(event.target as Element).closest(".node")));
        this.zoomer.on("zoom", ({ transform, sourceEvent }) => {
            root.setAttribute("transform", transform.toString());
            if (sourceEvent) this.touched = true;
        });
        at.call(this.dragging(svg, root, layer)).call(this.zoomer).on("dblclick.zoom", null);
        return () => void at.on(".zoom", null).on(".drag", null);
    }

    /**
     * What is dragged moves on a layer of its own, as a copy, while the original is hidden: so nothing else is painted again,
     * and the drawing beneath may be redrawn with new figures meanwhile.
     */
    private dragging(svg: SVGSVGElement, root: SVGGElement, layer: SVGGElement) {
        let id = "", due = 0;
        let hidden: Element[] = [], lines: { edge: StageEdge; group: Element }[] = [];
        const lift = () => {
            const groups = new Map([...svg.querySelectorAll<SVGGElement>(".edge, .node")].map((each) => [each.dataset.id, each]));
            const own = this.edges.filter((each) => (each.from === id || each.to === id) && groups.has(each.id));
            hidden = [...own.map((each) => groups.get(each.id)!), groups.get(id)!];
            layer.replaceChildren(...hidden.map((each) => each.cloneNode(true)));
            layer.setAttribute("transform", zoomTransform(svg).toString());
            lines = own.map((edge, i) => ({ edge, group: layer.children[i]! }));
            hidden.forEach((each) => each.classList.add("lifted"));
        };
        const draw = () => {
            due = 0;
            if (hidden.length === 0) lift();
            layer.lastElementChild?.setAttribute("transform", this.transformOf(id));
            lines.forEach(({ edge, group }) => this.write(edge, group));
        };
        const drop = () => {
            cancelAnimationFrame(due);
            due = 0;
            hidden.forEach((each) => each.classList.remove("lifted"));
            hidden = [];
            layer.replaceChildren();
            this.onMoved();
        };
        return drag<SVGSVGElement, unknown>()
            .container(() => root).clickDistance(4)
            .filter((event: MouseEvent) => !event.ctrlKey && !event.button && (event.target as Element).closest(".node") !== null)
            .subject((event: { sourceEvent: MouseEvent }) => {
                id = (event.sourceEvent.target as Element).closest<SVGGElement>(".node")?.dataset.id ?? "";
                return { ...this.place(id) };
            })
            .on("drag", (event: Point) => {
                this.moved.set(id, { x: event.x, y: event.y });
                this.touched = true;
                due ||= requestAnimationFrame(draw);
            })
            .on("end", () => (hidden.length > 0 || due !== 0) && drop());
    }

    private write(edge: StageEdge, group: Element): void {
        const { path, middle } = this.line(edge);
        group.querySelectorAll("path").forEach((each) => each.setAttribute("d", path));
        group.querySelector("text")?.setAttribute("transform", `translate(${middle.x} ${middle.y})`);
    }

    transformOf(id: string): string {
        const box = this.boxes.get(id), { x, y } = this.place(id);
        return `translate(${x - (box?.width ?? 0) / 2} ${y - (box?.height ?? 0) / 2})`;
    }

    /** Everything in view, hardly larger than life. */
    fit(svg: SVGSVGElement, bounds: Bounds): void {
        const { width, height } = svg.getBoundingClientRect();
        if (width === 0 || height === 0) return;
        const margin = 20, wide = bounds.right - bounds.left, high = bounds.bottom - bounds.top;
        const whole = Math.min(1.15, (width - 2 * margin) / wide, (height - 2 * margin) / high);
        // On a phone a part that can be read is better than a whole that cannot: then it begins where the arrows do.
        const scale = Math.max(width < narrow ? 0.5 : 0.15, whole);
        const first = this.boxes.size > 0 ? this.place([...this.boxes.keys()][0]!) : { x: 0, y: 0 };
        const x = scale > whole ? width / 2 - first.x * scale : (width - wide * scale) / 2 - bounds.left * scale;
        const y = scale > whole ? margin - bounds.top * scale : (height - high * scale) / 2 - bounds.top * scale;
        const to = zoomIdentity.translate(x, y).scale(scale);
        select(svg).call(this.zoomer.transform, to);
        this.touched = false;
    }

    /** Fits again when the room changed, unless somebody chose what to look at. */
    refit(svg: SVGSVGElement, bounds: Bounds): void {
        if (!this.touched) this.fit(svg, bounds);
    }

    scale(svg: SVGSVGElement, by: number): void {
        this.touched = true;
        select(svg).call(this.zoomer.scaleBy, by);
    }

    pan(svg: SVGSVGElement, x: number, y: number): void {
        this.touched = true;
        const { k } = zoomTransform(svg);
        select(svg).call(this.zoomer.translateBy, x / k, y / k);
    }

    /** Pans as far as needed for a box to be seen whole. */
    reveal(svg: SVGSVGElement, id: string, covered: number): void {
        const { k, x, y } = zoomTransform(svg), { width: all, height } = svg.getBoundingClientRect(), width = all - covered;
        const box = this.boxes.get(id), place = this.place(id);
        if (!box) return;
        const left = (place.x - box.width / 2) * k + x, right = left + box.width * k;
        const top = (place.y - box.height / 2) * k + y, bottom = top + box.height * k, margin = 12;
        const by = (low: number, high: number, room: number) => (low < margin ? margin - low : high > room - margin ? room - margin - high : 0);
        const dx = by(left, right, width), dy = by(top, bottom, height);
        if (dx !== 0 || dy !== 0) this.pan(svg, dx, dy);
    }

    reset(): void {
        this.moved.clear();
        this.touched = false;
    }
}
