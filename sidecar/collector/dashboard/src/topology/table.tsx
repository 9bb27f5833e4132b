import type { Topology } from "../shared/api";
import { count, duration, nano, percent, rate } from "../shared/format";
import { Badge, toneOf, toneOfVerdict } from "../shared/pieces";
import { adjust, link } from "../shared/router";
import { Foreign } from "../shared/text";
import { errorShare, failing, placeName, type Standing } from "./model";

const kinds = { outside: "from outside", service: "service", topic: "topic", external: "external" } as const;

/** Nothing was counted: then there is no figure. */
const seen = (node: { count: number }, text: string) => (node.count > 0 ? text : "–");

function open(id: string) {
    return (event: Event) => {
        event.preventDefault();
        adjust({ select: id });
    };
}

/** The same as the drawing, as two tables: for small screens and for screen readers. */
export function TopologyTable({ topology, standing, selected }: { topology: Topology; standing: Map<string, Standing>; selected?: string }) {
    const names = new Map(topology.nodes.map((each) => [each.id, placeName(each)]));
    const place = (id: string) => <a href={link(["topology"], { select: id })} onClick={open(id)}><Foreign text={names.get(id) ?? id} limit={48} /></a>;
    return (
        <div class="tables">
            <div class="scroll" role="region" aria-label="Places" tabIndex={0}>
                <table class="grid">
                    <caption>Services, topics and others</caption>
                    <thead><tr><th scope="col">Name</th><th scope="col" class="minor">Kind</th><th scope="col">Health</th><th scope="col" class="number">Rate</th>
                        <th scope="col" class="number">Errors</th><th scope="col" class="number minor">p50</th><th scope="col" class="number">p95</th>
                        <th scope="col" class="number minor">Count</th></tr></thead>
                    <tbody>
                        {topology.nodes.filter((each) => each.kind !== "outside").map((node) => {
                            const verdict = node.kind === "service" ? standing.get(node.name)?.verdict : undefined;
                            return (
                                <tr key={node.id} class={node.id === selected ? "chosen" : ""}>
                                    <th scope="row">{place(node.id)}</th><td class="quiet minor">{kinds[node.kind]}</td>
                                    <td>{verdict && <Badge tone={toneOf(toneOfVerdict, verdict)}>{verdict}</Badge>}</td>
                                    <td class="number">{seen(node, rate(node.perSecond))}</td>
                                    <td class={`number ${failing(node) ? "bad" : ""}`}>{seen(node, percent(errorShare(node)))}</td>
                                    <td class="number minor">{seen(node, duration(nano(node.p50Nano)))}</td><td class="number">{seen(node, duration(nano(node.p95Nano)))}</td>
                                    <td class="number minor">{count(node.count)}</td>
                                </tr>
                            );
                        })}
                    </tbody>
                </table>
            </div>
            <div class="scroll" role="region" aria-label="Who talks to whom" tabIndex={0}>
                <table class="grid">
                    <caption>Who talks to whom</caption>
                    <thead><tr><th scope="col">From</th><th scope="col">To</th><th scope="col" class="number">Rate</th><th scope="col" class="number">Errors</th>
                        <th scope="col" class="number">p95</th><th scope="col" class="number minor">Waits, p95</th></tr></thead>
                    <tbody>
                        {topology.edges.map((edge) => (
                            <tr key={`${edge.from}\n${edge.to}`}>
                                <th scope="row">{place(edge.from)}</th><td>{place(edge.to)}</td><td class="number">{rate(edge.perSecond)}</td>
                                <td class={`number ${failing(edge) ? "bad" : ""}`}>{percent(errorShare(edge))}</td>
                                <td class="number">{duration(nano(edge.p95Nano))}</td>
                                <td class="number minor">{edge.queueP95Nano === undefined ? "" : duration(nano(edge.queueP95Nano))}</td>
                            </tr>
                        ))}
                    </tbody>
                </table>
            </div>
        </div>
    );
}
