import type { ChainState, ChainSummary } from "../shared/api";

/** What a search asks for, as it stands in the page's address. */
export interface Search {
    q: string;
    key: string;
    service: string;
    minDuration: string;
    maxDuration: string;
    /** "": any. */
    only: "" | "error" | "stuck";
    /** How far back, such as 15m; "": everything that is held. */
    since: string;
    limit: number;
}

export const usualLimit = 100, mostLimit = 1000;

export function searchOf(params: URLSearchParams): Search {
    const text = (name: string) => params.get(name) ?? "";
    const limit = Math.trunc(Number(params.get("limit")));
    return {
        q: text("q"), key: text("key"), service: text("service"), minDuration: text("minDuration"), maxDuration: text("maxDuration"),
        only: params.get("error") === "true" ? "error" : params.get("stuck") === "true" ? "stuck" : "",
        since: text("since"), limit: limit > 0 ? Math.min(limit, mostLimit) : usualLimit,
    };
}

const units: Record<string, number> = { s: 1, m: 60, h: 3600, d: 86400 };

/** Seconds of "90s", "15m", "1h"; undefined: it is none. */
export function seconds(text: string): number | undefined {
    const found = /^(\d+(?:\.\d+)?)([smhd])$/.exec(text);
    return found ? Number(found[1]) * units[found[2]!]! : undefined;
}

/** The request for a search. Its lower bound in time moves by whole minutes, so that the address stays the same meanwhile. */
export function requestOf(search: Search, nowMilliseconds: number): string {
    const query = new URLSearchParams();
    const add = (name: string, value: string) => value !== "" && query.set(name, value);
    add("q", search.q);
    add("key", search.key);
    add("service", search.service);
    add("minDuration", search.minDuration);
    add("maxDuration", search.maxDuration);
    if (search.only) query.set(search.only, "true");
    const back = seconds(search.since);
    if (back !== undefined) query.set("start", String(Math.floor((nowMilliseconds / 1000 - back) / 60) * 60 * 1_000_000));
    query.set("limit", String(search.limit));
    return `/api/chains?${query}`;
}

/** The state of a chain, also where the list does not tell it. */
export function stateOf(chain: ChainSummary): ChainState {
    if (chain.state) return chain.state;
    if (!chain.decided) return "waiting";
    return chain.errors > 0 ? "failed" : chain.gaps > 0 ? "incomplete" : "complete";
}

/** A length of time that a person typed, as the collector reads it: a number alone is milliseconds. */
export function typedDuration(text: string): string {
    const clean = text.trim().replace(/\s+/g, "");
    return /^\d+(\.\d+)?$/.test(clean) ? `${clean}ms` : clean;
}
