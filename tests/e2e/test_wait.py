"""`outrider wait`: a command starts once its sidecar carries traffic, and is the process from then on."""
import signal
import socket
import time

import harness
import processes

from harness import reply, wait_for


class Wait(harness.Case):
    def waiting(self, *arguments):
        return self.keep(processes.Process([processes.OUTRIDER, "wait", *arguments]))

    def address(self, where):
        return "%s:%d" % where

    def test_a_ready_sidecar_lets_the_command_start_though_its_application_is_not_there(self):
        proxy = self.sidecar("127.0.0.1:%d" % processes.free_ports(1)[0])
        done = harness.run("wait", "--admin", self.address(proxy.admin), "--", "sh", "-c", "echo started as $$; exit 7")
        self.assertEqual(done.returncode, 7)
        self.assertRegex(done.stdout, r"started as \d+")
        self.assertEqual(proxy.get("/readyz").status, 503, "the application is what is being started")

    def test_the_command_takes_the_place_of_the_process(self):
        proxy = self.sidecar(self.origin())
        waiting = self.waiting("--admin", self.address(proxy.admin), "--", "sh", "-c", "trap 'echo ended well; exit 5' TERM; echo pid $$; while :; do sleep 0.05; done")
        found = waiting.wait_for_log(r"pid (\d+)")
        self.assertEqual(int(found[1]), waiting.pid)
        waiting.signal(signal.SIGTERM)
        self.assertEqual(waiting.wait(5), 5)
        self.assertIn("ended well", waiting.log())

    def test_it_waits_for_a_sidecar_that_starts_later(self):
        port = processes.free_ports(1)[0]
        waiting = self.waiting("--admin", f"127.0.0.1:{port}", "--", "echo", "started")
        time.sleep(0.5)
        self.assertIsNone(waiting.process.poll())
        self.sidecar(self.origin(), admin=False, more=["--admin", f"127.0.0.1:{port}"])
        ready = time.monotonic()
        self.assertEqual(waiting.wait(5), 0)
        self.assertLess(time.monotonic() - ready, 1)
        self.assertIn("started", waiting.log())

    def test_it_says_what_it_waited_for_in_vain(self):
        port = processes.free_ports(1)[0]
        began = time.monotonic()
        done = harness.run("wait", "--admin", f"127.0.0.1:{port}", "--timeout", "700ms", "--", "echo", "started")
        self.assertEqual(done.returncode, 124)
        self.assertEqual(done.stdout, "")
        self.assertRegex(done.stderr, rf"outrider wait: http://127\.0\.0\.1:{port}/startupz was not ready within 700ms: .*refused")
        self.assertLess(time.monotonic() - began, 3)

    def test_any_url_will_do(self):
        answers = [503, 503, 200]
        origin = self.origin(lambda exchange: exchange.read() and reply(answers.pop(0) if len(answers) > 1 else answers[0]))
        self.assertEqual(harness.run("wait", "--for", f"http://{origin}/up").returncode, 0)
        self.assertEqual(answers, [200])
        answers[:] = [404]
        done = harness.run("wait", "--for", f"http://{origin}/up", "--timeout", "300ms")
        self.assertEqual(done.returncode, 124)
        self.assertIn("it answered 404", done.stderr)

    def test_what_accepts_and_never_answers_is_given_up(self):
        silent = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(silent.close)
        began = time.monotonic()
        done = harness.run("wait", "--admin", "127.0.0.1:%d" % silent.getsockname()[1], "--timeout", "1s")
        self.assertEqual(done.returncode, 124)
        self.assertLess(time.monotonic() - began, 4)

    def test_an_endless_answer_is_given_up(self):
        def pour(exchange):
            exchange.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            while True:
                exchange.send("1000\r\n" + "x" * 4096 + "\r\n")
        done = harness.run("wait", "--for", f"http://{self.origin(pour)}/", "--timeout", "500ms")
        self.assertEqual(done.returncode, 124)

    def test_a_command_that_cannot_be_run(self):
        origin = self.origin()
        done = harness.run("wait", "--for", f"http://{origin}/", "--", "/no/such/program")
        self.assertEqual(done.returncode, 127)
        self.assertIn("cannot run '/no/such/program': No such file or directory", done.stderr)
        self.assertEqual(harness.run("wait", "--for", f"http://{origin}/", "--", "/etc/passwd").returncode, 126)

    def test_signals_end_the_wait(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            waiting = self.waiting("--admin", f"127.0.0.1:{processes.free_ports(1)[0]}")
            wait_for(lambda running=waiting, one=number: self.catches(running.pid, one), "the wait to begin")
            waiting.signal(number)
            self.assertEqual(waiting.wait(5), 128 + number)

    def catches(self, pid, number):
        with open(f"/proc/{pid}/status") as status:
            (caught,) = [line.split()[1] for line in status if line.startswith("SigCgt")]
        return int(caught, 16) >> (number - 1) & 1

    def test_a_wrong_command_line_is_said(self):
        done = harness.run("wait", "--")
        self.assertEqual(done.returncode, 2)
        self.assertIn("no command stands behind '--'", done.stderr)


if __name__ == "__main__":
    harness.main()
