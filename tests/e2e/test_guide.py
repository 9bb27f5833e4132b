"""The guide: every command of every page is typed, in order, and prints what the page shows."""
import os
import pathlib
import re
import shutil
import subprocess
import sys

import guide_pages
import harness
import processes
import shop

GUIDE = processes.ROOT / "deploy/guide"
ORDER = re.findall(r"\]\((\w[\w-]*\.md)\)", (GUIDE / "index.md").read_text())
# What the pages call for that is not the system's own.
TREE = ("examples", "policies", "deploy")
LINK = re.compile(r"\]\(([^)#\s]+)(#[^)]*)?\)")


class Guide(harness.Case):
    def reader(self):
        """A shell in something like a clone, which may be written to, with the program on its path."""
        folder = self.folder()
        for name in TREE:
            shutil.copytree(processes.ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        (folder / ".bin").mkdir()
        (folder / ".bin/outrider").symlink_to(pathlib.Path(processes.OUTRIDER).resolve())
        (folder / ".bin/shop_payment").symlink_to(pathlib.Path(shop.PAYMENT).resolve())
        environment = processes.clean_environment({"PATH": f"{folder}/.bin:{os.environ['PATH']}", "HOME": str(folder), "LANG": "C.UTF-8",
                                                   "COLUMNS": "120", "PYTHONDONTWRITEBYTECODE": "1", "OUTRIDER_TRACING_BATCH_DELAY": "200ms"})
        reader = guide_pages.Reader(folder, environment)
        self.addCleanup(reader.close)
        return reader

    def read(self, page):
        steps, reader = guide_pages.steps(GUIDE / page), None
        for step in steps:
            if isinstance(step, guide_pages.Skipped):
                print(f"not run, {step.reason}: {step.text.strip()}", file=sys.stderr)
                continue
            reader = reader or self.reader()
            if isinstance(step, guide_pages.Written):
                path = reader.folder / step.name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(step.text)
                continue
            wrong = reader.do(step)
            if wrong:
                self.fail(f"{page}:{step.line}: {step.command}\n{wrong}")

    def test_the_index_names_every_page(self):
        self.assertEqual(sorted([*ORDER, "index.md"]), sorted(page.name for page in GUIDE.glob("*.md")))

    def test_links_lead_somewhere(self):
        for page in GUIDE.glob("*.md"):
            for target, _ in LINK.findall(page.read_text()):
                if not target.startswith(("http:", "https:")):
                    self.assertTrue((page.parent / target).exists(), f"{page.name}: {target}")

    def test_few_commands_are_not_run(self):
        steps = [step for page in ORDER for step in guide_pages.steps(GUIDE / page)]
        skipped = [line for step in steps if isinstance(step, guide_pages.Skipped) for line in step.text.splitlines() if line.startswith("$ ")]
        run = [step for step in steps if isinstance(step, guide_pages.Typed)]
        self.assertGreater(len(run), 3 * len(skipped), skipped)


def test_of(page):
    return lambda self: self.read(page)


for _page in ORDER:
    if guide_pages.steps(GUIDE / _page):
        setattr(Guide, "test_" + _page.removesuffix(".md").replace("-", "_"), test_of(_page))


def in_a_network_of_its_own():
    """The pages use the ports that a reader would use: nobody else's are to be in the way."""
    if os.environ.get("GUIDE_NETWORK") or os.geteuid() != 0:
        return
    os.environ["GUIDE_NETWORK"] = "own"
    os.execvp("unshare", ["unshare", "--net", sys.executable, *sys.argv])


if __name__ == "__main__":
    in_a_network_of_its_own()
    if os.environ.get("GUIDE_NETWORK") == "own":
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    harness.main()
