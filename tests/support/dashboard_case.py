"""What tests of the dashboard start from: a browser, and collectors that know something."""
import contextlib
import hashlib
import json
import pathlib
import threading
import urllib.parse
import urllib.request

import browser
import harness
import processes

VIEWS = {"topology": "#/topology?view=graph", "table": "#/topology?view=table", "panel": "#/topology?view=graph&select=service:orders", "chains": "#/chains",
         "sidecars": "#/sidecars", "flows": "#/flows"}


def api(collector, path):
    return processes.json_of(collector.url + path)


def push(collector, **card):
    """Tells of a sidecar as that would itself."""
    card = {"secret": hashlib.sha256(f"{card.get('service')} {card.get('instance')}".encode()).hexdigest(), "state": "running", "version": "1.0.0", **card}
    sent = urllib.request.Request(f"{collector.url}/v1/sidecars", json.dumps(card).encode(), {"Content-Type": "application/json"})
    with processes.DIRECT.open(sent, timeout=30) as answer:
        return answer.status


class Telling:
    """Sidecars that tell how they are every two seconds, as real ones do, until they are made silent."""

    def __init__(self, collector, cards):
        self.collector, self.cards, self.ended = collector, {card["service"]: card for card in cards}, threading.Event()
        self.thread = threading.Thread(target=self.tell, daemon=True)
        self.thread.start()

    def tell(self):
        while True:
            for card in list(self.cards.values()):
                with contextlib.suppress(OSError):
                    push(self.collector, **card)
            if self.ended.wait(2):
                return

    def silence(self, service):
        return self.cards.pop(service)

    def again(self, card):
        self.cards[card["service"]] = card

    def close(self):
        self.ended.set()
        self.thread.join(60)


def chains(collector, **asked):
    return api(collector, "/api/chains?" + urllib.parse.urlencode({"limit": 1000, **asked}))["chains"]


class DashboardCase(harness.Case):
    """One browser for the class; `view` goes somewhere in the page of a collector."""

    @classmethod
    def setUpClass(cls):
        cls.browser = browser.Browser(browser.profile_folder(cls))
        cls.addClassCleanup(cls.browser.close)

    @classmethod
    def started(cls, *arguments):
        collector = processes.Collector(arguments=arguments)
        cls.addClassCleanup(collector.close)
        return collector

    def setUp(self):
        self.browser.look(browser.DESKTOP)

    def tearDown(self):
        self.assertEqual(self.browser.complaints(), [])

    def view(self, place, ready=None, collector=None):
        self.browser.open(f"{(collector or self.collector).url}/{place}")
        self.browser.wait_for(ready or "main h1, main h2")


def axe():
    return (pathlib.Path(PACKAGES) / "node_modules/axe-core/axe.min.js").read_text()


PACKAGES = ""
