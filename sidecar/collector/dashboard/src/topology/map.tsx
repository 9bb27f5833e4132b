import { type DrawnEdge, type DrawnNode, Graph } from "../graph/graph";
import type { Topology, TopologyNode } from "../shared/api";
import { duration, nano, percent, rate } from "../shared/format";
import { plain } from "../shared/foreign";
import { type Tone, toneOf, toneOfVerdict } from "../shared/pieces";
import { edgeId, errorShare, failing, placeName, says, type Standing, thickness } from "./model";

const width = 172, height = 54, mostLabels = 30, longestName = 18;

function cut(text: string, most: number): string {
    const whole = plain(text, 200);
    return whole.length > most ? `${whole.slice(0, most - 1)}…` : whole;
}

function toneAt(node: TopologyNode, standing: Standing | undefined): Tone {
    if (standing?.verdict === "unhealthy" || errorShare(node) >= 0.1) return "bad";
    if (standing?.silent || standing?.openBreakers || failing(node)) return "warn";
    return standing?.verdict ? toneOf(toneOfVerdict, standing.verdict) : "idle";
}

function figures(node: TopologyNode): string {
    if (node.kind === "topic" && node.queueP95Nano !== undefined) return `${rate(node.perSecond)} · waits ${duration(nano(node.queueP95Nano))}`;
    return node.count === 0 ? "" : `${rate(node.perSecond)} · p95 ${duration(nano(node.p95Nano))}`;
}

/** The words in a box. */
interface Words {
    name: string;
    figures: string;
    mark: string;
}

function wordsOf(node: TopologyNode, standing: Standing | undefined): Words {
    if (node.kind === "outside") return { name: placeName(node), figures: "", mark: "" };
    const mark = standing?.openBreakers ? "breaker open" : standing?.silent ? "silent" : failing(node) ? `${percent(errorShare(node))} err` : "";
    return { name: cut(placeName(node), mark ? longestName - 7 : longestName), figures: figures(node), mark };
}

/** Each text ends with a space: for a screen reader, and never drawn. */
function Content({ kind, words }: { kind: TopologyNode["kind"]; words: Words }) {
    if (kind === "outside") return <><rect width={92} height={34} rx="17" /><text class="name" x={46} y={22} text-anchor="middle">{words.name} </text></>;
    const left = kind === "topic" ? 22 : 16;
    return (
        <>
            <rect width={width} height={height} rx={kind === "topic" ? height / 2 : 9} />
            {kind === "service" && <rect class="stripe" x="5" y="9" width="4" height={height - 18} rx="2" />}
            <text class="name" x={left} y="23">{words.name} </text>
            <text class="figures" x={left} y="41">{words.figures} </text>
            {words.mark && <text class="mark" x={width - (kind === "topic" ? 20 : 10)} y="22" text-anchor="end">{words.mark} </text>}
        </>
    );
}

/** The topology as a drawing. */
export function TopologyMap({ topology, standing, selected, onSelect, covered }:
    { covered: number; topology: Topology; standing: Map<string, Standing>; selected?: string; onSelect: (id: string | undefined) => void }) {
    const nodes: DrawnNode[] = topology.nodes.map((node) => {
        const of = node.kind === "service" ? standing.get(node.name) : undefined;
        const words = wordsOf(node, of);
        return { id: node.id, width: node.kind === "outside" ? 92 : width, height: node.kind === "outside" ? 34 : height,
                 says: `${[words.name, words.figures, words.mark].filter((each) => each !== "").join(" ")}, ${says(node, of)}`,
                 class: `${node.kind} ${toneAt(node, of)}`, content: <Content kind={node.kind} words={words} /> };
    });
    const busiest = Math.max(0, ...topology.edges.map((each) => each.perSecond));
    const edges: DrawnEdge[] = topology.edges.map((edge) => ({
        id: edgeId(edge), from: edge.from, to: edge.to, class: failing(edge) ? "bad" : "", thickness: thickness(edge, busiest),
        label: `${rate(edge.perSecond)} · ${duration(nano(edge.queueP95Nano ?? edge.p95Nano))}`,
    }));
    return <Graph name="Topology" nodes={nodes} edges={edges} selected={selected} onSelect={onSelect} covered={covered}
                  labels={edges.length <= mostLabels} />;
}
