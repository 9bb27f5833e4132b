import { count } from "./format";
import { hue, shown } from "./foreign";

/** Text from outside, isolated from the direction of what surrounds it. */
export function Foreign({ text, limit = 160 }: { text: string | undefined; limit?: number }) {
    const { parts, cut } = shown(text ?? "", limit);
    return (
        <bdi class="foreign">
            {parts.map((each, i) => (each.escape ? <span key={i} class="escape">{each.text}</span> : each.text))}
            {cut > 0 && <span class="cut">… {count(cut)} characters</span>}
        </bdi>
    );
}

/** A service's name behind its colour. */
export function Service({ name }: { name: string | undefined }) {
    return (
        <span class="service">
            <span class={`dot hue${hue(name ?? "")}`} aria-hidden="true" />
            <Foreign text={name || "(unnamed)"} limit={60} />
        </span>
    );
}
