"""`outrider chain` and `outrider topology` from files: every drawing of the chains in tests/data/chains, judged by Mermaid's own parser
and by one of XML."""
import json
import pathlib
import subprocess
import xml.dom.minidom

import harness
import node_packages

SUPPORT = pathlib.Path(harness.__file__).resolve().parent
CHAINS = SUPPORT.parent / "data" / "chains"
NAMES = ("http", "events", "derived", "troubled", "inferred", "gaps", "stuck", "knots", "hostile")


class Drawings(harness.Case):
    def draw(self, *arguments):
        done = harness.run(*arguments)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def test_are_mermaid(self):
        folder = pathlib.Path(self.folder())
        for name in NAMES:
            source = ("--file", str(CHAINS / f"{name}.json"))
            for view in ("sequence", "flow"):
                (folder / f"{name}.{view}.mmd").write_text(self.draw("chain", *source, "--as", view))
            (folder / f"{name}.topology.mmd").write_text(self.draw("topology", *source, "--as", "mermaid"))
        files = sorted(str(each) for each in folder.glob("*.mmd"))
        self.assertEqual(len(files), 3 * len(NAMES))
        done = subprocess.run(["node", str(SUPPORT / "mermaid_check.mjs"), MERMAID, *files], capture_output=True, text=True, timeout=240)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stdout.count(": sequence"), len(NAMES))

    def test_are_svg_that_fetches_and_runs_nothing(self):
        for name in NAMES:
            source = ("--file", str(CHAINS / f"{name}.json"))
            for drawn in (self.draw("chain", *source, "--as", "sequence", "--draw", "svg"), self.draw("chain", *source, "--as", "flow", "--draw", "svg"),
                          self.draw("topology", *source, "--as", "svg")):
                document = xml.dom.minidom.parseString(drawn)
                elements = {each.tagName for each in document.getElementsByTagName("*")}
                self.assertLessEqual(elements, {"svg", "title", "style", "defs", "marker", "path", "rect", "text"})
                self.assertNotIn("\u202e", drawn)

    def test_say_where_it_is_stuck(self):
        last = self.draw("chain", "--file", str(CHAINS / "stuck.json"), "--key", "order=4711").splitlines()[-1]
        self.assertEqual(last, "stuck: stock-reserved[0]@77 was sent at +23.5 ms and no consumer of it is known")

    def test_take_standard_input(self):
        spans = (CHAINS / "http.json").read_bytes()
        done = subprocess.run([harness.processes.OUTRIDER, "chain", "--file", "-", "--as", "json"], input=spans, capture_output=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr)
        chain, = json.loads(done.stdout)["chains"]
        self.assertEqual((chain["state"], chain["keys"]), ("complete", {"order": ["4711"]}))


if __name__ == "__main__":
    MERMAID = node_packages.folder_or_skip("mermaid.sh")
    harness.main()
