"""What a person sees on the command line: help, version, errors with their place, ports in use, precedence."""
import json
import re
import textwrap

import harness
import processes
from harness import ask, run

GOOD = """service: orders
inbound:
  - {listen: "127.0.0.1:0", app: "127.0.0.1:9000"}
timeouts: {first_byte: 3s}
"""


class CommandLine(harness.Case):
    def said(self, done):
        return done.stdout + done.stderr

    def check(self, text, *more, environment=None):
        path = self.folder() / "sidecar.yaml"
        path.write_text(text)
        return run("check", "--config", path, *more, environment=environment)

    def test_version(self):
        done = run("--version")
        self.assertEqual(done.returncode, 0)
        self.assertRegex(done.stdout, r"\d+\.\d+\.\d+")

    def test_help_and_the_readme_name_the_same_commands(self):
        done = run("--help")
        self.assertEqual(done.returncode, 0)
        of_help = re.findall(r"(?m)^  (\S+)  ", done.stdout.partition("\nSubcommands:\n")[2].partition("\n\n")[0])
        table = (processes.ROOT / "README.md").read_text().partition("\n## Commands\n")[2].partition("\n## ")[0]
        self.assertIn("run", of_help)
        self.assertEqual(re.findall(r"(?m)^\| `outrider (\S+?)[ `]", table), of_help)

    def test_help_of_run_names_every_flag(self):
        done = run("run", "--help")
        self.assertEqual(done.returncode, 0)
        for flag in ("--config", "--service", "--inbound", "--app", "--outbound", "--route", "--policies", "--otlp", "--admin", "--probes", "--state", "--set"):
            self.assertIn(flag, done.stdout)

    def test_unknown_commands_and_flags_are_usage_errors(self):
        for arguments in (["rnu"], ["run", "--servce", "x"], ["check"], ["chain"], []):
            self.assertEqual(run(*arguments).returncode, 2, arguments)

    def test_a_good_file_is_good(self):
        done = self.check(GOOD)
        self.assertEqual(done.returncode, 0, self.said(done))

    def test_the_documented_files_are_good(self):
        def read(path):
            return (processes.ROOT / path).read_text()

        pod = re.search(r"sidecar\.yaml: \|\n(.*?)^---", read("deploy/kubernetes/pod.yaml"), re.DOTALL | re.MULTILINE)[1]
        for text in (re.search(r"```yaml\n(.*?)```", read("README.md"), re.DOTALL)[1], textwrap.dedent(pod)):
            done = self.check(text)
            self.assertEqual(done.returncode, 0, self.said(done))

    def test_errors_have_file_line_and_column_and_the_nearest_key(self):
        done = self.check(GOOD + "upstrem: {}\n")
        self.assertEqual(done.returncode, 2)
        self.assertRegex(self.said(done), r"sidecar\.yaml:5:1: .*upstrem.*did you mean 'upstreams'")

    def test_the_ready_made_policies_are_good(self):
        for path in sorted((processes.ROOT / "policies").glob("*.yaml")):
            done = run("check", "--policies", path)
            self.assertEqual(done.returncode, 0, self.said(done))
            self.assertRegex(done.stdout, rf"(?m)^{re.escape(str(path))}: \d+ polic(y is|ies are) valid$")
            self.assertEqual(done.stderr, "")

    def policies(self, name, text):
        path = self.folder() / name
        path.write_text(text)
        return path

    def test_errors_of_policies_have_their_place_too(self):
        path = self.policies("p.yaml", "policies:\n  - name: a\n    match: {inbound: \"*\"}\n    limt: {rate: 5/s}\n")
        for arguments in (["--policies", path], ["--policies", path, "--service", "a", "--inbound", "127.0.0.1:0", "--app", "127.0.0.1:1"]):
            done = run("check", *arguments)
            self.assertEqual(done.returncode, 2, self.said(done))
            self.assertRegex(done.stderr, r"p\.yaml:4:5: .*limt.*did you mean 'limit'")
        done = self.check(GOOD + f"policies: {path}\n")
        self.assertEqual(done.returncode, 2, self.said(done))
        self.assertNotIn(": ok", done.stdout)

    def test_policies_in_place_are_judged_with_the_configuration(self):
        done = self.check(GOOD + 'policies: [{name: a, mode: shadow, match: {inbound: "*"}, limit: {rate: 5/s, scope: fleet}}]\n')
        self.assertEqual(done.returncode, 0, self.said(done))
        self.assertIn("policies: 1 policy is valid, 1 in shadow mode\n", done.stdout)
        self.assertRegex(done.stderr, r"warning: .*sidecar\.yaml:5:\d+: policy 'a': 'scope: fleet'")

    def test_diff_tells_what_changes_and_by_its_exit_code_whether_anything_does(self):
        def policies(name, rate):
            return self.policies(name, f'policies: [{{name: a, match: {{inbound: "*"}}, limit: {{rate: {rate}}}}}]\n')

        old, new, bad = policies("old.yaml", "5/s"), policies("new.yaml", "6/s"), policies("bad.yaml", "6")
        done = run("diff", old, new)
        self.assertEqual((done.returncode, done.stdout),
                         (1, "policy 'a' changed:\n    limit.rate: 5/s -> 6/s\n0 added, 0 removed, 1 changed\n"))
        done = run("diff", old, old)
        self.assertEqual((done.returncode, done.stdout), (0, "no difference\n"))
        done = run("diff", old, bad)
        self.assertEqual(done.returncode, 2)
        self.assertRegex(done.stderr, r"bad\.yaml:1:\d+: .*has no unit of time")

    def test_every_error_is_told_at_once(self):
        done = self.check('service: orders\ninbound:\n  - {listen: "nowhere", app: "127.0.0.1:9000"}\ntimeouts: {first_byte: quick}\n')
        self.assertEqual(done.returncode, 2)
        for place in (":3:", ":4:"):
            self.assertIn(place, self.said(done))

    def test_bad_documents(self):
        cases = {"a duplicate key": GOOD + "service: again\n",
                 "a wrong type": GOOD + "workers: many\n",
                 "an alias bomb": GOOD + "a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b]\n"
                                         "d: &d [*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d]\nf: [*e,*e,*e,*e,*e,*e,*e,*e]\n",
                 "no YAML": "service: [\n", "a list": "- a\n", "nothing": "", "no service": GOOD.partition("\n")[2],
                 "no listener": "service: orders\n"}
        for what, text in cases.items():
            with self.subTest(what):
                done = self.check(text)
                self.assertEqual(done.returncode, 2, self.said(done))
                self.assertIn("sidecar.yaml", self.said(done))

    def test_a_missing_file_is_named(self):
        done = run("check", "--config", "/no/such/file.yaml")
        self.assertEqual(done.returncode, 2)
        self.assertIn("/no/such/file.yaml", self.said(done))

    def test_print_shows_each_value_and_its_source(self):
        done = self.check(GOOD, "--print", "--set", "timeouts.idle=7s", environment={"OUTRIDER_TIMEOUTS_HEAD": "8s"})
        self.assertEqual(done.returncode, 0, self.said(done))
        lines = done.stdout.splitlines()

        def line_of(*parts):
            return next((line for line in lines if all(part in line for part in parts)), None)
        self.assertIsNotNone(line_of("first_byte", "3s", "sidecar.yaml"), done.stdout)
        self.assertIsNotNone(line_of("idle", "7s", "--set"), done.stdout)
        self.assertIsNotNone(line_of("head", "8s", "OUTRIDER_TIMEOUTS_HEAD"), done.stdout)
        self.assertIsNotNone(line_of("connect", "default"), done.stdout)

    def test_precedence_is_flag_environment_file_default(self):
        environment = {"OUTRIDER_TIMEOUTS_FIRST_BYTE": "4s"}
        self.assertIn("3s", self.value(self.check(GOOD, "--print")))
        self.assertIn("4s", self.value(self.check(GOOD, "--print", environment=environment)))
        self.assertIn("5s", self.value(self.check(GOOD, "--print", "--set", "timeouts.first_byte=5s", environment=environment)))

    def value(self, done):
        return next(line for line in done.stdout.splitlines() if "first_byte" in line)

    def test_values_come_from_variables_and_files(self):
        secret = self.folder() / "name"
        secret.write_text("from-file\n")
        done = self.check(GOOD + f"service_version: ${{file:{secret}}}\nservice_namespace: ${{env:PLACE}}\n", "--print",
                          environment={"PLACE": "from-environment"})
        self.assertEqual(done.returncode, 0, self.said(done))
        self.assertIn("from-file", done.stdout)
        self.assertIn("from-environment", done.stdout)

    def test_a_bad_setting_on_the_command_line_is_named(self):
        done = run("run", *self.arguments("127.0.0.1:1"), "--set", "timeouts.frist_byte=3s")
        self.assertEqual(done.returncode, 2)
        self.assertIn("first_byte", self.said(done))


class Start(harness.Case):
    def test_a_port_in_use_is_named_with_its_setting(self):
        taken = harness.wire.socket.create_server(("127.0.0.1", 0))
        self.addCleanup(taken.close)
        port = taken.getsockname()[1]
        for flag, setting in (("--inbound", "inbound"), ("--admin", "admin"), ("--outbound", "outbound"), ("--probes", "probes")):
            with self.subTest(flag):
                places = {"--inbound": "127.0.0.1:0", "--admin": "127.0.0.1:0", "--outbound": "127.0.0.1:0", flag: f"127.0.0.1:{port}"}
                flags = [word for pair in places.items() for word in pair]
                done = run("run", "--service", "orders", "--app", "127.0.0.1:1", "--state", self.folder(), *flags)
                self.assertNotIn(done.returncode, (0, 2))
                said = done.stdout + done.stderr
                self.assertIn(str(port), said)
                self.assertIn(setting, said)

    def test_two_sidecars_do_not_share_a_port_unnoticed(self):
        first = self.sidecar(self.origin())
        done = run("run", "--service", "other", "--inbound", "127.0.0.1:%d" % first.inbound[1], "--app", "127.0.0.1:1", "--state", self.folder())
        self.assertNotEqual(done.returncode, 0)
        self.assertIn(str(first.inbound[1]), done.stdout + done.stderr)

    def test_a_file_and_flags_go_together(self):
        app = self.origin()
        proxy = self.sidecar_from(f'service: orders\ninbound:\n  - {{listen: "127.0.0.1:0", app: "{app}"}}\nstate: {self.folder()}\n',
                                  more=["--admin", "127.0.0.1:0", "--set", "via=disabled"])
        self.assertEqual(harness.fields_told(ask(proxy.inbound), "Via"), [])
        self.assertIn("via", json.dumps(json.loads(proxy.get("/api/config").body)))

    def test_it_serves_ipv6(self):
        try:
            harness.wire.socket.create_server(("::1", 0), family=harness.wire.socket.AF_INET6).close()
        except OSError:
            self.skipTest("no IPv6 here")
        proxy = self.keep(processes.Sidecar(["--service", "orders", "--inbound", "[::1]:0", "--app", str(self.origin()), "--state", str(self.folder())]))
        host, port = proxy.inbound
        sock = harness.wire.socket.create_connection((host, port), 5)
        sock.sendall(b"GET /six HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        with sock:
            self.assertIn(b"/six", harness.wire.Reader(sock).rest())


if __name__ == "__main__":
    harness.main()
