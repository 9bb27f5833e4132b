"""Spans that cannot be delivered are on disk within a second, survive kill -9, and are counted when they are lost."""
import json
import os
import random
import stat
import threading
import time

import harness
from harness import Client, wait_for


class Case(harness.Case):
    def setUp(self):
        self.app = self.origin(lambda exchange: exchange.read() and harness.reply(body="ok"))
        self.state = self.folder()

    def start(self, otlp, **settings):
        return self.sidecar(self.app, otlp=otlp, state=self.state, settings=self.json_spans(**settings))

    def down(self):
        return f"http://127.0.0.1:{harness.processes.free_ports(1)[0]}"

    def ids_on(self, receiver):
        return {span["spanId"] for span in receiver.spans()}

    def span_ids(self, proxy, count):
        """Makes this many requests; the ids of their spans, as the application got them."""
        before = len(self.app.requests)
        with Client(proxy.inbound) as client:
            for _ in range(count):
                self.assert_status(client.request(), 200)
        return {request.get("traceparent").split("-")[2] for request in self.app.requests[before:]}

    def files(self):
        return [os.path.join(folder, name) for folder, _, names in os.walk(self.state) for name in names]


class Spool(Case):
    def test_the_receiver_comes_back_and_gets_everything(self):
        receiver = self.receiver()
        receiver.answers += [harness.reply(503, reason="Down")] * 8
        proxy = self.start(receiver)
        expected = self.span_ids(proxy, 300)
        wait_for(lambda: self.ids_on(receiver) >= expected, "every span", within=60)
        self.assertEqual(len(receiver.spans()), 300)

    def test_spans_survive_kill_9_one_second_after_their_end(self):
        proxy = self.start(self.down(), **{"tracing.batch.delay": "60s"})
        expected = self.span_ids(proxy, 200)
        time.sleep(1.0)  # what is promised: on disk one second after a span's end
        proxy.kill()
        receiver = self.receiver()
        self.start(receiver)
        wait_for(lambda: self.ids_on(receiver) >= expected, "the spans of the process that was killed", within=30)

    def test_spans_in_memory_are_spooled_when_it_ends(self):
        proxy = self.start(self.down(), **{"tracing.batch.delay": "60s", "drain": "1s"})
        expected = self.span_ids(proxy, 100)
        self.assertEqual(proxy.stop(within=30), 0)
        receiver = self.receiver()
        self.start(receiver)
        wait_for(lambda: self.ids_on(receiver) >= expected, "the spans of the process before", within=30)

    def test_files_are_private(self):
        proxy = self.start(self.down(), **{"tracing.batch.delay": "60s"})
        self.span_ids(proxy, 5)
        files = wait_for(self.files, "a spool on disk", within=5)
        for path in files:
            self.assertEqual(stat.S_IMODE(os.stat(path).st_mode) & 0o077, 0, path)

    def test_a_full_spool_drops_the_oldest_and_counts(self):
        proxy = self.start(self.down(), **{"tracing.spool.size": "64KiB", "tracing.batch.delay": "50ms", "tracing.batch.queue": "64", "tracing.batch.size": "32"})
        count = 3000
        self.span_ids(proxy, count)
        wait_for(lambda: harness.span_states(proxy.metrics())["spool_full"] > 0, "dropped spans to be counted", within=20)
        wait_for(lambda: sum(harness.span_states(proxy.metrics()).values()) == count, "the states of all spans to add up")
        self.assertLess(sum(os.path.getsize(path) for path in self.files()), 256 * 1024)

    def test_a_damaged_file_costs_only_what_was_in_it(self):
        proxy = self.start(self.down(), **{"tracing.batch.delay": "60s"})
        self.span_ids(proxy, 50)
        time.sleep(1.0)
        proxy.kill()
        for path in self.files():
            with open(path, "r+b") as file:
                file.seek(0, os.SEEK_END)
                if file.tell() > 64:
                    file.seek(-16, os.SEEK_END)
                    file.write(b"\xff" * 16)
        receiver = self.receiver()
        again = self.start(receiver)
        expected = self.span_ids(again, 10)
        wait_for(lambda: self.ids_on(receiver) >= expected, "new spans in spite of the damage", within=30)

    def test_two_sidecars_share_a_folder_in_peace(self):
        receiver = self.receiver()
        one, two = self.start(receiver), self.start(receiver)
        expected = self.span_ids(one, 20) | self.span_ids(two, 20)
        wait_for(lambda: self.ids_on(receiver) >= expected, "the spans of both")
        self.assertEqual(len(receiver.spans()), 40)

    def test_a_folder_that_cannot_be_written_is_a_warning(self):
        blocked = self.folder() / "file"
        blocked.write_text("in the way")
        receiver = self.receiver()
        proxy = self.sidecar(self.app, otlp=receiver, state=blocked / "state", settings=self.json_spans())
        expected = self.span_ids(proxy, 5)
        wait_for(lambda: self.ids_on(receiver) >= expected, "spans without a spool")
        self.assertRegex(proxy.log(), r"(?i)warn[^\n]*(state|spool)")


class KilledUnderLoad(Case):
    """kill -9 at random moments under load: nothing that ended over a second before is lost."""

    ROUNDS = int(os.environ.get("OUTRIDER_KILLS", "12"))

    def test_nothing_is_lost(self):
        receiver, chance = self.receiver(), random.Random(7)
        count, missing = 0, set()
        for _ in range(self.ROUNDS):
            self.app.requests.clear()
            proxy = self.start(receiver, **{"tracing.batch.delay": chance.choice(["50ms", "5s", "60s"])})
            ended, stop = [], threading.Event()
            load = threading.Thread(target=self.load, args=(proxy, ended, stop))
            load.start()
            time.sleep(chance.uniform(0.1, 2.5))
            killed_at = time.monotonic()
            proxy.kill()
            stop.set()
            load.join()
            promised = {span for at, span in ended if at < killed_at - 1.0}
            count += len(promised)
            missing = (missing | promised) - self.taken(receiver)
        self.start(receiver)
        wait_for(lambda: missing.difference_update(self.taken(receiver)) or not missing, f"the last of {count} spans", within=60)

    def taken(self, receiver):
        """The ids that arrived since the last call. They are forgotten: a long run has millions."""
        with receiver.lock:
            exports, receiver.exports = receiver.exports, []
        return {span["spanId"] for export in exports for span in export.spans()}

    def load(self, proxy, ended, stop):
        """Notes each answer's time and span id; ends with the sidecar."""
        try:
            with Client(proxy.inbound) as client:
                while not stop.is_set():
                    before = len(self.app.requests)
                    client.request()
                    ended.append((time.monotonic(), self.app.requests[before].get("traceparent").split("-")[2]))
        except (OSError, harness.Closed, json.JSONDecodeError):
            pass


if __name__ == "__main__":
    harness.main()
