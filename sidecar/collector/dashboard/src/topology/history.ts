import type { History } from "../shared/api";
import { nano } from "../shared/format";

export interface Lines {
    times: number[];
    rate: number[];
    errors: number[];
    p95: (number | null)[];
}

/** The history of one service, per second. */
export function linesOf(history: History, service: string): Lines | undefined {
    const found = history.services.find((each) => each.name === service);
    const slot = nano(history.slotNano) / 1e9, first = nano(history.firstUnixNano) / 1e9;
    if (!found || slot <= 0) return undefined;
    // The last slot still goes on: its sum would look like a fall.
    const whole = <T>(values: T[]) => values.slice(0, -1);
    return {
        times: whole(found.count).map((_, i) => first + i * slot),
        rate: whole(found.count).map((each) => each / slot),
        errors: whole(found.errors).map((each) => each / slot),
        p95: whole(found.p95Nano).map((each, i) => ((found.count[i] ?? 0) === 0 ? null : nano(each))),
    };
}
