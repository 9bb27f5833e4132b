import { useMemo } from "preact/hooks";
import type { Chain } from "../shared/api";
import { Choice, Empty, Waiting } from "../shared/pieces";
import { usePolled } from "../shared/poll";
import { adjust, link, useRoute } from "../shared/router";
import { Foreign, Service } from "../shared/text";
import { SpanDetailsPanel } from "./details";
import { ChainFlow } from "./flow";
import { treeOf } from "./rows";
import { Facts, Findings, Shares, Traces, Verdict } from "./summary";
import { Waterfall } from "./waterfall";

const mostTrees = 8;
const looks = [["waterfall", "Waterfall"], ["flow", "Flow chart"]] as const;

/** Everything about one chain. */
export function ChainPage({ id }: { id: string }) {
    const { params } = useRoute();
    const answer = usePolled<{ chains: Chain[] }>(`/api/chains/${encodeURIComponent(id)}?as=rows`, 3000);
    // What kept the chain's traces apart leaves several trees; the largest tells most.
    const trees = answer.data?.chains ?? [];
    const largest = trees.reduce((best, each, i) => (each.rows.length > trees[best]!.rows.length ? i : best), 0);
    const tree = /^\d+$/.test(params.get("tree") ?? "") && trees[Number(params.get("tree"))] ? Number(params.get("tree")) : largest;
    const chain = trees[tree];
    const rows = useMemo(() => (chain ? treeOf(chain) : []), [chain]);
    const look = params.get("view") === "flow" ? "flow" : "waterfall";
    const wanted = params.get("span");
    const chosen = useMemo(() => {
        const number = wanted !== null && /^\d+$/.test(wanted) ? Number(wanted) : -1;
        return rows[number] ? number : undefined;
    }, [wanted, rows]);
    const choose = (row: number | undefined) => adjust({ span: row === undefined ? "" : String(row), view: row === undefined ? params.get("view") : "" });
    const root = chain?.rows[0];
    return (
        <section class="page chain-page" aria-label="Chain">
            <div class="tools">
                <a href={link(["chains"])} class="back" aria-label="All chains">Chains</a><span class="quiet" aria-hidden="true">/</span>
                <h1>{root ? <><Service name={root.service} /> <Foreign text={root.name} limit={100} /></> : <span class="mono"><Foreign text={id} limit={40} /></span>}</h1>
                <span class="room" />
                {trees.length > 1 && trees.length <= mostTrees && <Choice name="Tree" options={trees.map((_, i) => [String(i), `Tree ${i + 1}`] as const)} value={String(tree)}
                                                onChange={(to) => adjust({ tree: to, span: "" })} />}
                <Choice name="Shown as" options={looks} value={look} onChange={(to) => adjust({ view: to === "flow" ? "flow" : "" })} />
            </div>
            <Waiting of={answer} what="chain">
                {!chain ? <Empty>This chain has no spans.</Empty> : (
                    <>
                        <Verdict chain={chain} />
                        <Facts chain={chain} />
                        <div class="split as-chain">
                            <div class="chain-main">
                                <Findings chain={chain} onChoose={choose} />
                                {look === "flow" ? <ChainFlow id={id} /> : <Waterfall chain={chain} rows={rows} chosen={chosen} onChoose={choose} />}
                                <Shares chain={chain} />
                                <Traces chain={chain} />
                            </div>
                            {chosen !== undefined && look === "waterfall" && <SpanDetailsPanel chain={chain} of={rows[chosen]!} onClose={() => choose(undefined)} />}
                        </div>
                    </>
                )}
            </Waiting>
        </section>
    );
}
