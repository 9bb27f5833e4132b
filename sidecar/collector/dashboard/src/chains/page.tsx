import { useRef } from "preact/hooks";
import type { ChainList, ChainSummary } from "../shared/api";
import { count, duration, moment, nano, plural } from "../shared/format";
import { Badge, Empty, KeyChips, toneOfChain, toneOf, Waiting } from "../shared/pieces";
import { useNow, usePolled } from "../shared/poll";
import { adjust, link, useRoute } from "../shared/router";
import { Foreign, Service } from "../shared/text";
import { SearchForm } from "./form";
import { mostLimit, requestOf, searchOf, stateOf } from "./model";

function Row({ chain, longest }: { chain: ChainSummary; longest: number }) {
    const state = stateOf(chain), took = nano(chain.durationNano);
    const when = moment(nano(chain.startUnixNano));
    return (
        <tr>
            <td class="when number" title={when}>{when.slice(11, 23)}</td>
            <td class="state"><Badge tone={toneOf(toneOfChain, state)}>{state}</Badge></td>
            <th scope="row" class="root">
                <a href={link(["chain", chain.id])}><Service name={chain.root.service} /> <Foreign text={chain.root.name || chain.id} limit={80} /></a>
                {chain.verdict && state !== "complete" && <p class="verdict"><Foreign text={chain.verdict} limit={140} /></p>}
            </th>
            <td class="keys"><KeyChips keys={chain.keys} most={3} /></td>
            <td class="took number"><span class="meter" aria-hidden="true"><span style={{ width: `${longest > 0 ? Math.max(2, (100 * took) / longest) : 0}%` }} /></span>{duration(took)}</td>
            <td class="number spans">{plural(chain.spans, "span")}</td>
            <td class="number services">{plural(chain.services, "service")}</td>
            <td class="flags">
                {chain.errors > 0 && <Badge tone="bad">{plural(chain.errors, "error")}</Badge>}
                {chain.gaps > 0 && <Badge tone="warn">{plural(chain.gaps, "gap")}</Badge>}
                {chain.inferred > 0 && <Badge tone="idle">{count(chain.inferred)} inferred</Badge>}
            </td>
        </tr>
    );
}

/** The search and what it found, the most recent first. */
export function ChainsPage() {
    const { params } = useRoute();
    const now = useNow();
    const search = searchOf(params);
    const found = usePolled<ChainList>(requestOf(search, now));
    const before = useRef<ChainList | undefined>(undefined);
    if (found.data) before.current = found.data;
    const shown = found.data ?? (found.error === undefined ? before.current : undefined);
    const chains = shown?.chains ?? [];
    const longest = Math.max(0, ...chains.map((each) => nano(each.durationNano)));
    return (
        <section class="page" aria-label="Chains">
            <div class="tools"><h1>Chains</h1><span class="quiet" role="status">{shown && plural(chains.length, "chain")}{chains.length >= search.limit && ", the most recent"}</span></div>
            <SearchForm search={search} />
            <Waiting of={shown ? { data: shown, at: found.at } : found} what="chains">
                {chains.length === 0 ? <Empty>No chain is like that. What was received last may take two seconds to be decided.</Empty> : (
                    <table class="grid chains">
                        <caption class="unseen">Chains, the most recent first</caption>
                        <thead><tr><th scope="col">Began</th><th scope="col">State</th><th scope="col">Root</th><th scope="col">Keys</th><th scope="col" class="number">Took</th>
                            <th scope="col" class="number">Spans</th><th scope="col" class="number">Services</th><th scope="col">Remarks</th></tr></thead>
                        <tbody>{chains.map((each) => <Row key={each.id} chain={each} longest={longest} />)}</tbody>
                    </table>
                )}
                {shown?.cutOff && <p class="quiet">The search ended early; older chains may match too.</p>}
                {chains.length >= search.limit && search.limit < mostLimit &&
                    <p class="more"><button type="button" onClick={() => adjust({ limit: String(Math.min(mostLimit, search.limit * 3)) })}>Show more</button></p>}
            </Waiting>
        </section>
    );
}
