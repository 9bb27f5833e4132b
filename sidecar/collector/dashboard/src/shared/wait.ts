const longest = 30_000;

/** Milliseconds before the next request after so many failures in a row. */
export function waitAfter(failures: number, every: number): number {
    return Math.min(every * 2 ** Math.min(failures, 10), Math.max(longest, every));
}
