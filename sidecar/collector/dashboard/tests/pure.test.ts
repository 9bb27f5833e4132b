import assert from "node:assert/strict";
import { test } from "node:test";
import { age, duration, percent, rate } from "../src/shared/format";
import { hue, plain, shown } from "../src/shared/foreign";
import { link, parseRoute } from "../src/shared/router";

test("durations have three significant digits and a unit", () => {
    const table: [number, string][] = [
        [0, "0"], [999, "999 ns"], [1_500, "1.5 µs"], [850_000, "850 µs"], [999_600, "1 ms"], [12_345_678, "12.3 ms"], [999_600_000, "1 s"],
        [1_310_000_000, "1.31 s"], [59_900_000_000, "59.9 s"], [59_960_000_000, "1 min"], [125_000_000_000, "2 min 5 s"], [11_400_000_000_000, "3 h 10 min"],
        [90_000_000_000_000, "1 d 1 h"], [-12_000_000, "-12 ms"],
    ];
    for (const [nanoseconds, text] of table) assert.equal(duration(nanoseconds), text);
});

test("ages are whole seconds", () => {
    assert.deepEqual([0.4e9, 1e9, 9.9e9, 125.2e9].map(age), ["now", "1 s", "9 s", "2 min 5 s"]);
});

test("rates change their unit when they are small", () => {
    assert.deepEqual([0, 0.00001, 0.01, 0.5, 12.34, 1250.4].map(rate), ["0/s", "0.04/h", "0.6/min", "0.5/s", "12.3/s", "1,250/s"]);
});

test("shares never look like none or all when they are not", () => {
    assert.deepEqual([0, 0.0004, 0.023, 0.5, 1].map(percent), ["0%", "<0.1%", "2.3%", "50%", "100%"]);
});

test("text without form is shown as escapes", () => {
    assert.equal(plain("a\u202eb\u0000c\nd\u{e0041}e\ud800f"), "a\\u202eb\\0c\\nd\\u{e0041}e\\ud800f");
    assert.deepEqual(shown("a\u2066").parts, [{ text: "a", escape: false }, { text: "\\u2066", escape: true }]);
    assert.equal(plain("Größe → 東京 🚚"), "Größe → 東京 🚚");
});

test("markup is text", () => {
    assert.equal(plain("<img src=x onerror=alert(1)>"), "<img src=x onerror=alert(1)>");
});

test("long text is cut and tells its length, without looking at all of it", () => {
    const long = "x".repeat(1 << 20);
    const { parts, cut } = shown(long, 10);
    assert.deepEqual([parts[0]!.text, cut], ["xxxxxxxxxx", 1 << 20]);
    assert.equal(plain(long, 3), "xxx… (1,048,576 characters)");
    assert.equal(shown("xyz", 3).cut, 0);
});

test("the first ten names have ten colours, later ones share them, and each keeps its own", () => {
    const names = ["orders", "frontend", "payment", "inventory", "stock", "users", "mail", "behaviour", "registration", ""];
    const first = names.map(hue);
    assert.equal(new Set(first).size, 10);
    for (const name of ["\u0000", "x".repeat(10_000), "later"]) {
        assert.ok(hue(name) >= 0 && hue(name) < 10);
        assert.equal(hue(name), hue(name));
    }
    assert.deepEqual(names.map(hue), first);
});

test("a place survives its address", () => {
    const values = { key: "order=47&11", q: "a b/c?d#e", empty: "" };
    const { path, params } = parseRoute(link(["flows", "a/b c", "runs", "%"], values));
    assert.deepEqual(path, ["flows", "a/b c", "runs", "%"]);
    assert.deepEqual(Object.fromEntries(params), { key: "order=47&11", q: "a b/c?d#e" });
});

test("an address that nobody wrote is a place all the same", () => {
    assert.deepEqual(parseRoute("").path, ["topology"]);
    assert.deepEqual(parseRoute("#/%E0%A4%A").path, ["%E0%A4%A"]);
    assert.deepEqual(parseRoute("#//chains//?").path, ["chains"]);
});
