"""What was bought recently, on a real Kafka and a real Redis: counted once whatever is killed, taken over, fresh or said to be stale."""
import concurrent.futures
import json
import random
import shutil
import signal
import sqlite3
import tempfile
import threading
import time
import urllib.error

import confluent_kafka

import harness
import kafka_case
import processes
import wire
from chains import Chains, canonical, drawn, is_work, lines
from recent import AGGREGATORS, RECENT, Recent

COUNTED = """
orders POST 201
  orders send orders-placed ~echo
    aggregator process orders-placed
      aggregator send orders-counted ~echo
        orders process orders-counted
      aggregator send recent-changed ~echo
        home process recent-changed
"""
SESSION = {"SESSION_TIMEOUT_MS": "2000"}


class RecentProducts(kafka_case.KafkaCase):
    settings = {"group.min.session.timeout.ms": 1000}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()

        def keep(started):
            cls.addClassCleanup(started.close)
            return started
        for topic in RECENT.topics:
            name, _, count = topic.partition(":")
            cls.cluster.create_topic(name, int(count or 1))
        cls.flows = tempfile.NamedTemporaryFile("w", suffix=".yaml")
        cls.addClassCleanup(cls.flows.close)
        cls.flows.write(RECENT.flows.read_text().replace("within 10s", "within 3s"))  # what is dropped is missed sooner
        cls.flows.flush()
        cls.collect = keep(processes.Collector(arguments=["--flows", cls.flows.name]))
        cls.recent = Recent(keep, cls.collect.url, brokers=cls.cluster.bootstrap(), environment=SESSION)
        cls.chains = Chains(cls.collect.url, "order")
        cls.recent.active()

    def setUp(self):
        for name in self.recent.services:
            if self.recent.services[name].process.poll() is not None:
                self.recent.start_service(name)
            self.recent.fault(name)
        if self.recent.backing["cache"].process.poll() is not None:
            self.recent.start_backing(RECENT.backing[0])
        self.recent.wait_for_group()

    def place(self, count=3, **wish):
        for _ in range(count):
            self.assertEqual(self.recent.order(**wish)[0], 201)

    def shown_with(self, text):
        return self.fields_of("home", "/").body.decode().count(text)

    def fields_of(self, name, path):
        return wire.ask(("127.0.0.1", self.recent.ports[name]), path)

    # What becomes of an order

    def test_an_order_is_on_the_page_and_its_chain_says_how_it_got_there(self):
        self.place()
        status, order = self.recent.order("samovar", customer="ada@example.org")
        self.assertEqual(status, 201)
        self.recent.wait_until_shown()
        page = self.recent.direct("home", "/recent?customer=ada@example.org")
        self.assertEqual([each["product"] for each in page["bought"]], ["samovar"])
        self.assertIn("<td>samovar", self.fields_of("home", "/?customer=ada@example.org").body.decode())
        chain = self.assert_chain(order["orderId"])
        self.assertEqual(chain["keys"], {"order": [order["orderId"]], "product": ["samovar"], "customer": ["ada@example.org"]})
        harness.wait_for(lambda: self.recent.direct("orders", f"/orders/{order['orderId']}")["state"] == "counted", "orders to hear of it", 30)

    def assert_chain(self, number):
        """The order's chain is exactly this, of this order alone."""
        chain, spans = self.chains.whole(number, len(lines(COUNTED)), work=is_work)
        told = [line.replace("~timing", "~echo") for line in drawn(spans, is_work)]  # what is alone in its time needs no value
        self.assertEqual(canonical(told), canonical(lines(COUNTED)))
        self.assertEqual(set().union(*(span.key("order") for span in spans)), {number})
        return chain

    def test_orders_that_are_counted_together_have_each_a_chain_of_its_own(self):
        for name in AGGREGATORS:
            self.recent.fault(name, slow="50ms")  # records wait for each other
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            placed = list(pool.map(lambda _: self.recent.order("honey", customer="eve@example.org"), range(12)))
        self.recent.wait_until_shown()
        self.assertEqual([status for status, _ in placed], [201] * 12)
        for _, order in placed:
            self.assert_chain(order["orderId"])

    # Once

    def test_what_comes_twice_counts_once(self):
        for name in ("orders", *AGGREGATORS):
            self.recent.fault(name, duplicating=True)
        before = self.outcomes()
        self.place(10)
        self.recent.wait_until_shown()
        harness.wait_for(lambda: self.outcomes()["duplicate"] - before["duplicate"] >= 30, "four of each to be looked at", 30)
        self.assertEqual(self.outcomes()["counted"] - before["counted"], 10)

    def outcomes(self):
        """Of both aggregators; which of them counts may change meanwhile."""
        each = [self.recent.state(name)["outcomes"] for name in AGGREGATORS]
        return {name: sum(one[name] for one in each) for name in each[0]}

    def test_a_topic_that_is_delivered_again_counts_once(self):
        self.place(5)
        self.recent.wait_until_shown()
        records = kafka_case.CONFLUENT.consume(self.cluster.bootstrap(), "orders-placed", None)
        producer = confluent_kafka.Producer({"bootstrap.servers": self.cluster.bootstrap()})
        for record in records:
            producer.produce("orders-placed", record.value, record.key)
        broken = json.loads(records[0].value)
        for nonsense in (None, b"\xff no order", b"[" * 100_000, json.dumps({"eventId": 1}).encode(), json.dumps({**broken, "eventId": "\ud800"}).encode()):
            producer.produce("orders-placed", nonsense, b"nobody")
        for nonsense in (None, b"{", b"[" * 100_000, b'{"orderId": "%s"}' % (b"9" * 30), b'{"orderId": {}}'):
            producer.produce("orders-counted", nonsense, b"nobody")
        self.assertEqual(producer.flush(10), 0)
        status, order = self.recent.order()  # behind all of these
        self.assertEqual(status, 201)
        self.recent.wait_until_shown()
        harness.wait_for(lambda: self.recent.direct("orders", f"/orders/{order['orderId']}")["state"] == "counted", "orders to hear of it", 30)

    def test_a_topic_that_is_read_again_from_its_beginning_counts_once(self):
        self.place(5)
        self.recent.wait_until_shown()
        for name in AGGREGATORS:
            self.recent.kill(name)
        database = sqlite3.connect(self.recent.places["shared"] / "recent.db")
        with database:
            database.execute("UPDATE partitions SET next_offset = 0")
        database.close()
        for name in AGGREGATORS:
            self.recent.start_service(name)
        self.place(1)
        self.recent.wait_until_shown()

    def test_an_order_that_was_not_told_of_yet_survives_a_kill(self):
        self.recent.wait_until_shown()
        before = self.recent.shown().get("samovar", 0)
        self.recent.sidecars["orders"].signal(signal.SIGSTOP)  # and with it Kafka
        try:
            answer = wire.ask(("127.0.0.1", self.recent.ports["orders"]), "/orders", method="POST", body=b'{"product": "samovar"}')
            self.assertEqual(answer.status, 201, "an order does not wait for Kafka")
            self.assertEqual(self.recent.direct("orders", "/healthz")["unpublished"], 1)
            self.recent.kill("orders")
        finally:
            self.recent.sidecars["orders"].signal(signal.SIGCONT)
        self.recent.start_service("orders")
        self.recent.wait_until_shown()
        self.assertEqual(self.recent.shown()["samovar"], before + 1)

    def test_whoever_is_killed_under_load_counts_are_what_sql_says(self):
        chance, ended, before = random.Random(), threading.Event(), sum(self.recent.ordered().values())
        seed = chance.randrange(2**32)
        chance.seed(seed)
        with self.subTest(seed=seed), concurrent.futures.ThreadPoolExecutor(4) as pool:
            def customer(number):
                placed = 0
                while not ended.is_set():
                    self.recent.order_surely(product=("tea", "honey", "cocoa")[placed % 3], customer=f"loaded-{number}@example.org")
                    placed += 1
                return placed
            customers = [pool.submit(customer, number) for number in range(3)]
            try:
                for victim in ("orders", "active", "orders", "active", "orders"):
                    self.killed_once_more(victim, chance)
            finally:
                ended.set()
            placed = sum(each.result() for each in customers)
        self.recent.wait_until_shown()
        self.assertEqual(sum(self.recent.ordered().values()) - before, placed, "an order that was answered is there, once")
        self.assertGreater(placed, 50)
        print(f"{placed} orders, five times kill -9: counted as in SQL", flush=True)

    def killed_once_more(self, victim, chance):
        """At a random moment of its work, of which more has come than it had before."""
        before = sum(self.recent.shown().values())
        harness.wait_for(lambda: sum(self.recent.shown().values()) > before, "something to be counted", 60)
        time.sleep(chance.random() / 10)  # the moment
        name = self.recent.active() if victim == "active" else victim
        self.recent.kill(name)
        self.recent.start_service(name)

    # Standing by

    def test_the_standby_takes_over_from_one_that_is_killed(self):
        gone = self.recent.active()
        self.recent.kill(gone)
        killed = time.monotonic()
        self.place(3)
        self.recent.wait_until_shown()
        print(f"killed: taken over and counted after {time.monotonic() - killed:.1f} s", flush=True)
        self.assertLess(time.monotonic() - killed, 20)
        self.assertEqual(self.recent.active(), next(name for name in AGGREGATORS if name != gone))

    def test_one_that_slept_through_a_takeover_changes_nothing(self):
        sleeper = self.recent.active()
        self.recent.fault(sleeper, slow="500ms")
        self.place(2)
        claims = self.recent.state(sleeper)["claims"]
        harness.wait_for(lambda: self.recent.state(sleeper)["workingOn"] is not None, "it to be at work", 30)
        self.recent.services[sleeper].signal(signal.SIGSTOP)  # in the middle of a record
        slept = time.monotonic()
        try:
            successor = self.recent.active(but=(sleeper,))
            self.recent.wait_until_shown()
            print(f"paused: taken over and counted after {time.monotonic() - slept:.1f} s", flush=True)
        finally:
            self.recent.services[sleeper].signal(signal.SIGCONT)
        self.recent.services[sleeper].wait_for_log("standby: .* was claimed by another one", within=60)
        self.recent.services[sleeper].wait_for_log("(?s)was claimed by another one.*given: ", within=60)
        self.recent.wait_for_group()
        self.place(2)
        self.recent.wait_until_shown()
        epochs = [each for name in (sleeper, successor) for each in self.recent.state(name)["claims"].values()]
        self.assertGreater(max(epochs), max(claims.values()))
        self.assertEqual(len(epochs), 1, "one of them counts")

    # Freshness

    def test_a_page_that_nobody_keeps_fresh_says_so(self):
        self.place(1)
        self.recent.wait_until_shown()
        answer = self.fields_of("home", "/recent")
        self.assertEqual((answer.get("Freshness"), answer.get("Freshness-Source")), ("fresh", "cache"))
        self.assertLessEqual(float(answer.get("Freshness-Age")), 5)
        for name in AGGREGATORS:
            self.recent.services[name].signal(signal.SIGSTOP)
        try:
            harness.wait_for(lambda: self.fields_of("home", "/freshness").status == 503, "/freshness to say so", 30)
            answer = self.fields_of("home", "/")
            self.assertEqual(answer.get("Freshness"), "stale")
            self.assertIn("Stale: complete up to", answer.body.decode())
            self.assertEqual(self.fields_of("home", "/healthz").status, 200, "it still has a page")
            harness.wait_for(lambda: self.verdict("home") == "degraded", "its sidecar to find out", 30)
            self.assertEqual(self.recent.sidecars["home"].get("/readyz").status, 200)
        finally:
            for name in AGGREGATORS:
                self.recent.services[name].signal(signal.SIGCONT)
        harness.wait_for(lambda: self.fields_of("home", "/freshness").status == 200, "it to be fresh again", 60)
        harness.wait_for(lambda: self.verdict("home") == "healthy", "its sidecar to find that out, too", 30)

    def verdict(self, name):
        return json.loads(self.recent.sidecars[name].get("/api/health").body)["state"]

    def test_without_the_cache_the_last_good_page_is_shown_and_counting_goes_on(self):
        self.place(2)
        self.recent.wait_until_shown()
        shown = self.recent.shown()
        self.recent.backing["cache"].kill()
        page = self.recent.page()
        self.assertEqual((page["freshness"]["source"], page["freshness"]["state"]), ("last good page", "stale"))
        self.assertEqual({each["product"]: each["orders"] for each in page["products"]}, shown)
        self.assertIn("This is the last good page", self.fields_of("home", "/").body.decode())
        counted = self.outcomes()["counted"]
        self.place(2, customer="eve@example.org", product="biscuits")
        harness.wait_for(lambda: self.outcomes()["counted"] >= counted + 2, "counting to go on", 30)
        self.recent.start_backing(RECENT.backing[0])  # with nothing in it
        self.recent.wait_until_shown()
        page = self.recent.direct("home", "/recent?customer=eve@example.org")
        self.assertIn("biscuits", [each["product"] for each in page["bought"]])

    def test_a_home_that_is_gone_leaves_its_last_good_page_with_its_sidecar(self):
        self.place(1)
        self.recent.wait_until_shown()
        ask = lambda: wire.ask(self.recent.sidecars["home"].inbound, "/")  # noqa: E731
        good = ask()
        self.assertEqual(good.status, 200)
        self.recent.kill("home")
        answer = ask()
        self.assertEqual((answer.status, answer.body), (200, good.body))
        self.assertEqual(answer.get("Outrider-Fallback"), "degrade-home-page", answer.fields)

    # What is expected

    def faults_of(self, number):
        """What is wrong with an order, as the collector tells it."""
        flow, = processes.json_of(f"{self.collect.url}/api/flows")["flows"]
        return [each for each in flow["recent"] if each["run"] == number]

    def run_of(self, number):
        """What the collector knows of an order; nothing before it has heard of it."""
        try:
            return processes.json_of(f"{self.collect.url}/api/flows/recently-bought/runs/{number}")
        except urllib.error.HTTPError as error:
            if error.code != 404:
                raise
            return {"state": "unknown"}

    def wait_for_run(self, number, state):
        try:
            return harness.wait_for(lambda: (run := self.run_of(number))["state"] == state and run, f"the run of order {number} to be {state}", 60)
        except AssertionError as error:
            raise AssertionError(f"{error}: {self.run_of(number)}") from error

    def test_an_order_that_is_shown_has_gone_as_expected(self):
        number = self.recent.order()[1]["orderId"]
        run = self.wait_for_run(number, "completed")
        self.assertEqual([each["name"] for each in run["events"]], ["order.taken", "order.placed", "order.counted", "order.shown"])
        self.assertEqual(self.faults_of(number), [])

    def test_an_order_that_is_dropped_is_missed_at_the_step_that_did_not_come(self):
        for name in AGGREGATORS:
            self.recent.fault(name, dropping=1)
        self.addCleanup(self.recent.day_passes)  # it will never be counted
        number = self.recent.order("samovar")[1]["orderId"]
        fault, = harness.wait_for(lambda: self.faults_of(number), f"order {number} to be missed", 60)
        self.assertEqual((fault["kind"], fault["step"]), ("stuck", "order.counted"), fault)
        print(f"named {(int(fault['toldUnixNano']) - int(fault['deadlineUnixNano'])) / 1e9:.2f} s after its deadline", flush=True)
        self.assertEqual(self.run_of(number)["waitsFor"], "order.counted")

    # A day

    def test_a_day_later_nothing_of_it_is_left(self):
        self.place(3)
        self.recent.wait_until_shown()
        self.assertGreaterEqual(sum(self.recent.shown().values()), 3)
        self.recent.day_passes()
        harness.wait_for(lambda: self.recent.shown() == {}, "the page to be empty", 30)
        self.recent.wait_until_shown()
        self.place(2, product="honey")
        self.recent.wait_until_shown()
        self.assertEqual(self.recent.shown(), {"honey": 2})


if __name__ == "__main__":
    if not shutil.which("redis-server"):
        kafka_case.missing("Redis", "redis-server")
    kafka_case.main()
