import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { ChainState, Keys, Verdict } from "./api";
import type { Known } from "./poll";
import { Foreign } from "./text";
import { link } from "./router";

/** Small things that every view uses, so that the same fact looks the same everywhere. */

export type Tone = "good" | "warn" | "bad" | "idle" | "info";

export const toneOfVerdict: Record<Verdict, Tone> = {
    healthy: "good", degraded: "warn", unhealthy: "bad", unknown: "idle", starting: "info", stopping: "idle",
};

export const toneOfDependency: Record<string, Tone> = { up: "good", down: "bad", ejected: "warn", unknown: "idle" };

export const toneOfChain: Record<ChainState, Tone> = {
    complete: "good", failed: "bad", incomplete: "warn", waiting: "info", stuck: "warn",
};

export const toneOf = (tones: Record<string, Tone>, value: string | undefined): Tone => tones[value ?? ""] ?? "idle";

export function Badge({ tone, children, title }: { tone: Tone; children: ComponentChildren; title?: string }) {
    return <span class={`badge ${tone}`} title={title}>{children}</span>;
}

export function KeyChips({ keys, most = 4 }: { keys: Keys | undefined; most?: number }) {
    const all = Object.entries(keys ?? {}).flatMap(([name, values]) => values.map((value) => [name, value] as const));
    return (
        <span class="chips">
            {all.slice(0, most).map(([name, value]) => (
                <a key={`${name}=${value}`} class="chip" href={link(["chains"], { key: `${name}=${value}` })}>
                    <Foreign text={name} limit={24} />=<Foreign text={value} limit={40} />
                </a>
            ))}
            {all.length > most && <span class="quiet">+{all.length - most}</span>}
        </span>
    );
}

/** What stands where data will be, or where it cannot be. */
export function Waiting({ of, what, children }: { of: Known<unknown>; what: string; children?: ComponentChildren }) {
    if (of.data !== undefined) return <>{children}</>;
    if (of.error === undefined) return <p class="empty" role="status">Asking for {what} …</p>;
    return <p class="empty" role="status"><strong>No {what}:</strong> <Foreign text={of.error} limit={400} /></p>;
}

export function Empty({ children }: { children: ComponentChildren }) {
    return <p class="empty">{children}</p>;
}

/** A figure with its name. */
export function Stat({ name, value, tone }: { name: string; value: ComponentChildren; tone?: Tone }) {
    return <div class="stat"><dt>{name}</dt><dd class={tone}>{value}</dd></div>;
}

/** One of several ways to look at the same thing. */
export function Choice<T extends string>({ name, options, value, onChange }:
    { name: string; options: readonly (readonly [T, string])[]; value: T; onChange: (to: T) => void }) {
    return (
        <div class="choice" role="group" aria-label={name}>
            {options.map(([key, text]) => (
                <button key={key} type="button" aria-pressed={key === value} onClick={() => onChange(key)}>{text}</button>
            ))}
        </div>
    );
}

export function useMedia(query: string): boolean {
    const [matches, setMatches] = useState(() => matchMedia(query).matches);
    useEffect(() => {
        const media = matchMedia(query);
        const changed = () => setMatches(media.matches);
        changed();
        media.addEventListener("change", changed);
        return () => media.removeEventListener("change", changed);
    }, [query]);
    return matches;
}

export const useNarrow = () => useMedia("(max-width: 719px)");
export const calmMotion = () => matchMedia("(prefers-reduced-motion: reduce)").matches;
