import { useMemo, useRef } from "preact/hooks";
import type { Sidecars, Topology } from "../shared/api";
import { plural } from "../shared/format";
import { Choice, Empty, useNarrow, Waiting } from "../shared/pieces";
import { usePolled } from "../shared/poll";
import { adjust, useRoute } from "../shared/router";
import { TopologyMap } from "./map";
import { standings } from "./model";
import { PlacePanel } from "./panel";
import { TopologyTable } from "./table";

const windows = [["1m", "1 min"], ["5m", "5 min"], ["15m", "15 min"], ["1h", "1 h"]] as const;
const looks = [["graph", "Graph"], ["table", "Table"]] as const;
const panelWidth = 400; // and its margin
type Window = (typeof windows)[number][0];
type Look = (typeof looks)[number][0];

export function TopologyPage() {
    const { params } = useRoute();
    const narrow = useNarrow();
    const since = (windows.find(([key]) => key === params.get("since"))?.[0] ?? "15m") as Window;
    const look = (looks.find(([key]) => key === params.get("view"))?.[0] ?? (narrow ? "table" : "graph")) as Look;
    const topology = usePolled<Topology>(`/api/topology?since=${since}`);
    const sidecars = usePolled<Sidecars>("/api/sidecars");
    const standing = useMemo(() => standings(sidecars.data), [sidecars.data]);
    const arrived = useRef(params.get("select"));
    const select = (id: string | undefined) => {
        arrived.current = null;
        adjust({ select: id });
    };
    // Whoever closes the panel goes on where it was opened.
    const close = () => {
        document.querySelector<HTMLElement | SVGElement>('.graph .node[tabindex="0"], .grid tr.chosen a')?.focus();
        select(undefined);
    };
    const known = topology.data;
    const selected = known?.nodes.find((each) => each.id === params.get("select"));
    return (
        <section class="page full" aria-label="Topology">
            <div class="tools">
                <h1>Topology</h1>
                {known && <span class="quiet wide">{plural(known.nodes.filter((each) => each.kind === "service").length, "service")}, {plural(known.chains, "chain")}{known.leftOut > 0 && `, ${plural(known.leftOut, "line")} left out`}</span>}
                <span class="room" />
                <Choice name="Look back" options={windows} value={since} onChange={(to) => adjust({ since: to })} />
                <Choice name="Shown as" options={looks} value={look} onChange={(to) => adjust({ view: to })} />
            </div>
            <Waiting of={topology} what="topology">
                {known && known.nodes.length <= 1 ? <Empty>No chain has come to rest in this time. Send spans to <code>/v1/traces</code>, or look back further.</Empty> : known && (
                    <div class={`split as-${look}`}>
                        {look === "graph" ? <TopologyMap topology={known} standing={standing} selected={selected?.id} onSelect={select} covered={selected && !narrow ? panelWidth : 0} />
                            : <TopologyTable topology={known} standing={standing} selected={selected?.id} />}
                        {selected && <PlacePanel key={selected.id} node={selected} topology={known} sidecars={sidecars} greets={selected.id !== arrived.current} onClose={close} />}
                    </div>
                )}
            </Waiting>
        </section>
    );
}
