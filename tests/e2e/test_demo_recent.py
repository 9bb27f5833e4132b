"""What ./demo recent runs, on the embedded broker: a page before and after, a takeover, a chain; and what it tells to type works."""
import json
import re
import shutil
import signal
import subprocess

import dev_broker
import harness
import processes

RUN = [dev_broker.PYTHON, processes.ROOT / "examples/recent_products/run.py", "--outrider", processes.OUTRIDER]
ENVIRONMENT = {"PYTHONDONTWRITEBYTECODE": "1", "LANG": "C.UTF-8", "COLUMNS": "120"}


def goods(text):
    """{product: orders} of "2 x tea, 1 x honey"."""
    return {product: int(count) for count, product in re.findall(r"(\d+) x (\w+)", text)}


class DemoRecent(harness.Case):
    def test_shows_a_page_a_takeover_and_a_chain(self):
        done = subprocess.run([*map(str, RUN), "--once"], capture_output=True, text=True, timeout=200, env=processes.clean_environment(ENVIRONMENT))
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        pages = dict(re.findall(r"^(Before|After|Three more|The page)[^:]*: (.*)$", done.stdout, re.MULTILINE))
        self.assertEqual(goods(pages["Before"]), {"tea": 1})
        self.assertEqual(goods(pages["After"]), {"tea": 3, "biscuits": 1, "samovar": 1, "honey": 1, "coffee": 1})
        self.assertEqual(goods(pages["Three more"]), {"tea": 4, "biscuits": 1, "samovar": 1, "honey": 2, "coffee": 2})
        gone, successor, placed = re.search(r"^(\S+) was killed: (\S+) has taken over, and (\d+) orders", done.stdout, re.MULTILINE).groups()
        self.assertEqual({gone, successor}, {"aggregator-1", "aggregator-2"})
        self.assertEqual(goods(pages["The page"]), {**goods(pages["Three more"]), "cocoa": int(placed)})
        chain, _, flow = done.stdout.partition(" chain --key ")[2].partition("recently-bought: ")
        for topic in ("orders-placed", "orders-counted", "recent-changed"):
            self.assertIn(f"process {topic}", chain)
        told = set(re.findall(r"duplicate +(\d+): order\.(\w+) came once more", flow))
        numbers = {number for number, _ in told}  # of the three whose events were published twice
        self.assertEqual(len(numbers), 3, flow)
        self.assertEqual(told, {(number, step) for number in numbers for step in ("placed", "counted", "shown")})

    def test_keeps_running_and_tells_what_to_type(self):
        demo = self.keep(processes.Process(RUN, ENVIRONMENT))
        demo.wait_for_log("^Kafka: ", within=200)
        told = demo.log()
        wish, orders = re.search(r"curl -d '(\{.*\})' (http://\S+/orders)$", told, re.MULTILINE).groups()
        page = re.search(r"curl -i '(http://\S+/recent\?customer=you)'", told)[1]
        self.assertEqual(json.loads(self.curl("-d", wish, orders))["state"], "placed")
        harness.wait_for(lambda: "tea" in [each["product"] for each in json.loads(self.curl(page))["bought"]], "the page of a customer", 60)
        redis = int(re.search(r"kill (\d+) +# Redis", told)[1])
        cleared = re.search(r"echo 90000 > (\S+)", told)[1]
        with open(cleared, "w") as clock:
            clock.write("90000\n")
        harness.wait_for(lambda: json.loads(self.curl(page))["products"] == [], "a day to pass", 60)
        subprocess.run(["kill", str(redis)], check=True)
        harness.wait_for(lambda: json.loads(self.curl(page))["freshness"]["source"] == "last good page", "the last good page", 60)
        demo.signal(signal.SIGINT)
        self.assertEqual(demo.wait(30), 0, demo.log())

    @staticmethod
    def curl(*arguments):
        return subprocess.run(["curl", "-s", "--max-time", "20", *arguments], capture_output=True, text=True, timeout=30,
                              env=processes.clean_environment()).stdout


if __name__ == "__main__":
    if not shutil.which("redis-server"):
        harness.skip_all("no redis-server here")
    harness.main()
