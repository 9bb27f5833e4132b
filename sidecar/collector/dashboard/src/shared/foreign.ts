/**
 * Text from outside: names, keys, attributes, reasons. It is data: what has no form of its own, or would change the form of what
 * stands around it, is shown as an escape, and what is too long is cut.
 */

export interface Part {
    text: string;
    /** Stands for a character that cannot be shown as itself. */
    escape: boolean;
}

export interface Shown {
    parts: Part[];
    /** UTF-16 units of the whole, when it was cut; otherwise 0. */
    cut: number;
}

/** Controls, marks of direction, invisible spaces and joiners, fillers, tags, lone surrogates, private use. */
const unprintable =
    /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}\u{34f}\u{115f}\u{1160}\u{3164}\u{ffa0}\u{e0100}-\u{e01ef}]/u;

const named: Record<string, string> = { "\n": "\\n", "\r": "\\r", "\t": "\\t", "\0": "\\0" };

function escapeOf(character: string): string {
    const code = character.codePointAt(0)!;
    return named[character] ?? (code > 0xffff ? `\\u{${code.toString(16)}}` : `\\u${code.toString(16).padStart(4, "0")}`);
}

/** The first `limit` characters, escapes apart. Looks at no more of the text than it shows. */
export function shown(text: string, limit = 160): Shown {
    const parts: Part[] = [];
    let plain = "", at = 0, taken = 0;
    while (at < text.length && taken < limit) {
        const character = String.fromCodePoint(text.codePointAt(at)!);
        at += character.length;
        ++taken;
        if (!unprintable.test(character)) {
            plain += character;
            continue;
        }
        if (plain !== "") parts.push({ text: plain, escape: false });
        plain = "";
        parts.push({ text: escapeOf(character), escape: true });
    }
    if (plain !== "") parts.push({ text: plain, escape: false });
    return { parts, cut: at < text.length ? text.length : 0 };
}

/** The same as plain text, for labels and titles. */
export function plain(text: string, limit = 160): string {
    const { parts, cut } = shown(text, limit);
    return parts.map((each) => each.text).join("") + (cut ? `… (${cut.toLocaleString("en-US")} characters)` : "");
}

const HUES = 10;
const given = new Map<string, number>();

/** One of the few colours that tell services apart, the same as long as the page is open: which one its name says, or the next that is free
 *  where another name has that. Those who come when none is free share one. */
export function hue(name: string): number {
    const before = given.get(name);
    if (before !== undefined) return before;
    let sum = 2166136261;
    for (let i = 0; i < Math.min(name.length, 256); ++i) sum = Math.imul(sum ^ name.charCodeAt(i), 16777619);
    let found = ((sum ^ (sum >>> 15)) >>> 0) % HUES;
    if (given.size === HUES) return found;
    const taken = new Set(given.values());
    while (taken.has(found)) found = (found + 1) % HUES;
    given.set(name, found);
    return found;
}
