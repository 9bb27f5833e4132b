"""What ./demo runs: both ways of carrying out an order, and two chains printed; what keeps running can be asked and made to go wrong."""
import json
import re
import signal
import subprocess

import dev_broker
import harness
import processes

RUN = [dev_broker.PYTHON, processes.ROOT / "examples/shop/run.py", "--outrider", processes.OUTRIDER]
ENVIRONMENT = {"PYTHONDONTWRITEBYTECODE": "1", "LANG": "C.UTF-8", "COLUMNS": "120"}


class Demo(harness.Case):
    def test_runs_both_ways_and_prints_two_chains(self):
        jaeger = self.keep(processes.Jaeger(PROGRAM, folder=self.folder())) if PROGRAM else None
        more = ["--jaeger", jaeger.url, "--otlp", jaeger.otlp] if jaeger else []
        done = subprocess.run([*map(str, RUN), "--once", *more], capture_output=True, text=True, timeout=150, env=processes.clean_environment(ENVIRONMENT))
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        said = re.findall(r"order (\d+) +(\d \w+) +(.*)", done.stdout)
        self.assertEqual([(what, outcome) for _, what, outcome in said], [
            ("2 tea", "201 paid"), ("5 cocoa", "409 rejected: only 3 of cocoa left"),
            ("1 samovar", "402 cancelled: over the card's limit of 500"),
            ("2 tea", "202 placed, then paid"), ("5 cocoa", "202 placed, then rejected: only 3 of cocoa left"),
            ("1 samovar", "202 placed, then cancelled: over the card's limit of 500")])
        chains = done.stdout.split(" chain --key ")[1:]
        self.assertEqual(len(chains), 2, done.stdout)
        for shown in ("frontend → orders", "orders → inventory", "orders → payment"):
            self.assertIn(shown, chains[0])
        for topic in ("order-placed", "stock-reserved", "payment-charged"):
            self.assertRegex(chains[1], f"send {topic[:6]}")  # a label that is too long for its column is cut
            self.assertIn(f"process {topic}", chains[1])
        if jaeger:
            harness.wait_for(lambda: len(jaeger.traces("payment")) >= 2, "chains in Jaeger", 30)

    def test_keeps_running_and_tells_what_to_type(self):
        demo = self.keep(processes.Process(RUN, ENVIRONMENT))
        demo.wait_for_log("^Kafka: ", within=150)
        told = demo.log()
        fault = re.search(r"curl -d '(\{.*\})' +(http://\S+/fault) +# payment", told)
        order = re.search(r"curl -d '(\{.*\})' (http://\S+/orders)$", told, re.MULTILINE)
        collector = re.search(r"topology(?: --from (\S+))?$", told, re.MULTILINE)[1] or "http://127.0.0.1:4318"
        for asked in (fault, order):
            json.loads(asked[1])
        self.assertEqual(self.typed("-d", '{"failing": 1}', fault[2])["failing"], 1)
        answer = self.typed("-d", order[1], order[2])
        self.assertEqual(answer["state"], "cancelled")
        harness.wait_for(lambda: "payment" in harness.run("chain", "--key", f"order={answer['orderId']}", "--from", collector).stdout, "its chain", 60)
        demo.signal(signal.SIGINT)
        self.assertEqual(demo.wait(30), 0, demo.log())

    def typed(self, *arguments):
        done = subprocess.run(["curl", "-s", "--max-time", "20", *arguments], capture_output=True, text=True, timeout=30, env=processes.clean_environment())
        return json.loads(done.stdout)


if __name__ == "__main__":
    PROGRAM = processes.jaeger_or_none()
    harness.main()
