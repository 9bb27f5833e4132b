"""A headless Chromium for tests of pages: the distribution's, driven by its own driver through Selenium."""

import math
import os
import pathlib
import shutil
import sys
import time

import harness
import processes

CHROMIUM, DRIVER = "/usr/bin/chromium", "/usr/bin/chromedriver"
# What lets it run as root, and keeps it from calling its maker's hosts.
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update",
         "--disable-sync", "--disable-dev-shm-usage", "--hide-scrollbars")
DESKTOP, PHONE = (1280, 800), (360, 740)

# Before anything of the page runs: what must not happen is noted, and when something was first seen.
WATCH = """
window.watched = {violations: [], errors: [], seen: {}};
addEventListener("securitypolicyviolation", (e) => watched.violations.push(`${e.violatedDirective} ${e.blockedURI} ${e.sample}`));
addEventListener("error", (e) => watched.errors.push(String(e.message)));
addEventListener("unhandledrejection", (e) => watched.errors.push(String(e.reason)));
for (const name of ["alert", "confirm", "prompt"]) window[name] = () => watched.errors.push(`${name} ran`);
new MutationObserver((_, observer) => {
    if (!document.querySelector(".node, .chains tbody tr, .row, .card")) return;
    observer.disconnect();
    requestAnimationFrame(() => requestAnimationFrame(() => { watched.seen.first = performance.now(); }));
}).observe(document, {subtree: true, childList: true});
"""


def missing():
    """Why there is no browser here; None: there is one."""
    for program in (CHROMIUM, DRIVER):
        if not os.access(program, os.X_OK):
            return f"no {program}"
    try:
        import selenium  # noqa: F401
    except ImportError:
        return "no python3-selenium for " + sys.executable
    return None


def or_skip():
    """Ends the whole file where there is no browser: as failed in CI, elsewhere as skipped."""
    why = missing()
    if why is None:
        return
    if os.environ.get("CI") == "true":
        sys.exit(f"error: CI looks at pages in Chromium, and there is {why}")
    harness.skip_all(f"there is {why}")


def pictures():
    """Where screenshots go."""
    folder = pathlib.Path(os.environ.get("OUTRIDER_SCREENSHOTS", processes.ROOT / "build/suite/dashboard"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


class Browser:
    """One window. Every wait has a deadline that also a busy machine holds."""

    def __init__(self, profile):
        from selenium import webdriver
        from selenium.webdriver.chrome.service import Service
        options = webdriver.ChromeOptions()
        options.binary_location = CHROMIUM
        for flag in (*FLAGS, f"--user-data-dir={profile}"):
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self.driver = webdriver.Chrome(service=Service(DRIVER), options=options)
        self.driver.set_page_load_timeout(200)
        self.driver.set_script_timeout(200)
        self.cdp("Page.addScriptToEvaluateOnNewDocument", source=WATCH)
        self.look(DESKTOP)

    def close(self):
        self.driver.quit()

    def cdp(self, command, **parameters):
        return self.driver.execute_cdp_cmd(command, parameters)

    def look(self, size, dark=False):
        self.cdp("Emulation.setDeviceMetricsOverride", width=size[0], height=size[1], deviceScaleFactor=1, mobile=False)
        self.cdp("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])

    def run(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def open(self, url):
        """Loads the page anew, wherever in it that is."""
        self.driver.get("about:blank")
        self.driver.get(url)

    def go(self, place):
        """Within the page, as a link would."""
        self.run("location.hash = arguments[0]", place)

    def wait(self, script, what, *arguments, within=30):
        """The value of this expression, once it is one."""
        try:
            return harness.wait_for(lambda: self.run(f"return ({script})", *arguments), what, within)
        except AssertionError as error:
            raise AssertionError(f"{error}\nseen: {self.text()[:1500]}\nwatched: {self.run('return window.watched')}") from None

    def wait_for(self, selector, what=None, within=30):
        return self.wait("document.querySelector(arguments[0]) !== null", what or selector, selector, within=within)

    def wait_gone(self, selector, within=30):
        return self.wait("document.querySelector(arguments[0]) === null", f"no {selector}", selector, within=within)

    def count(self, selector):
        return self.run("return document.querySelectorAll(arguments[0]).length", selector)

    def text(self, selector="body"):
        return self.run("return document.querySelector(arguments[0])?.innerText ?? ''", selector)

    def texts(self, selector):
        return self.run("return [...document.querySelectorAll(arguments[0])].map((e) => e.innerText)", selector)

    def labels(self, selector):
        return self.run("return [...document.querySelectorAll(arguments[0])].map((e) => e.getAttribute('aria-label'))", selector)

    def click(self, selector):
        """With the mouse, at its middle."""
        x, y = self.middle(selector)
        for kind, buttons in (("mouseMoved", 0), ("mousePressed", 1), ("mouseReleased", 0)):
            self.mouse(kind, x, y, buttons)

    def middle(self, selector):
        return self.run("const e = document.querySelector(arguments[0]); e.scrollIntoView({block: 'nearest'}); const r = e.getBoundingClientRect();"
                        "return [r.x + r.width / 2, r.y + r.height / 2]", selector)

    def mouse(self, kind, x, y, buttons=0):
        self.cdp("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left" if kind != "mouseMoved" or buttons else "none", buttons=buttons, clickCount=1)

    def press(self, *keys):
        """Keys one after another, to whatever has the focus: names such as "Tab", or "Shift+Tab"."""
        from selenium.webdriver.common.action_chains import ActionChains
        from selenium.webdriver.common.keys import Keys
        named = {"Tab": Keys.TAB, "Enter": Keys.ENTER, "Escape": Keys.ESCAPE, "Space": " ", "Home": Keys.HOME, "End": Keys.END, "PageDown": Keys.PAGE_DOWN,
                 "Left": Keys.ARROW_LEFT, "Right": Keys.ARROW_RIGHT, "Up": Keys.ARROW_UP, "Down": Keys.ARROW_DOWN}
        actions = ActionChains(self.driver, duration=0)
        for key in keys:
            shifted = key.startswith("Shift+")
            plain = key[6:] if shifted else key
            if shifted:
                actions.key_down(Keys.SHIFT)
            actions.send_keys(named.get(plain, plain))
            if shifted:
                actions.key_up(Keys.SHIFT)
        actions.perform()

    def focused(self):
        """What has the focus: its tag, label or text, and whether one sees that it has it."""
        return self.run("""
            const e = document.activeElement, r = e.getBoundingClientRect(), style = getComputedStyle(e);
            const ring = (of) => of && (getComputedStyle(of).outlineStyle !== "none" && parseFloat(getComputedStyle(of).outlineWidth) >= 2);
            const box = e.querySelector(":scope > rect");
            return {tag: e.tagName.toLowerCase(), id: e.id, label: (e.getAttribute("aria-label") ?? e.innerText ?? e.value ?? "").slice(0, 80),
                    seen: ring(e) || (box !== null && parseFloat(getComputedStyle(box).strokeWidth) >= 3),
                    inside: r.bottom > 0 && r.right > 0 && r.top < innerHeight && r.left < innerWidth, shown: style.visibility !== "hidden"}""")

    def wide(self):
        """How much wider than the window the page is, and what sticks out of it (what scrolls by itself may)."""
        return self.run("""
            const out = [], scrolls = (e) => e && e !== document.body && (["auto", "scroll", "hidden", "clip"].includes(getComputedStyle(e).overflowX) || scrolls(e.parentElement));
            for (const e of document.body.querySelectorAll("*")) {
                const r = e.getBoundingClientRect();
                if (r.width > 1 && r.right > innerWidth + 1 && !e.ownerSVGElement && !scrolls(e)) out.push(`${e.tagName}.${e.className} ${r.right}`);
            }
            return [document.documentElement.scrollWidth - innerWidth, out.slice(0, 5)]""")

    def audit(self, axe):
        """What axe-core finds wrong with the page as it is, contrast (AA) included."""
        if not self.run("return 'axe' in window"):
            self.run(axe)
        found = self.driver.execute_async_script("""
            const done = arguments[arguments.length - 1];
            axe.run(document, {runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"], resultTypes: ["violations"]})
                .then((all) => done(all.violations.map((v) => [v.id, v.help, v.nodes.slice(0, 4).map((n) => `${n.target} ${n.failureSummary}`.slice(0, 300))])), (e) => done([["axe", String(e), []]]));""")
        return [f"{rule}: {help_text}\n    " + "\n    ".join(nodes) for rule, help_text, nodes in found]

    def complaints(self):
        """What the page's own watch and the browser's console have to say, failed requests apart."""
        watched = self.run("return window.watched")
        console = [each["message"] for each in self.driver.get_log("browser") if "Failed to load resource" not in each["message"]]
        return [*watched["violations"], *watched["errors"], *console]

    def first_view(self, url):
        """Milliseconds from going there until something of the view has been drawn."""
        self.open(url)
        return self.wait("window.watched.seen.first", "the first view")

    def frames_while(self, seconds, move):
        """Calls `move(seconds since the start)` all the time; the times between two frames meanwhile, in milliseconds."""
        self.run("window.frames_ = []; window.going_ = true; const f = (t) => { frames_.push(t); if (going_) requestAnimationFrame(f); }; requestAnimationFrame(f);")
        began = time.monotonic()
        while (passed := time.monotonic() - began) < seconds:
            move(passed)
        times = self.run("window.going_ = false; return frames_")
        return [later - earlier for earlier, later in zip(times, times[1:])]

    def drag_around(self, selector, seconds):
        """Drags something in circles with the mouse; the times between frames."""
        x, y = self.middle(selector)
        self.mouse("mouseMoved", x, y)
        self.mouse("mousePressed", x, y, 1)
        frames = self.frames_while(seconds, lambda t: self.mouse("mouseMoved", x + 140 * math.sin(2 * t), y + 110 * math.sin(3.4 * t), 1))
        self.mouse("mouseReleased", x, y)
        return frames

    def picture(self, name):
        self.driver.save_screenshot(str(pictures() / f"{name}.png"))


def profile_folder(case):
    """A new profile, gone with the class."""
    import tempfile
    folder = tempfile.mkdtemp(prefix="outrider-browser-")
    case.addClassCleanup(shutil.rmtree, folder, ignore_errors=True)
    return folder






