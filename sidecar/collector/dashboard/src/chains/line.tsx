import type { ChainSummary } from "../shared/api";
import { clock, duration, nano } from "../shared/format";
import { toneOfChain } from "../shared/pieces";
import { link } from "../shared/router";
import { Foreign } from "../shared/text";
import { stateOf } from "./model";

/** A chain in one line, for lists in narrow places. */
export function ChainLine({ chain }: { chain: ChainSummary }) {
    const state = stateOf(chain);
    const key = Object.entries(chain.keys)[0];
    return (
        <a class="chain-line" href={link(["chain", chain.id])}>
            <span class={`dot ${toneOfChain[state] ?? "idle"}`} aria-hidden="true" /><span class="unseen">{state}</span>
            <span class="grow"><Foreign text={chain.root.name || chain.root.service || chain.id} limit={40} />
                {key && <span class="quiet"> <Foreign text={`${key[0]}=${key[1][0]}`} limit={32} /></span>}</span>
            <span class="number">{duration(nano(chain.durationNano))}</span>
            <span class="number quiet">{clock(nano(chain.startUnixNano))}</span>
        </a>
    );
}
