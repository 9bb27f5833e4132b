/** How figures are written: three significant digits, a unit, a thin fixed form, so that columns can be compared by eye. */

export function nano(text: string | number | null | undefined): number {
    const number = Number(text ?? 0);
    return Number.isFinite(number) ? number : 0;
}

function significant(value: number): string {
    const size = Math.abs(value);
    if (size >= 100) return value.toFixed(0);
    return size >= 10 ? trimmed(value.toFixed(1)) : trimmed(value.toFixed(2));
}

const trimmed = (text: string) => (text.includes(".") ? text.replace(/\.?0+$/, "") : text);

/** A length of time: "850 µs", "12.3 ms", "1.31 s", "2 min 5 s", "3 h 10 min". */
export function duration(nanoseconds: number): string {
    const size = Math.abs(nanoseconds);
    if (size === 0) return "0";
    if (size < 1e3) return `${Math.round(nanoseconds)} ns`;
    if (size < 999.5e3) return `${significant(nanoseconds / 1e3)} µs`;
    if (size < 999.5e6) return `${significant(nanoseconds / 1e6)} ms`;
    if (size < 59.95e9) return `${significant(nanoseconds / 1e9)} s`;
    return inTwoUnits(Math.round(nanoseconds / 1e9));
}

function inTwoUnits(seconds: number): string {
    const units: [string, number][] = [["d", 86400], ["h", 3600], ["min", 60], ["s", 1]];
    const first = units.findIndex(([, size]) => Math.abs(seconds) >= size);
    const [[name, size], next] = [units[first]!, units[first + 1]];
    const whole = Math.trunc(seconds / size);
    const rest = next ? Math.trunc(Math.abs(seconds % size) / next[1]) : 0;
    return rest > 0 && next ? `${whole} ${name} ${rest} ${next[0]}` : `${whole} ${name}`;
}

/** How long ago, in whole seconds: "now", "9 s", "2 min 5 s". */
export function age(nanoseconds: number): string {
    return nanoseconds < 1e9 ? "now" : duration(Math.floor(nanoseconds / 1e9) * 1e9);
}

/** Events per second: "0", "12.3/s", "1,250/s", and below one in ten seconds per minute or hour. */
export function rate(perSecond: number | undefined): string {
    const value = perSecond ?? 0;
    if (value <= 0) return "0/s";
    if (value >= 1000) return `${count(Math.round(value))}/s`;
    if (value >= 0.1) return `${significant(value)}/s`;
    if (value * 60 >= 0.1) return `${significant(value * 60)}/min`;
    return `${significant(value * 3600)}/h`;
}

export function count(value: number | undefined): string {
    return (value ?? 0).toLocaleString("en-US");
}

/** "1 span", "3 spans". */
export function plural(value: number, one: string, many = `${one}s`): string {
    return `${count(value)} ${value === 1 ? one : many}`;
}

export function percent(share: number): string {
    if (share <= 0) return "0%";
    if (share < 0.001) return "<0.1%";
    return share >= 0.1 ? `${Math.round(share * 100)}%` : `${trimmed((share * 100).toFixed(1))}%`;
}

const two = (value: number) => String(value).padStart(2, "0");

/** Local time of day of a Unix time: "14:03:27". */
export function clock(unixNanoseconds: number): string {
    const date = new Date(unixNanoseconds / 1e6);
    return Number.isNaN(date.getTime()) ? "?" : `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

/** Local date and time with milliseconds: "2026-11-27 14:03:27.042". */
export function moment(unixNanoseconds: number): string {
    const date = new Date(unixNanoseconds / 1e6);
    if (Number.isNaN(date.getTime())) return "?";
    const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
    return `${day} ${clock(unixNanoseconds)}.${String(date.getMilliseconds()).padStart(3, "0")}`;
}
