"""The registration on a real Kafka, no service handing a context on: what became of each person is one chain, hop by hop; nobody becomes a user
twice, and nobody is lost, whatever is published twice and whoever is killed."""
import concurrent.futures
import signal

import harness
import kafka_case
import processes
from chains import Chains, canonical, drawn, is_work, lines
from registration import CANCELLED, CREATED, REFUSED, REMOVED, SENT, SPAM, SYSTEM, Registration

AT_ONCE = 8


class RegistrationByEvents(kafka_case.KafkaCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()

        def keep(started):
            cls.addClassCleanup(started.close)
            return started
        for topic in SYSTEM.topics:
            cls.cluster.create_topic(topic)
        cls.collect = keep(processes.Collector())
        cls.system = Registration(keep, cls.collect.url, brokers=cls.cluster.bootstrap())
        cls.chains = Chains(cls.collect.url, "user")

    def setUp(self):
        for name in self.system.services:
            self.system.fault(name)

    def registered(self, **wish):
        """The id of somebody who was answered 201."""
        status, answer = self.system.register(**wish)
        self.assertEqual((status, answer.get("state")), (201, "registered"), answer)
        return answer["userId"]

    def assert_outcome(self, user, **wanted):
        found = self.system.outcome(user)
        self.assertEqual({name: found.get(name) for name in wanted}, wanted, found)

    def assert_chain(self, user, shape):
        """The chain is exactly this; returns what the collector says of it."""
        chain, spans = self.chains.whole(user, len(lines(shape)), work=is_work)
        self.assertEqual(canonical(drawn(spans, is_work)), canonical(lines(shape)))
        for span in spans:
            self.assertLessEqual(span.key("user"), {user}, span.name)
            if span.source:
                self.assertGreaterEqual(span.confidence, 0.9, span.name)
        return chain

    def users(self):
        return self.system.direct("users", "/users")["users"]

    def left(self, package="tea"):
        return self.system.direct("stock", f"/stock/{package}")["remaining"]

    # What becomes of people.

    def test_who_is_welcome_becomes_a_user_with_a_mail_and_a_package(self):
        before = self.left()
        user = self.registered()
        self.assert_outcome(user, state="created", package="sent", confirmed=False)
        self.assert_chain(user, SENT)
        self.assertEqual(self.left(), before - 1)
        status, told = self.system.ask("registration", f"/users/{user}")
        self.assertEqual((status, told["state"], told["package"]), (200, "created", "sent"))

    def test_the_answer_comes_before_anybody_has_heard_of_it(self):
        self.system.services["behaviour"].signal(signal.SIGSTOP)
        try:
            user = self.registered()
            self.assertIsNone(self.system.user(user))
        finally:
            self.system.services["behaviour"].signal(signal.SIGCONT)
        self.assert_outcome(user, state="created", package="sent")

    def test_the_link_of_the_mail_shows_it_and_confirms_the_user(self):
        user = self.registered(name="<script>alert(1)</script>")
        self.assert_outcome(user, package="sent", confirmed=False)
        mail = self.system.mail(user)
        self.assertIn("Welcome, &lt;script&gt;", mail)
        self.assertNotIn("<script", mail)
        self.assertFalse(self.system.user(user)["confirmed"], "that a mail is shown confirms nobody")
        self.assert_chain(user, SENT)  # and so the event about the user has been dealt with for a while, as when people read mails
        shown = harness.ask(self.system.sidecars["mail"].inbound, self.system.link(user))
        self.assert_status(shown, 200)
        self.assertEqual(shown.body.decode(), mail + "<p><strong>Confirmed. Thank you.</strong></p>\n")
        self.assertTrue(self.system.user(user)["confirmed"])
        self.assertEqual(harness.ask(self.system.sidecars["mail"].inbound, "/confirm/guessed").status, 404)
        confirming = harness.wait_for(lambda: self.confirming(user), "the chain of the confirmation", 30)
        self.assertEqual(confirming, ["mail GET 200", "  mail → users POST 200 ~timing", "    users POST 200"])

    def confirming(self, user):
        found = processes.json_of(f"{self.collect.url}/api/chains?key=user%3D{user}&service=mail")["chains"]
        for each in found:
            if each["root"]["name"] == "GET" and each["decided"] and each["spans"] == 3:
                return drawn(self.chains.spans(each["id"]))
        return None

    def test_spam_is_stopped(self):
        count = self.users()
        for wish, why in (({"email": "lucky@throwaway.example"}, "throwing away"), ({"email": "12345678x@example.org"}, "a number"),
                          ({"name": "Win at www.casino.example"}, "sells something")):
            user = self.registered(**wish)
            self.assert_outcome(user, state="spam", package="none")
            self.assertIn(why, self.system.user(user)["reason"])
            self.assert_chain(user, SPAM)
        self.assertEqual(self.users(), count)

    def test_who_registers_again_and_again_is_spam(self):
        outcomes = [self.system.outcome(self.registered(email=f"bob+{each}@example.org")) for each in range(4)]
        self.assertEqual([each["state"] for each in outcomes], ["created"] * 3 + ["spam"])
        self.assertIn("within a minute", outcomes[3]["reason"])

    def test_an_address_is_one_users_only(self):
        first, second = (self.registered(email=email) for email in ("grace@example.org", "Grace@example.org"))
        self.assert_outcome(first, state="created", package="sent")
        self.assert_outcome(second, state="refused", reason="there is a user with this e-mail address")
        self.assert_chain(second, REFUSED)
        self.assertIn("tried to register", self.system.mail(second))

    def test_without_stock_there_is_a_user_and_no_package(self):
        user = self.registered(package="samovar")
        self.assert_outcome(user, state="created", package="cancelled", reason="no samovar left")
        self.assert_chain(user, CANCELLED)

    def test_who_cannot_be_written_to_is_removed_and_may_come_again(self):
        self.system.fault("mail", failing=1)
        user = self.registered(email="emmy@example.org")
        self.assert_outcome(user, state="removed", reason="the mail could not be written")
        self.assert_chain(user, REMOVED)
        self.system.fault("mail")
        self.assert_outcome(self.registered(email="emmy@example.org"), state="created", package="sent")

    def test_what_makes_no_sense_is_refused_by_its_field(self):
        for wish, field in (({"email": "nobody"}, "email"), ({"email": "a@b@example.org"}, "email"), ({"email": "x" * 300 + "@example.org"}, "email"),
                            ({"name": " "}, "name"), ({"name": "a\nb"}, "name"), ({"name": "x" * 101}, "name"), ({"package": "gold"}, "package")):
            status, answer = self.system.register(**wish)
            self.assertEqual((status, list(answer.get("fields", []))), (400, [field]), answer)

    # What goes wrong.

    def test_what_is_published_twice_happens_once(self):
        for name in self.system.services:
            self.system.fault(name, duplicating=True)
        count, left = self.users(), self.left("coffee")
        user = self.registered(package="coffee")
        self.assert_outcome(user, state="created", package="sent")
        self.system.services["users"].wait_for_log(f"^package-sent: {user} was dealt with before$")  # the last of what came twice
        self.assertEqual((self.users(), self.left("coffee")), (count + 1, left - 1))
        chain = harness.wait_for(lambda: next((each for each in self.chains.of(user) if each["decided"]), None), "its chain", 30)
        processed = [span for span in self.chains.spans(chain["id"]) if span.name.startswith("process ")]
        self.assertLessEqual(set().union(*(span.key("user") for span in processed)), {user})

    def test_nobody_is_lost_or_made_twice_when_consumers_are_killed(self):
        # users after its work and before its commit, behaviour before its work
        self.system.fault("users", uncommitted="60s")
        self.system.fault("behaviour", slow="60s")
        count = self.users()
        waiting = self.registered()
        self.system.services["behaviour"].kill()
        self.again("behaviour")
        harness.wait_for(lambda: self.system.user(waiting), "what was heard of by nobody to be heard of", 60)
        self.assertNotIn("was dealt with before", self.system.services["users"].log())
        self.system.services["users"].kill()
        self.again("users")
        self.system.services["users"].wait_for_log(f"^user-(accepted: {waiting} was dealt with before|created: {waiting})$", within=60)
        self.assert_outcome(waiting, state="created", package="sent")
        self.assertEqual(self.users(), count + 1)

    def again(self, name):
        self.system.start_service(name)
        self.system.wait_until_it_consumes(name)

    def test_a_mail_that_is_dropped_is_where_a_registration_stands(self):
        self.system.fault("mail", dropping=1)
        user = self.registered()
        self.assert_chain(user, CREATED)
        self.assertEqual(self.system.user(user)["package"], "none")
        told = harness.run("chain", "--key", f"user={user}", "--from", self.collect.url).stdout
        self.assertRegex(told, r"mail +process user-created")

    def test_people_at_once_have_each_a_chain_of_their_own(self):
        with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
            users = list(pool.map(lambda _: self.registered(), range(AT_ONCE)))
        for user in users:
            self.assert_outcome(user, state="created", package="sent")
        for user in users:
            self.assert_chain(user, SENT)


if __name__ == "__main__":
    kafka_case.main()
