"""What counts as bought recently, in examples/recent_products, without any process: each event once, for a day, by its owner alone."""
import json
import random
import sys
import tempfile
import unittest

import harness
import processes

sys.path.insert(0, str(processes.ROOT / "examples/recent_products"))
import freshness  # noqa: E402
import order_book  # noqa: E402
import outbox  # noqa: E402
import ownership  # noqa: E402
import page  # noqa: E402
import tally  # noqa: E402
import window  # noqa: E402

NOW = 1_795_780_000_000
PARTITION = "orders-placed/0"


def event(number, product="tea", at=NOW, customer="ada", quantity=2):
    return tally.Event(f"event-{number}", str(number), customer, product, quantity, at)


class Counting(harness.Case):
    tally_holder = "first"

    def setUp(self):
        self.database = tally.open_database(self.folder() / "recent.db")
        self.tally = self.claimed("first")

    def claimed(self, holder, seconds=0.0):
        epoch, _ = ownership.claim(self.database, PARTITION, holder, seconds, lease=3)
        return tally.Tally(self.database, PARTITION, epoch)

    def count(self, *events, now=NOW):
        return [self.tally.count(each, offset, now, 1.0) for offset, each in enumerate(events)]

    def orders(self, now=NOW):
        return {each["product"]: (each["orders"], each["quantity"]) for each in tally.document(self.database, now)["products"]}

    def test_an_event_counts_once(self):
        self.assertEqual(self.count(event(1), event(1), event(2, "coffee"), event(1)), ["counted", "duplicate", "counted", "duplicate"])
        self.assertEqual(self.orders(), {"tea": (1, 2), "coffee": (1, 2)})

    def test_what_is_told_of_it_is_told_once_too(self):
        self.count(event(1), event(1))
        self.assertEqual([json.loads(value)["orderId"] for *_, value in outbox.waiting(self.database, PARTITION)], ["1"])
        self.assertEqual([customer for _, customer, _ in self.tally.uncached()], ["ada"])

    def test_an_order_counts_for_a_day(self):
        self.count(event(1), event(2, at=NOW - window.DAY // 2))
        for later, left in ((window.DAY // 2 - 1, 2), (window.DAY // 2 + window.BUCKET, 1), (window.DAY - 1, 1), (window.DAY + window.BUCKET, 0)):
            self.tally.tick(NOW + later, 1.0, (0, 0))
            self.assertEqual(self.orders().get("tea", (0, 0)), (left, 2 * left), f"{later} ms later")
            self.assertEqual(len(tally.bought_by(self.database, "ada")), min(left, 1))
        self.assertEqual(self.database.rows("SELECT * FROM counted UNION ALL SELECT bucket, orders FROM buckets"), [])

    def test_an_event_of_the_day_before_is_too_late_however_often_it_comes(self):
        old = event(1, at=NOW - window.DAY - window.BUCKET)
        self.assertEqual(self.count(old, old), ["too late"] * 2)
        self.assertEqual(self.orders(), {})

    def test_an_event_that_expired_is_not_counted_when_it_comes_again(self):
        self.count(event(1))
        later = NOW + window.DAY + window.BUCKET
        self.tally.tick(later, 1.0, (0, 0))
        self.assertEqual(self.count(event(1), now=later), ["too late"])

    def test_a_clock_that_is_ahead_keeps_no_order_for_longer(self):
        self.count(event(1, at=NOW + 10 * window.DAY))
        self.tally.tick(NOW + window.DAY + window.BUCKET, 1.0, (0, 0))
        self.assertEqual(self.orders(), {})

    def test_totals_are_the_sums_of_their_buckets_whatever_happens(self):
        chance, now = random.Random(7), NOW
        kept = {}
        for step in range(600):
            now += chance.randrange(0, window.DAY // 100)
            each = event(chance.randrange(400), chance.choice(("tea", "coffee", "honey")), now - chance.randrange(0, window.DAY * 5 // 4),
                         quantity=chance.randrange(1, 9))
            if self.tally.count(each, step, now, 1.0) == "counted":
                kept[each.id] = each
            if chance.random() < 0.3:
                self.tally.tick(now, 1.0, (0, 0))
        self.tally.tick(now, 1.0, (0, 0))
        wanted = {}
        for each in kept.values():
            if window.bucket_of(each.placed_at) >= window.oldest_bucket(now):
                orders, quantity = wanted.get(each.product, (0, 0))
                wanted[each.product] = (orders + 1, quantity + each.quantity)
        self.assertEqual(self.orders(), wanted)

    def test_records_that_are_no_orders_are_told_apart(self):
        good = {"eventId": "e", "orderId": "1", "customer": "ada", "product": "tea", "quantity": 1, "placedAtMs": NOW}
        self.assertEqual(tally.Event.of(good).order, "1")
        for bad in (None, [], "text", {}, {**good, "quantity": -1}, {**good, "quantity": True}, {**good, "placedAtMs": 2**63}, {**good, "customer": 7},
                    {**good, "customer": "\ud800"}, {**good, "product": "x" * 1001}):
            with self.assertRaises(ValueError, msg=bad):
                tally.Event.of(bad)

    def test_counts_are_complete_up_to_now_only_while_nothing_waits(self):
        self.tally.count(event(1, at=NOW - 5000), 6, NOW, 1.0)
        for bounds, lag, complete in (((0, 10), 3, NOW - 5000), (None, None, NOW - 5000), ((0, 7), 0, NOW + 2000), ((0, 8), 1, NOW + 2000)):
            self.tally.tick(NOW + 2000, 1.0, bounds)
            document = tally.document(self.database, NOW + 2000)
            self.assertEqual((document["lag"], document["completeToMs"]), (lag, complete))
        self.tally.count(event(2, at=NOW), 7, NOW + 2000, 1.0)
        self.assertEqual(tally.document(self.database, NOW)["lag"], 0)

    def test_a_topic_whose_records_are_gone_is_counted_from_what_is_left(self):
        self.tally.tick(NOW, 1.0, (40, 42))
        self.assertEqual(tally.document(self.database, NOW)["lag"], 2)
        self.assertEqual(ownership.claim(self.database, PARTITION, self.tally_holder, 1.0, 3)[1], 40)

    def test_the_version_grows_with_every_change(self):
        versions = [tally.document(self.database, NOW)["version"]]
        for change in (lambda: self.count(event(1)), lambda: self.tally.tick(NOW, 1.0, (0, 0)), lambda: self.count(event(2))):
            change()
            versions.append(tally.document(self.database, NOW)["version"])
        self.assertEqual(versions, sorted(set(versions)))


class Owning(Counting):
    """Also runs what the class above asserts, with an owner that took over."""

    tally_holder = "second"

    def setUp(self):
        super().setUp()
        self.before, self.tally = self.tally, self.claimed("second", seconds=10.0)

    def test_who_was_overtaken_changes_nothing(self):
        self.count(event(1))
        for change in (lambda: self.before.count(event(2), 7, NOW, 11.0), lambda: self.before.skip(7, 11.0),
                       lambda: self.before.tick(NOW + 2 * window.DAY, 11.0, (0, 0)), lambda: self.before.cached([(1, "ada", "{}")], 1, NOW, 11.0)):
            with self.assertRaises(ownership.Overtaken):
                change()
        self.assertEqual(self.orders(), {"tea": (1, 2)})
        self.assertEqual(ownership.claim(self.database, PARTITION, "second", 11.0, 3)[1], 1)
        self.assertEqual(len(self.tally.uncached()), 1)

    def test_who_is_at_work_is_not_claimed_from(self):
        self.assertIsNone(ownership.claim(self.database, PARTITION, "first", 12.9, lease=3))
        self.tally.skip(0, 12.9)
        self.assertIsNone(ownership.claim(self.database, PARTITION, "first", 15.8, lease=3))
        self.assertIsNotNone(ownership.claim(self.database, PARTITION, "first", 16.0, lease=3))

    def test_who_lets_go_is_not_waited_for(self):
        ownership.release(self.database, PARTITION, self.before.epoch)  # is not its any more
        self.assertIsNone(ownership.claim(self.database, PARTITION, "first", 11.0, lease=3))
        ownership.release(self.database, PARTITION, self.tally.epoch)
        self.assertEqual(ownership.claim(self.database, PARTITION, "first", 11.0, lease=3)[0], self.tally.epoch + 1)

    def test_an_owner_from_before_the_machine_was_started_anew_is_not_waited_for(self):
        self.assertIsNotNone(ownership.claim(self.database, PARTITION, "third", 5.0, lease=3))


class Ordering(harness.Case):
    def setUp(self):
        self.book = order_book.OrderBook(self.folder() / "orders.db")
        self.wish = {"customer": "ada", "product": "tea", "quantity": 2}

    def events(self):
        return [json.loads(value) for *_, value in outbox.waiting(self.book.database)]

    def test_an_order_and_its_event_are_one_transaction(self):
        order, new = self.book.place(self.wish)
        self.assertTrue(new)
        said, = self.events()
        self.assertEqual({name: said[name] for name in order}, order)
        outbox.published(self.book.database, [place for place, *_ in outbox.waiting(self.book.database)])
        self.assertEqual(self.events(), [])

    def test_an_order_that_cannot_be_told_of_is_not_placed(self):
        self.book.database.run("DROP TABLE outbox")
        with self.assertRaises(Exception):
            self.book.place(self.wish)
        self.assertIsNone(self.book.find(4711))

    def test_the_same_wish_again_is_the_same_order(self):
        first, _ = self.book.place(self.wish, "key-1")
        self.assertEqual(self.book.place(self.wish, "key-1"), (first, False))
        self.assertNotEqual(self.book.place(self.wish, "key-2")[0]["orderId"], first["orderId"])
        self.assertEqual(len(self.events()), 2)
        with self.assertRaises(order_book.Refused):
            self.book.place({**self.wish, "quantity": 3}, "key-1")

    def test_an_order_is_counted_once_somebody_has_said_so(self):
        order, _ = self.book.place(self.wish)
        self.assertEqual((order["state"], self.book.counted(4711), self.book.counted(4711), self.book.counted(4712)), ("placed", True, True, False))
        self.assertEqual(self.book.find(4711), {**order, "state": "counted"})

    def test_wishes_that_make_no_sense_are_refused(self):
        for more in ({"product": "gold"}, {"product": None}, {"product": ["tea"]}, {"quantity": 0}, {"quantity": 1.5}, {"quantity": True},
                     {"quantity": 10**30}, {"customer": ""}, {"customer": 7}, {"customer": "x" * 101},
                     {"customer": "\ud800"}):
            with self.assertRaises((order_book.Refused, ValueError), msg=more):
                self.book.place({**self.wish, **more})
        for key in ("", "k" * 201):
            with self.assertRaises(order_book.Refused, msg=key):
                self.book.place(self.wish, key)
        self.assertEqual(self.events(), [])

    def test_numbers_of_orders(self):
        self.assertEqual([order_book.number_of(text) for text in ("4711", "", "-1", "4 711", "9" * 19, "٣", None, 4711)], [4711] + [None] * 7)


class Showing(unittest.TestCase):
    DOCUMENT = {"completeToMs": NOW, "newestMs": NOW - 60_000, "lag": 0,
                "products": [{"product": "<script>", "orders": 1, "quantity": 2, "newestMs": NOW - 60_000}]}

    def judged(self, later, source="cache", document=DOCUMENT):
        return freshness.judged(document, NOW + later, source, limit=5)

    def test_a_page_is_as_old_as_the_counts_and_not_as_the_last_order(self):
        for later, state in ((0, "fresh"), (5000, "fresh"), (5001, "stale")):
            fresh = self.judged(later)
            self.assertEqual((fresh["state"], fresh["ageSeconds"], fresh["newestEventAgeSeconds"]), (state, later / 1000, 60 + later / 1000))

    def test_the_last_good_page_says_so(self):
        fresh = self.judged(0, "last good page")
        self.assertEqual(fresh["state"], "stale")
        self.assertIn("last good page", page.rendered(self.DOCUMENT, fresh))
        self.assertEqual(freshness.fields(fresh)["Freshness-Source"], "last good page")

    def test_nothing_at_all_is_not_fresh(self):
        fresh = self.judged(0, "nowhere", None)
        self.assertEqual(fresh["state"], "unknown")
        self.assertIn("cannot be reached", page.rendered(None, fresh))

    def test_names_from_strangers_are_text(self):
        shown = page.rendered(self.DOCUMENT, self.judged(0), "<img src=x>", [{"product": "\"'&<", "newestMs": NOW}])
        for markup in ("<script>", "<img", "\"'&<"):
            self.assertNotIn(markup, shown.partition("</style>")[2])
        self.assertIn("&lt;script&gt;", shown)


if __name__ == "__main__":
    harness.main()
