import type { Sidecars } from "../shared/api";
import { nano, plural } from "../shared/format";
import { Empty, Waiting } from "../shared/pieces";
import { useNow, usePolled } from "../shared/poll";
import { adjust, useRoute } from "../shared/router";
import { SidecarCard } from "./card";
import { isHeard, listed } from "./model";

/** Every sidecar that told of itself, what is urgent first. */
export function SidecarsPage() {
    const { params } = useRoute();
    const text = params.get("q") ?? "";
    const known = usePolled<Sidecars>("/api/sidecars");
    const local = useNow();
    // Ages are told by the collector's clock, carried on by this machine's.
    const passed = known.at > 0 ? Math.max(0, local - known.at) * 1e6 : 0;
    const now = nano(known.data?.nowUnixNano) + passed;
    const all = known.data?.sidecars ?? [];
    const aged = all.map((each) => ({ ...each, ageNano: String(nano(each.ageNano) + passed) }));
    const shown = listed(aged, text);
    const silent = all.filter((each) => !isHeard(each) && each.state !== "stopped").length;
    return (
        <section class="page" aria-label="Sidecars">
            <div class="tools">
                <h1>Sidecars</h1><span class="quiet" role="status">{known.data && plural(all.length, "sidecar")}{silent > 0 && `, ${silent} silent`}{(known.data?.leftOut ?? 0) > 0 && `, ${known.data!.leftOut} left out`}</span>
                <span class="room" />
                <label class="field inline"><span class="unseen">Find sidecars</span>
                    <input type="search" value={text} placeholder="Service, verdict or policy" onInput={(event) => adjust({ q: (event.target as HTMLInputElement).value })} /></label>
            </div>
            <Waiting of={known} what="sidecars">
                {all.length === 0 ? <Empty>No sidecar has told of itself. They do where <code>tracing.collector</code> names this collector.</Empty>
                    : shown.length === 0 ? <Empty>No sidecar is like that.</Empty>
                    : <div class="cards">{shown.map((each) => <SidecarCard key={each.id} of={each} now={now} />)}</div>}
            </Waiting>
        </section>
    );
}
