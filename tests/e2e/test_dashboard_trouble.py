"""The dashboard under what nobody wishes for: hostile texts, long chains, a collector that goes away, and a hundred boxes to drag."""
import statistics
import time

import browser
import dashboard_case
import harness
import processes
import shop_traffic
from dashboard_case import DashboardCase, api, chains, push
from harness import wait_for

SCRIPT = "<script>window.pwned=1;alert(1)</script>"
HOSTILE = {
    "script": SCRIPT,
    "image": "<img src=x onerror=\"window.pwned=1;alert(1)\">",
    "svg": "<svg/onload=alert(1)><animate onbegin=alert(1) attributeName=x></svg>",
    "link": "javascript:alert(1)//\"><a href=javascript:alert(1)>click</a>",
    "style": "</style><style>*{display:none!important}</style>{{constructor.constructor('alert(1)')()}}",
    "controls": "a\x00b\x07c\x1b[31md\x7fe\x85f\ng\ufeffh\u200bi",
    "direction": "gnp.\u202eexe\u2066isolated\u2069\u200f\u061cend",
    "prototype": "__proto__",
    "long": "L" * (1 << 20),
    "marks": "z" + "\u0301" * 2000,
}
FORBIDDEN = "\u202e\u2066\u2069\u200f\u061c\u200b\ufeff\x00\x07\x1b"
PLACES = ("topology?view=graph", "topology?view=table", "chains", "sidecars", "flows")
FLOOR = 10  # frames per second below which something is broken, however busy the machine is


class Hostile(DashboardCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.collector = cls.started()
        spans, start = shop_traffic.Spans(), time.time_ns() - 3_000_000_000
        for name, text in HOSTILE.items():
            trace = spans.new_trace()
            root = spans.add(trace, None, text, "server", text, start, 0, 9, text, http__route=text, **{"chain__key__" + text[:200]: text[:5000], text[:3000]: text})
            shop_traffic.call(spans, trace, root, text, f"{name} callee", text[:100], text, start, 1, 5, 500)
            shop_traffic.message(spans, trace, root, text, f"topic {text}", start, 2, 1, f"taker {text}"[:300])
            shop_traffic.post(cls.collector.url, spans.request())
        for name, whole in HOSTILE.items():
            text = whole[:20_000]  # the collector takes 256 KiB of a sidecar
            push(cls.collector, service=text, instance=name, version=text, health={"verdict": "unhealthy", "reasons": [text]},
                 policies=[{"policy": text, "kind": "breaker", "state": "open", "why": text, "target": text}], dependencies=[{"name": text, "kind": "upstream", "verdict": "down", "reason": text, "endpoint": text}])
        wait_for(lambda: api(cls.collector, "/api/topology")["chains"] >= len(HOSTILE), "all chains at rest", 60)

    def assert_harmless(self, where):
        """Nothing ran, nothing was made, nothing turns the text around it, nothing reaches out."""
        found = self.browser.run("""
            const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), turned = [];
            for (let node; (node = texts.nextNode());)
                if ([...arguments[0]].some((each) => node.data.includes(each)) && !node.parentElement.closest("datalist")) turned.push(node.data.slice(0, 60));
            const handlers = [...document.querySelectorAll("*")].filter((e) => [...e.attributes].some((a) => a.name.startsWith("on")));
            const links = [...document.querySelectorAll("a")].map((e) => e.href).filter((each) => !each.startsWith(location.origin + "/"));
            const longest = Math.max(...[...document.querySelectorAll("main *")].map((e) => (e.childElementCount ? 0 : e.textContent.length)));
            return {pwned: window.pwned ?? null, scripts: document.scripts.length, styles: document.querySelectorAll("style").length,
                    images: document.images.length, frames: document.querySelectorAll("iframe, object, embed, animate").length, handlers: handlers.length, links, turned, long: longest > 20000}""", FORBIDDEN)
        self.assertEqual(found, {"pwned": None, "scripts": 1, "styles": 0, "images": 1, "frames": 0, "handlers": 0, "links": [], "turned": [], "long": False}, where)
        self.assertEqual(self.browser.complaints(), [], where)
        wide, what = self.browser.wide()
        self.assertLessEqual(wide, 0, f"{where}: {what}")

    def test_lists_and_drawings_show_text_as_text(self):
        for place in PLACES:
            self.view(f"#/{place}", ".node, .grid, .card, .empty")
            self.assert_harmless(place)
            self.browser.picture(f"hostile-{place.partition('?')[0]}-{place.partition('=')[2] or 'list'}")
        self.view("#/chains", ".chains tbody tr")
        shown = self.browser.text(".chains")
        self.assertIn(SCRIPT, shown)
        self.assertIn("\\u202eexe\\u2066isolated", shown)
        self.assertRegex(shown, r"… [\d,]{5,} characters")

    def test_every_chain_and_every_service_opens(self):
        for each in chains(self.collector):
            self.view(f"#/chain/{each['id']}?span=1", ".row")
            self.browser.wait_for(".attributes")
            self.assert_harmless(each["id"])
            self.view(f"#/chain/{each['id']}?view=flow", ".node")
            self.assert_harmless(each["id"])
        self.view("#/topology?view=graph", ".node")
        nodes = self.browser.count(".node")
        for place in range(0, nodes, 5):
            self.browser.run("document.querySelectorAll('.node')[arguments[0]].dispatchEvent(new MouseEvent('click', {bubbles: true}))", place)
            self.browser.wait_for("aside.panel")
            self.assert_harmless(f"place {place}")

    def test_addresses_are_data_too(self):
        for place in ("chain/%3Cscript%3E", "chain/..%2f..%2f", "chains?key=%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E", "flows/%3Csvg%20onload%3Dalert(1)%3E/runs/%E2%80%AE",
                      "sidecars?q=%3Cscript%3E", "nowhere/%00", "topology?select=__proto__", "chains?limit=-1&minDuration=%00", "chain/" + "f" * 32 + "?span=99999999999999999999"):
            self.view(f"#/{place}", ".empty, .grid, .graph, .cards")
            self.assert_harmless(place)


class Long(DashboardCase):
    def test_5_000_spans_stay_fluid(self):
        collector = self.started()
        spans = shop_traffic.Spans()
        trace = shop_traffic.long_chain(spans, 5_000, time.time_ns() - 10_000_000_000)
        shop_traffic.post(collector.url, spans.request())
        wait_for(lambda: [each for each in chains(collector) if each["spans"] == 5_000], "the chain", 60)
        self.view(f"#/chain/{trace}", ".row", collector)
        self.browser.wait("document.querySelector('.rows').getAttribute('aria-rowcount') === '5000'", "all rows")
        self.assertLess(self.browser.count(".row"), 120)
        frames = self.browser.frames_while(2, lambda t: self.browser.run("document.querySelector('.rows').scrollTop = arguments[0]", int(60_000 * t)))
        print(f"dashboard: scrolling 5,000 rows: {1000 * len(frames) / sum(frames):.0f} frames/s, median {statistics.median(frames):.1f} ms")
        self.browser.run("document.querySelector('.rows').focus()")
        self.browser.press("End")
        self.browser.wait("document.querySelector('.row.active')?.getAttribute('aria-rowindex') === '5000'", "the last row")
        self.browser.picture("chain-5000")
        self.browser.press("Home")
        self.browser.wait("document.querySelector('.row.active')?.getAttribute('aria-rowindex') === '1'", "the first row")


class Away(DashboardCase):
    def test_a_collector_that_goes_away_is_missed_and_found_again(self):
        collector = self.started()
        shop_traffic.post(collector.url, next(iter(shop_traffic.orders(20))))
        wait_for(lambda: api(collector, "/api/topology")["chains"] > 0, "chains at rest", 60)
        self.view("#/topology?view=graph", ".node", collector)
        collector.kill()
        self.browser.wait_for(".lost", "that the collector is missed")
        self.browser.wait("/for \\d+ s\\. What is shown is of \\d/.test(document.querySelector('.lost')?.innerText)", "since when")
        self.assertGreater(self.browser.count(".node"), 3)
        self.browser.picture("collector-away")
        again = processes.Collector(port=collector.address[1])
        self.addCleanup(again.close)
        self.browser.wait_gone(".lost", within=60)
        self.browser.wait_for(".empty", "what the new one knows")
        shop_traffic.post(again.url, next(iter(shop_traffic.orders(20))))
        self.browser.wait_for(".node", "the topology again", within=60)


class Dragging(DashboardCase):
    def test_a_topology_of_100_boxes_is_dragged_fluently(self):
        collector = self.started()
        shop_traffic.post(collector.url, shop_traffic.mesh(100))
        wait_for(lambda: sum(node["kind"] == "service" for node in api(collector, "/api/topology")["nodes"]) == 99, "the topology", 60)
        self.view("#/topology?view=graph", ".node", collector)
        self.browser.wait("document.querySelectorAll('.node').length === 100", "100 boxes")
        self.browser.picture("mesh")
        box = ".node:nth-of-type(50)"
        before = self.browser.run("return document.querySelector(arguments[0]).getAttribute('transform')", box)
        frames = self.browser.drag_around(box, 3)
        print(f"dashboard: dragging one of 100 boxes: {1000 * len(frames) / sum(frames):.0f} frames/s, median {statistics.median(frames):.1f} ms, "
              f"95% under {sorted(frames)[int(len(frames) * 0.95)]:.1f} ms")
        self.assertGreater(1000 * len(frames) / sum(frames), FLOOR)
        self.assertNotEqual(self.browser.run("return document.querySelector(arguments[0]).getAttribute('transform')", box), before)
        self.assertEqual(self.browser.count(".lifted, .layer g g"), 0)
        self.browser.run("[...document.querySelectorAll('.graph-tools button')].pop().click()")
        self.browser.wait("document.querySelector(arguments[0]).getAttribute('transform') === arguments[1]", "everything tidied up", box, before)


if __name__ == "__main__":
    browser.or_skip()
    harness.main()
