import assert from "node:assert/strict";
import { test } from "node:test";
import { arrange, arrangeFor, boundsOf, curve, loop, neighbour, shortened, smooth, tipOf } from "../src/graph/layout";
import { isOpenBreaker, gathered, problemsOf } from "../src/problems";
import type { Figures, Flows, Sidecars } from "../src/shared/api";
import { waitAfter } from "../src/shared/wait";
import { listed } from "../src/sidecars/model";
import { linesOf } from "../src/topology/history";
import { standings, thickness } from "../src/topology/model";

const box = (id: string) => ({ id, width: 100, height: 40 });

test("boxes stand in layers along the arrows", () => {
    const { places, routes } = arrange([box("a"), box("b"), box("c")], [{ id: "1", from: "a", to: "b" }, { id: "2", from: "b", to: "c" }], "LR", false);
    assert.ok(places.get("a")!.x < places.get("b")!.x && places.get("b")!.x < places.get("c")!.x);
    assert.equal(routes.size, 2);
});

test("circles, loops and arrows to nowhere do no harm", () => {
    const arrows = [{ id: "1", from: "a", to: "b" }, { id: "2", from: "b", to: "a" }, { id: "3", from: "a", to: "a" }, { id: "4", from: "a", to: "gone" }];
    const { places, routes } = arrange([box("a"), box("b")], arrows, "LR", true);
    assert.deepEqual([places.size, routes.size], [2, 2]);
});

test("names that mean something to JavaScript are names", () => {
    const names = ["__proto__", "constructor", "toString", "\u0001", "\u0000"];
    const { places } = arrange(names.map(box), [{ id: "__proto__", from: "__proto__", to: "constructor" }], "LR", false);
    assert.equal(places.size, names.length);
});

test("a long row turns where the room is high", () => {
    const boxes = Array.from({ length: 8 }, (_, i) => box(String(i)));
    const arrows = boxes.slice(1).map((each, i) => ({ id: each.id, from: String(i), to: each.id }));
    assert.equal(arrangeFor(boxes, arrows, false, { width: 300, height: 900 }).direction, "TB");
    assert.equal(arrangeFor(boxes, arrows, false, { width: 1600, height: 300 }).direction, "LR");
});

test("lines are paths", () => {
    assert.equal(smooth([{ x: 0, y: 0 }, { x: 10, y: 0 }]), "M0 0L10 0");
    assert.equal(smooth([{ x: 0, y: 0 }, { x: 10, y: 0 }, { x: 20, y: 10 }]), "M0 0Q10 0 20 10");
    assert.match(curve({ ...box("a"), x: 0, y: 0 }, { ...box("b"), x: 300, y: 0 }).path, /^M50 0C/);
    assert.match(curve({ ...box("a"), x: 0, y: 0 }, { ...box("b"), x: 0, y: -300 }).path, /^M0 -20C/);
    assert.match(loop({ ...box("a"), x: 0, y: 0 }).path, /^M20 -20C/);
});

test("a line ends where the tip of its arrow begins", () => {
    assert.deepEqual(shortened([{ x: 0, y: 0 }, { x: 10, y: 0 }, { x: 10, y: 20 }], 9), [{ x: 0, y: 0 }, { x: 10, y: 0 }, { x: 10, y: 11 }]);
    assert.deepEqual(shortened([{ x: 1, y: 1 }, { x: 1, y: 1 }], 9), [{ x: 1, y: 1 }, { x: 1, y: 1 }]);
    assert.match(curve({ ...box("a"), x: 0, y: 0 }, { ...box("b"), x: 300, y: 0 }, 0, 9).path, / 241 0$/);
    assert.ok(tipOf(1.2) < tipOf(3) && tipOf(3) < tipOf(6));
});

test("bounds go around everything, and nothing has some too", () => {
    assert.deepEqual(boundsOf([box("a")], new Map([["a", { x: 0, y: 0 }]])), { left: -50, top: -20, right: 50, bottom: 20 });
    assert.deepEqual(boundsOf([], new Map()), { left: 0, top: 0, right: 1, bottom: 1 });
});

test("arrow keys go to what lies that way", () => {
    const places = new Map([["a", { x: 0, y: 0 }], ["b", { x: 200, y: 0 }], ["c", { x: 200, y: 100 }], ["d", { x: 0, y: 100 }]]);
    assert.deepEqual(["ArrowRight", "ArrowDown", "ArrowLeft", "ArrowUp"].map((key) => neighbour(places, "a", key)), ["b", "d", undefined, undefined]);
});

const sidecars: Sidecars = {
    nowUnixNano: "0",
    sidecars: [
        { id: "1", service: "orders", state: "fresh", health: { verdict: "healthy" }, policies: [{ policy: "p", kind: "breaker", state: "open", target: "stock" }] },
        { id: "2", service: "orders", state: "fresh", health: { verdict: "unhealthy" } },
        { id: "3", service: "mail", state: "gone", health: { verdict: "healthy" } },
        { id: "4", service: "old", state: "stopped", health: { verdict: "unhealthy" } },
        { id: "5" },
    ],
};

test("what is wrong is named, the worst first, once", () => {
    const flows: Flows = { flows: [{ name: "f", expect: "", running: 0, completed: 0, compensated: 0, faulty: 1, steps: [], recent: [{ kind: "stuck", step: "", run: "1", text: "", open: true }, { kind: "late", step: "", run: "2", text: "" }] }] };
    const found = problemsOf(undefined, sidecars, flows, 20).map((each) => `${each.tone} ${each.text} ${each.about}`);
    assert.deepEqual(found, ["bad 1 fault in f", "bad unhealthy: orders", "bad silent: mail", "warn breaker open: orders → stock"]);
    assert.equal(gathered([...problemsOf(undefined, sidecars, undefined, 20), ...problemsOf(undefined, sidecars, undefined, 20)])[0]!.times, 2);
    assert.deepEqual(problemsOf(undefined, undefined, undefined, 20), []);
});

test("a breaker in shadow is still open, a disabled one is not", () => {
    const of = (mode?: "shadow" | "disabled") => isOpenBreaker({ policy: "p", kind: "breaker", state: "half_open", mode });
    assert.deepEqual([of(), of("shadow"), of("disabled")], [true, true, false]);
});

test("a service stands as its worst sidecar that is heard of", () => {
    const found = standings(sidecars);
    assert.deepEqual(found.get("orders"), { verdict: "unhealthy", sidecars: 2, silent: 0, openBreakers: 1 });
    assert.deepEqual(found.get("mail"), { sidecars: 1, silent: 1, openBreakers: 0 });
});

test("urgent sidecars come first, and words find them", () => {
    assert.deepEqual(listed(sidecars.sidecars, "").map((each) => each.id), ["2", "3", "1", "5", "4"]);
    assert.deepEqual(listed(sidecars.sidecars, "ORDERS open").map((each) => each.id), ["1"]);
});

test("histories become figures per second without what still goes on, and nothing is no latency", () => {
    const history = { slotNano: "10000000000", firstUnixNano: "20000000000", services: [{ name: "a", count: [10, 0, 7], errors: [1, 0, 0], p95Nano: ["5", "0", "9"] }], chains: [], faults: [] };
    assert.deepEqual(linesOf(history, "a"), { times: [20, 30], rate: [1, 0], errors: [0.1, 0], p95: [5, null] });
    assert.equal(linesOf(history, "b"), undefined);
});

test("lines are thicker where more goes along, within bounds", () => {
    const of = (perSecond: number): Figures => ({ count: 1, errors: 0, perSecond, p50Nano: "0", p95Nano: "0", p99Nano: "0" });
    assert.deepEqual([thickness(of(0), 10), thickness(of(10), 10), thickness(of(1e9), 10), thickness(of(1), 0)], [1.2, 6, 6, 1.2]);
});

test("requests that fail come at longer and longer intervals", () => {
    assert.deepEqual([0, 1, 2, 10, 1e9].map((each) => waitAfter(each, 2000)), [2000, 4000, 8000, 30_000, 30_000]);
    assert.equal(waitAfter(5, 60_000), 60_000);
});
