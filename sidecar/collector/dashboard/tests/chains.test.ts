import assert from "node:assert/strict";
import { test } from "node:test";
import type { Chain, ChainRow } from "../src/shared/api";
import { originalTraces, spansOf, valueText } from "../src/chain/otlp";
import { matching, ticksOf, treeOf, unfolded, wholeOf, windowOf } from "../src/chain/rows";
import { requestOf, searchOf, seconds, stateOf, typedDuration } from "../src/chains/model";

const row = (depth: number, more: Partial<ChainRow> = {}): ChainRow => ({ depth, join: "parent", service: "s", name: `n${depth}`, offsetNano: "0", durationNano: "10", ...more });

function chain(rows: ChainRow[], more: Partial<Chain> = {}): Chain {
    return { traceId: "1", startTimeUnixNano: "0", durationNano: "100", services: 1, spans: rows.length, errors: 0, gaps: 0, state: "complete", verdict: "", keys: {},
             criticalPath: [], queueNano: "0", queues: [], serviceTimes: [], retries: [], refusals: [], timeouts: [], errorOrigins: [], inferred: [], missing: [], faults: [], rows, ...more };
}

test("a tree is read from depths", () => {
    const rows = treeOf(chain([row(0), row(1), row(2), row(1), row(0)]));
    assert.deepEqual(rows.map((each) => each.below), [3, 1, 0, 0, 0]);
    assert.deepEqual(rows.map((each) => each.parent), [-1, 0, 1, 0, -1]);
});

test("a chain of a hundred thousand spans, each below the last, is no problem", () => {
    const rows = treeOf(chain(Array.from({ length: 100_000 }, (_, i) => row(i))));
    assert.equal(rows[0]!.below, 99_999);
    assert.equal(unfolded(rows, new Set([3])).length, 4);
});

test("what is folded away takes all below it along", () => {
    const rows = treeOf(chain([row(0), row(1), row(2), row(1), row(0)]));
    assert.deepEqual(unfolded(rows, new Set([1])).map((each) => each.index), [0, 1, 3, 4]);
    assert.deepEqual(unfolded(rows, new Set([0, 1])).map((each) => each.index), [0, 4]);
});

test("findings and stretches of the critical path are found at their rows, and nowhere else", () => {
    const rows = treeOf(chain([row(0), row(1)], { criticalPath: [{ row: 1, offsetNano: "3", durationNano: "4" }, { row: 9, offsetNano: "0", durationNano: "1" }],
                                                  errorOrigins: [{ row: 1, text: "bad" }, { row: -1, text: "nowhere" }] }));
    assert.deepEqual(rows[1]!.critical, [{ start: 3, length: 4 }]);
    assert.deepEqual(rows.map((each) => each.findings.length), [0, 1]);
});

test("only rows near what is seen are drawn", () => {
    assert.deepEqual(windowOf(5000, 26, 26_000, 520, 8), [992, 1028]);
    assert.deepEqual(windowOf(3, 26, 0, 520, 8), [0, 3]);
    assert.deepEqual(windowOf(0, 26, 100, 520, 8), [0, 0]);
});

test("polls that began long before do not squeeze the rest", () => {
    assert.deepEqual(wholeOf(treeOf(chain([row(0), row(1, { offsetNano: "-1000" })])), chain([])), { from: -50, to: 100 });
    assert.deepEqual(wholeOf(treeOf(chain([row(0), row(1, { offsetNano: "-20" })])), chain([])), { from: -20, to: 100 });
});

test("a ruler has round times", () => {
    assert.deepEqual(ticksOf({ from: 0, to: 163e6 }, 6), [0, 50e6, 100e6, 150e6]);
    assert.deepEqual(ticksOf({ from: 5, to: 5 }, 6), []);
    assert.ok(ticksOf({ from: 0, to: Number.MAX_VALUE }, 6).length <= 50);
});

test("rows are found by all words, whatever their case", () => {
    const rows = treeOf(chain([row(0, { name: "POST /orders" }), row(1, { service: "Stock", name: "get" })]));
    assert.deepEqual([...matching(rows, "stock GET")], [1]);
    assert.deepEqual([...matching(rows, " ")], []);
});

test("a search is its address, and the other way round", () => {
    const search = searchOf(new URLSearchParams("q=4711&error=true&minDuration=1s&since=15m&limit=99999"));
    assert.deepEqual([search.only, search.limit, search.since], ["error", 1000, "15m"]);
    assert.equal(requestOf(search, 1_000_000_030_000), "/api/chains?q=4711&minDuration=1s&error=true&start=999999120000000&limit=1000");
    assert.equal(requestOf(searchOf(new URLSearchParams("limit=x&since=never&key=a=b")), 0), "/api/chains?key=a%3Db&limit=100");
});

test("the bound in time of a search moves by minutes", () => {
    const search = searchOf(new URLSearchParams("since=5m"));
    assert.equal(requestOf(search, 1_000_000_005_000), requestOf(search, 1_000_000_019_000));
});

test("lengths of time are read as people write them", () => {
    assert.deepEqual(["200", "1.5 s", " 2m ", "soon", ""].map(typedDuration), ["200ms", "1.5s", "2m", "soon", ""]);
    assert.deepEqual(["90s", "15m", "1h", "1.5d", "5", "x"].map(seconds), [90, 900, 3600, 129_600, undefined, undefined]);
});

test("a chain has a state also where none is told", () => {
    const base = { id: "1", root: { service: "", name: "" }, startUnixNano: "0", durationNano: "0", spans: 1, services: 1, errors: 0, gaps: 0, inferred: 0, keys: {}, decided: true };
    assert.deepEqual([{}, { errors: 1 }, { gaps: 1 }, { decided: false }, { state: "stuck" as const }].map((each) => stateOf({ ...base, ...each })),
                     ["complete", "failed", "incomplete", "waiting", "stuck"]);
});

test("values of attributes are text, however they nest", () => {
    assert.equal(valueText({ arrayValue: { values: [{ intValue: "1" }, { kvlistValue: { values: [{ key: "a", value: { boolValue: false } }] } }] } }), "[1, {a: false}]");
    let deep: { arrayValue?: { values?: object[] } } = {};
    for (let i = 0; i < 50_000; ++i) deep = { arrayValue: { values: [deep] } };
    assert.ok(valueText(deep).length < 40);
});

test("original traces are counted by their spans", () => {
    const span = (id: string, original?: string) => ({ traceId: "c", spanId: id, attributes: original ? [{ key: "chain.original_trace_id", value: { stringValue: original } }] : [] });
    const spans = spansOf({ resourceSpans: [{ resource: {}, scopeSpans: [{ spans: [span("1", "a"), span("2", "a"), span("3")] }] }, {}] });
    assert.deepEqual(originalTraces(spans), [["a", 2], ["c", 1]]);
});
