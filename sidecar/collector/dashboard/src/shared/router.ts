import { useEffect, useState } from "preact/hooks";

/** Where the page is: `#/chains?service=orders` is {path: ["chains"], params: service=orders}. */
export interface Route {
    path: string[];
    params: URLSearchParams;
}

function decoded(text: string): string {
    try {
        return decodeURIComponent(text);
    } catch {
        return text;
    }
}

export function parseRoute(hash: string): Route {
    const text = hash.replace(/^#?\/?/, "");
    const mark = text.indexOf("?");
    const path = (mark < 0 ? text : text.slice(0, mark)).split("/").filter((each) => each !== "").map(decoded);
    return { path: path.length > 0 ? path : ["topology"], params: new URLSearchParams(mark < 0 ? "" : text.slice(mark + 1)) };
}

type Values = Record<string, string | undefined | null>;

/** The link to a place; parameters without a value are left away. */
export function link(path: string[], params: Values | URLSearchParams = {}): string {
    const query = new URLSearchParams();
    const pairs = params instanceof URLSearchParams ? [...params] : Object.entries(params);
    for (const [name, value] of pairs) if (value) query.append(name, value);
    const text = query.toString();
    return `#/${path.map(encodeURIComponent).join("/")}${text ? `?${text}` : ""}`;
}

export function go(to: string): void {
    location.hash = to;
}

/** Changes parameters of the place that is shown, without a step in the browser's history. */
export function adjust(changes: Values): void {
    const { path, params } = parseRoute(location.hash);
    for (const [name, value] of Object.entries(changes)) {
        if (value) params.set(name, value);
        else params.delete(name);
    }
    history.replaceState(null, "", link(path, params));
    dispatchEvent(new HashChangeEvent("hashchange"));
}

export function useRoute(): Route {
    const [hash, setHash] = useState(location.hash);
    useEffect(() => {
        const changed = () => setHash(location.hash);
        addEventListener("hashchange", changed);
        return () => removeEventListener("hashchange", changed);
    }, []);
    return parseRoute(hash);
}
