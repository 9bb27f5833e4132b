"""What ./demo registration runs, on the embedded broker: what becomes of four people, two chains, what the flows say; and what it tells to type
works."""
import json
import re
import signal
import subprocess

import dev_broker
import harness
import processes

RUN = [dev_broker.PYTHON, processes.ROOT / "examples/registration/run.py", "--outrider", processes.OUTRIDER]
ENVIRONMENT = {"PYTHONDONTWRITEBYTECODE": "1", "LANG": "C.UTF-8"}


class DemoRegistration(harness.Case):
    def test_shows_what_becomes_of_four_people(self):
        done = subprocess.run([*map(str, RUN), "--once"], capture_output=True, text=True, timeout=200, env=processes.clean_environment(ENVIRONMENT))
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertEqual(re.findall(r"user \w{12}   (\w+).* 201 registered, then (.*)", done.stdout), [
            ("Ada", "created, package sent"), ("Win", "spam: throwaway.example is for throwing away"),
            ("Anton", "created, no package: no samovar left"), ("Emmy", "removed: the mail could not be written")])
        ada, emmy = done.stdout.split(" chain --key ")[1:]
        self.assert_processed(ada, "users", "user-accepted", "user-created", "mail-written", "package-ordered", "stock-reserved", "package-sent")
        self.assert_processed(emmy, "users", "user-accepted", "user-created", "mail-failed", "user-removed")
        # Somebody to warm up, Ada, spam and Anton; Emmy.
        self.assertIn("As expected (flows.yaml)? 4 completed, 1 compensated, 0 faulty, 0 running", done.stdout)

    def assert_processed(self, chain, *topics):
        """Each topic's record was taken; deep in a tree names are cut to fit the line."""
        seen = [name.partition("…") for name in re.findall(r"process (\S+)", chain)]
        for topic in topics:
            self.assertTrue(any(topic.startswith(name) if cut else topic == name for name, cut, _ in seen), f"no 'process {topic}' in\n{chain}")

    def test_keeps_running_and_tells_what_to_type(self):
        demo = self.keep(processes.Process(RUN, ENVIRONMENT))
        demo.wait_for_log("^Kafka: ", within=200)
        told = demo.log()
        wish, register = re.search(r"curl -d '(\{.*\})' (http://\S+/register)$", told, re.MULTILINE).groups()
        self.assertEqual(json.loads(self.curl("-d", wish, register))["state"], "registered")
        self.assertIn("Confirmed", self.curl(re.search(r"^  (http://\S+/confirm/\S+)$", told, re.MULTILINE)[1]))
        switch, fault = re.search(r"curl -d '(\{.*\})' +(http://\S+/fault) +# mail", told).groups()
        self.assertEqual(json.loads(self.curl("-d", switch, fault))["dropping"], 1)
        user = json.loads(self.curl("-d", wish.replace("you@", "she@"), register))["userId"]
        collector = re.search(r"^Dashboard: (\S+)/$", told, re.MULTILINE)[1]
        harness.wait_for(lambda: self.stuck(collector, user) == "mail.written | mail.failed", "the flow to say where it is stuck", 60)
        demo.signal(signal.SIGINT)
        self.assertEqual(demo.wait(30), 0, demo.log())

    def stuck(self, collector, user):
        """At which step of the flow the registration of a user is."""
        flow = next(each for each in processes.json_of(f"{collector}/api/flows")["flows"] if each["name"] == "registration")
        return next((each["step"] for each in flow["recent"] if each["run"] == user and each["kind"] == "stuck"), None)

    @staticmethod
    def curl(*arguments):
        return subprocess.run(["curl", "-s", "--max-time", "20", *arguments], capture_output=True, text=True, timeout=30,
                              env=processes.clean_environment()).stdout


if __name__ == "__main__":
    harness.main()
