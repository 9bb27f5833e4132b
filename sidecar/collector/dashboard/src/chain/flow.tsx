import type { FlowChart } from "../shared/api";
import { plain } from "../shared/foreign";
import { type DrawnEdge, type DrawnNode, Graph } from "../graph/graph";
import { Waiting } from "../shared/pieces";
import { usePolled } from "../shared/poll";
import { Foreign } from "../shared/text";

const letter = 7.2, narrowest = 90, widest = 260, line = 17;
const classes: Record<string, string> = { time_out: "bad", timeout: "bad", inferred: "inferred", missing: "inferred bad", error: "bad" };

function lines(text: string | undefined): string[] {
    return (text ?? "").split("\n").filter((each) => each !== "").slice(0, 6).map((each) => {
        const whole = plain(each, 120);
        return whole.length > 36 ? `${whole.slice(0, 35)}…` : whole;
    });
}

function box(node: FlowChart["nodes"][number]): DrawnNode {
    const name = lines(node.label), notes = lines(node.note), all = [...name, ...notes];
    const width = Math.min(widest, Math.max(narrowest, ...all.map((each) => each.length * letter + 36)));
    const height = all.length * line + 18;
    return {
        id: node.id, width, height, says: `${all.join(" ")}, ${node.kind}`, class: `${node.kind} ${node.bad ? "bad" : "idle"}`,
        content: (
            <>
                <rect width={width} height={height} rx={node.kind === "topic" ? height / 2 : 9} />
                {all.map((each, i) => <text key={i} class={i < name.length ? "name" : "figures"} x={width / 2} y={22 + i * line} text-anchor="middle">{each} </text>)}
            </>
        ),
    };
}

/** What called and sent what, as boxes and arrows numbered in the order of time. */
export function ChainFlow({ id }: { id: string }) {
    const chart = usePolled<FlowChart>(`/api/chains/${encodeURIComponent(id)}?as=flow`, 5000);
    const nodes = (chart.data?.nodes ?? []).map(box);
    const edges: DrawnEdge[] = (chart.data?.edges ?? []).map((each, i) => ({
        id: String(i), from: each.from, to: each.to, label: plain(each.label ?? "", 48), thickness: each.critical ? 3 : 1.6,
        class: `${classes[each.kind ?? ""] ?? ""}${each.bad ? " bad" : ""}${each.critical ? " critical" : ""}`,
    }));
    return (
        <Waiting of={chart} what="flow chart">
            <Graph name="Flow chart of this chain" nodes={nodes} edges={edges} labels={true} />
            {chart.data?.leftOut && <p class="quiet"><Foreign text={chart.data.leftOut} /></p>}
            <ol class="unseen">{(chart.data?.edges ?? []).map((each, i) => <li key={i}>{plain(`${nameOf(chart.data!, each.from)} to ${nameOf(chart.data!, each.to)}: ${each.label ?? ""}`, 200)}</li>)}</ol>
        </Waiting>
    );
}

function nameOf(chart: FlowChart, id: string): string {
    return chart.nodes.find((each) => each.id === id)?.label.replace(/\n/g, " ") ?? id;
}
