"""SIGTERM for a sidecar whose application still uses Kafka: the application ends first, whenever that is."""
import json
import signal
import time

import kafka_case
from harness import Client, wait_for
from kafka_case import CONFLUENT, KafkaCase
from kafka_clients import outcomes


class Drain(KafkaCase):
    def committed(self, service):
        self.assertEqual(outcomes(service, "service_error"), [])
        return len(outcomes(service, "service_committed"))

    def started(self, proxy):
        """A service that produces, consumes and commits through the sidecar, and has begun to. Its group is its own: a member that
        another test killed would hold this one up until its session ends."""
        topic = self.topic()
        job = {"do": "service", "config": CONFLUENT.config(self.through(proxy)), "topic": topic, "group": f"group-of-{topic}"}
        service = self.keep(CONFLUENT.started(job))
        wait_for(lambda: self.committed(service) >= 10, "ten commits", 30)
        return service, topic

    def stopping(self, proxy):
        return json.loads(proxy.get("/api/state").body)["stopping"]

    def test_the_application_goes_on_until_it_ends_by_itself(self):
        proxy = self.in_front(settings={"drain": "60s"})
        service, topic = self.started(proxy)
        proxy.signal(signal.SIGTERM)
        at_signal = self.committed(service)
        progress = wait_for(lambda: (said := self.stopping(proxy)) and said["phase"] == "draining" and said, "the drain to begin")
        self.assertGreaterEqual(progress["open"]["kafka"], 2)
        time.sleep(3)  # longer than any of the sidecar's patience that is not the drain
        wait_for(lambda: self.committed(service) > at_signal + 20, "further commits during the drain")
        self.assertTrue(CONFLUENT.metadata(self.through(proxy)), "new connections of the application are taken too")
        service.signal(signal.SIGTERM)
        self.assertEqual(service.wait(30), 0)
        ended = time.monotonic()
        self.assertEqual(proxy.wait(5), 0)
        self.assertLess(time.monotonic() - ended, 1)
        sent = outcomes(service)[-1]["sent"]
        self.assertEqual(self.committed(service), sent)
        self.assertEqual([record.value for record in self.read(topic, sent)], [str(number) for number in range(sent)])
        last = outcomes(service, "service_committed")[-1]
        self.assertEqual(last["offset"], sent)

    def test_an_idle_client_is_a_sign_of_life(self):
        proxy = self.in_front(settings={"drain": "4s"})
        with Client(proxy.kafka["main"]):
            wait_for(lambda: json.loads(proxy.get("/api/state").body)["kafka"]["main"]["connections_open"] == 1, "the connection")
            began = time.monotonic()
            proxy.signal(signal.SIGTERM)
            self.assertEqual(proxy.wait(10), 0)
            self.assertGreater(time.monotonic() - began, 2.5)

    def test_the_deadline_ends_it_between_two_requests(self):
        proxy = self.in_front(settings={"drain": "4s"})
        service, _ = self.started(proxy)
        began = time.monotonic()
        proxy.signal(signal.SIGTERM)
        self.assertEqual(proxy.wait(10), 0)
        self.assertLess(time.monotonic() - began, 6)
        self.assertNotIn("cut off", proxy.log())
        service.kill()

    def test_a_hard_stop_does_not_wait_for_it(self):
        proxy = self.in_front(settings={"drain": "60s"})
        service, _ = self.started(proxy)
        proxy.signal(signal.SIGTERM)
        wait_for(lambda: self.stopping(proxy), "the stop to begin")
        proxy.signal(signal.SIGQUIT)
        self.assertEqual(proxy.wait(4), 0)
        service.kill()


if __name__ == "__main__":
    kafka_case.main()
