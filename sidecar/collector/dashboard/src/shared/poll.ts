import { useEffect, useState } from "preact/hooks";
import { waitAfter } from "./wait";

/** What is known of a resource, and since when. */
export interface Known<T> {
    data?: T;
    /** Why the last request failed; the data, if any, is that of an earlier one. */
    error?: string;
    status?: number;
    /** When the collector last answered, `Date.now()`; 0: never. */
    at: number;
}

const nobodyLooks = "nobody looks any more";
const usualEvery = 2000, patience = 15_000, mostKept = 24;

/** One URL, asked again and again while somebody looks: one request at a time, slower when it fails. */
class Resource<T> {
    known: Known<T> = { at: 0 };
    private listeners = new Set<() => void>();
    private tag: string | null = null;
    private timer: ReturnType<typeof setTimeout> | undefined;
    private asking: AbortController | undefined;
    private failures = 0;

    constructor(readonly url: string, public every: number) {}

    subscribe(listener: () => void): () => void {
        this.listeners.add(listener);
        if (this.listeners.size === 1) void this.ask();
        return () => {
            this.listeners.delete(listener);
            if (this.listeners.size > 0) return;
            clearTimeout(this.timer);
            this.asking?.abort(nobodyLooks);
        };
    }

    get watched(): boolean {
        return this.listeners.size > 0;
    }

    /** Asks now, unless a request is under way. */
    wake(): void {
        clearTimeout(this.timer);
        if (this.watched) void this.ask();
    }

    private async ask(): Promise<void> {
        if (document.hidden || this.asking) return;
        const asking = (this.asking = new AbortController());
        const late = setTimeout(() => asking.abort(new Error("no answer in time")), patience);
        try {
            await this.receive(asking.signal);
        } catch (error) {
            if (asking.signal.reason !== nobodyLooks) this.fail(error instanceof Error ? error.message : String(error), undefined);
        } finally {
            clearTimeout(late);
            this.asking = undefined;
        }
        if (!this.watched) return;
        if (asking.signal.reason === nobodyLooks) return this.wake();
        this.listeners.forEach((each) => each());
        if (this.every > 0 || this.failures > 0)
            this.timer = setTimeout(() => void this.ask(), waitAfter(this.failures, this.every || usualEvery));
    }

    private async receive(signal: AbortSignal): Promise<void> {
        const answer = await fetch(this.url, { cache: "no-cache", headers: { Accept: "application/json" }, signal });
        if (!answer.ok) {
            answered(true);
            return this.fail(await reasonOf(answer), answer.status);
        }
        const tag = answer.headers.get("ETag");
        const same = tag !== null && tag === this.tag && this.known.data !== undefined;
        if (same) void answer.body?.cancel();
        const data = same ? this.known.data : ((await answer.json()) as T);
        this.tag = tag;
        this.failures = 0;
        this.known = { data, status: answer.status, at: Date.now() };
        answered(true);
    }

    private fail(error: string, status: number | undefined): void {
        ++this.failures;
        this.known = { ...this.known, error, status };
        if (status === 404 || status === 400) this.known = { error, status, at: Date.now() };
        if (status === undefined) answered(false);
    }
}

async function reasonOf(answer: Response): Promise<string> {
    const text = (await answer.text()).slice(0, 2000);
    try {
        const body = JSON.parse(text);
        return String(body.errors?.[0]?.msg ?? body.detail ?? body.title ?? `the collector answered ${answer.status}`);
    } catch {
        return `the collector answered ${answer.status}`;
    }
}

const resources = new Map<string, Resource<unknown>>();

function resource<T>(url: string, every: number): Resource<T> {
    const found = (resources.get(url) as Resource<T> | undefined) ?? new Resource<T>(url, every);
    resources.delete(url);
    resources.set(url, found as Resource<unknown>);
    for (const [old, each] of resources) {
        if (resources.size <= mostKept) break;
        if (!each.watched && old !== url) resources.delete(old);
    }
    found.every = every;
    return found;
}

/** Whether the collector answers at all, as all resources together see it. */
export interface Connection {
    lost: boolean;
    /** `Date.now()` of the last answer; 0: never. */
    lastAnswer: number;
}

let connection: Connection = { lost: false, lastAnswer: 0 };
const watchers = new Set<() => void>();

function answered(well: boolean): void {
    const back = well && connection.lost;
    connection = { lost: !well, lastAnswer: well ? Date.now() : connection.lastAnswer };
    watchers.forEach((each) => each());
    if (back) resources.forEach((each) => each.wake());
}

export function useConnection(): Connection {
    const [, redraw] = useState(0);
    useEffect(() => {
        const changed = () => redraw((n) => n + 1);
        watchers.add(changed);
        return () => void watchers.delete(changed);
    }, []);
    return connection;
}

/** Everything that is watched is asked for again: somebody came back, or wants to know. */
export function wakeAll(): void {
    resources.forEach((each) => each.wake());
}

document.addEventListener("visibilitychange", () => document.hidden || wakeAll());
addEventListener("online", wakeAll);

/** The resource of this URL, kept up to date while the component is there; `every` 0: asked once. */
export function usePolled<T>(url: string | null, every = usualEvery): Known<T> {
    const [, redraw] = useState(0);
    useEffect(() => {
        if (url === null) return;
        return resource<T>(url, every).subscribe(() => redraw((n) => n + 1));
    }, [url, every]);
    return url === null ? { at: 0 } : ((resources.get(url) as Resource<T> | undefined)?.known ?? { at: 0 });
}

/** Redraws once a second, for ages. Returns `Date.now()`. */
export function useNow(): number {
    const [now, setNow] = useState(Date.now());
    useEffect(() => {
        const timer = setInterval(() => document.hidden || setNow(Date.now()), 1000);
        return () => clearInterval(timer);
    }, []);
    return now;
}
