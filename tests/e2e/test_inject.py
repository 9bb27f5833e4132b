"""`outrider inject`: manifests in, manifests with the sidecar out, and what is done when that can't be."""
import copy
import json
import os
import stat
import subprocess

import harness
import processes
from harness import run

try:
    import yaml
except ImportError:
    yaml = None

DATA = processes.ROOT / "tests/data/inject"
POD = """# kept
apiVersion: v1
kind: Pod
metadata: {name: orders, labels: {app: orders}}
spec:
  containers:
    - {name: orders, image: orders, ports: [{name: http, containerPort: 8080}]}  # kept too
"""
SERVICE = """---
apiVersion: v1
kind: Service
metadata: {name: orders}
spec:
  selector: {app: orders}
  ports:
    - port: 80
      targetPort: http
"""
BROKEN = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {}\n"


def pods(value):
    """Every spec of a pod below a value."""
    if isinstance(value, dict):
        if isinstance(value.get("containers"), list):
            yield value
        for each in value.values():
            yield from pods(each)
    elif isinstance(value, list):
        for each in value:
            yield from pods(each)


def documents(path):
    """What is in a file: JSON that was JSON before must be so still. PyYAML takes no tab, where YAML does."""
    if path.suffix == ".json":
        return [json.loads(path.read_bytes())]
    return list(yaml.safe_load_all(path.read_bytes().replace(b"\t", b" ")))


def strip(document):
    """The document without the sidecar; lists that are empty then are as good as none."""
    document = copy.deepcopy(document)
    for pod in pods(document):
        for key, ours in (("initContainers", {"outrider"}), ("volumes", {"outrider-state", "outrider-config"})):
            left = [each for each in pod.pop(key, None) or [] if each["name"] not in ours]
            if left:
                pod[key] = left
    return document


class Inject(harness.Case):
    def file(self, text, name="pod.yaml"):
        path = self.folder() / name
        path.write_text(text)
        return path

    def done(self, *arguments):
        done = run("inject", *arguments)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done

    def refused(self, *arguments):
        done = run("inject", *arguments)
        self.assertEqual(done.returncode, 2, done.stdout + done.stderr)
        self.assertEqual(done.stdout, "")
        return done.stderr

    def test_standard_output_has_the_manifests_and_standard_error_what_to_do(self):
        done = self.done(self.file(POD + SERVICE), "--otlp", "http://jaeger:4318")
        self.assertIn("name: outrider", done.stdout)
        self.assertIn("OUTRIDER_TRACING_OTLP", done.stdout)
        self.assertRegex(done.stderr, r"note: .*pod\.yaml:2:1: Pod orders: sidecar added; .*7980.*8080")
        self.assertRegex(done.stderr, r"note: .*pod\.yaml:15:7: Service orders: .*--rewrite-services")

    def test_standard_input_is_read_and_gives_the_same(self):
        from_file = self.done(self.file(POD)).stdout
        done = subprocess.run([processes.OUTRIDER, "inject", "-"], input=POD.encode(), capture_output=True, timeout=20)
        self.assertEqual(done.returncode, 0)
        self.assertEqual(done.stdout.decode(), from_file)

    def test_in_place_keeps_mode_and_link_and_can_be_undone(self):
        path = self.file(POD + SERVICE)
        path.chmod(0o640)
        link = path.parent / "link.yaml"
        link.symlink_to(path.name)
        self.assertEqual(self.done(link, "--in-place", "--rewrite-services").stdout, "")
        self.assertTrue(link.is_symlink())
        self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o640)
        self.assertIn("targetPort: 7980 # outrider: was http;\n", path.read_text())
        before = path.stat()
        self.done(path, "--in-place")
        self.assertEqual((path.stat().st_ino, path.stat().st_mtime_ns), (before.st_ino, before.st_mtime_ns))
        self.done(path, "--in-place", "--remove")
        self.assertEqual(path.read_text(), POD + SERVICE)
        self.assertEqual(sorted(each.name for each in path.parent.iterdir()), ["link.yaml", "pod.yaml"])

    def test_output_goes_to_another_file(self):
        path = self.file(POD)
        out = path.parent / "out.yaml"
        self.assertEqual(self.done(path, "--output", out).stdout, "")
        self.assertEqual(out.read_text(), self.done(path).stdout)
        self.assertEqual(path.read_text(), POD)

    def test_nothing_is_written_when_one_document_is_wrong(self):
        path = self.file(POD + "---\n" + BROKEN)
        out = path.parent / "out.yaml"
        self.assertRegex(self.refused(path, "--in-place"), r"pod\.yaml:12:7: Pod a: 'containers' is missing")
        self.refused(path, "--output", out)
        self.assertEqual(path.read_text(), POD + "---\n" + BROKEN)
        self.assertFalse(out.exists())

    def test_what_cannot_be_written_is_left_as_it_was(self):
        folder = self.folder() / "missing"
        done = run("inject", self.file(POD), "--output", folder / "out.yaml")
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, r"missing/out\.yaml: no file can be made beside it: No such file or directory")
        done = run("inject", self.file(POD), "--output", self.folder())
        self.assertEqual((done.returncode, "is a folder" in done.stderr), (1, True))

    def test_a_configuration_becomes_a_config_map(self):
        config = self.file('inbound: [{listen: "0.0.0.0:8081", app: "127.0.0.1:8080"}]\n', "sidecar.yaml")
        path = self.file(POD)
        self.done(path, "--config", config, "--in-place")
        text = path.read_text()
        self.assertIn("kind: ConfigMap\nmetadata:\n  name: orders-outrider\n", text)
        self.assertIn('    inbound: [{listen: "0.0.0.0:8081", app: "127.0.0.1:8080"}]\n', text)
        config.write_text("inbuond: []\n")
        self.assertRegex(self.refused(path, "--config", config, "--in-place"), r"sidecar\.yaml:1:1: unknown key 'inbuond'")
        self.assertEqual(path.read_text(), text)
        self.done(path, "--remove", "--in-place")
        self.assertEqual(path.read_text(), POD)

    def test_flags_that_make_no_sense_are_usage_errors(self):
        path = self.file(POD)
        for arguments, words in (
            ([], "give FILE"),
            (["-", "--in-place"], "standard input is no file"),
            ([path, "--in-place", "--output", "x"], "either --in-place or --output"),
            ([path, "--config", "a", "--config-map", "b"], "either --config FILE or --config-map NAME"),
            ([path, "--app-port", "0"], "--app-port: '0' is not a port"),
            ([path, "--inbound-port", "http"], "--inbound-port: 'http' is not a port"),
            ([path, "--kafka", "kafka:9092"], "write NAME=BROKER"),
            ([path, "--set", "drain"], "write PATH=VALUE"),
            ([path, "--in-palce"], "did you mean '--in-place'"),
            ([path.parent / "none.yaml"], "No such file"),
            ([path.parent], "is a folder"),
        ):
            self.assertIn(words, self.refused(*arguments), arguments)

    def test_the_sidecar_runs_as_injected(self):
        """The variables and arguments of the container, but for its ports, are a configuration that is good."""
        text = self.done(self.file(POD), "--kafka", "audit-log=kafka:9092", "--set", "upstreams.'a.b'.endpoints=a:1", "--set", "drain=3s").stdout
        container = yaml_or_skip(self, text)["spec"]["initContainers"][0]
        environment = {each["name"]: each["value"] for each in container["env"]}
        self.assertEqual(container["args"][0], "run")
        done = run("check", *container["args"][1:], "--json", environment=environment)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertNotIn("stands for no setting", done.stderr)
        said = json.loads(done.stdout)
        self.assertIn("kafka:9092", str(said["kafka.audit-log.brokers"]["value"]))
        self.assertIn("127.0.0.1:8080", str(said["inbound.0.app"]["value"]))

    def test_the_golden_files_are_the_same_to_another_reader(self):
        """Beside the sidecar, PyYAML reads from what came out what it reads from what went in."""
        if yaml is None:
            self.skipTest("python3-yaml is not installed")
        cases = [path for path in sorted((DATA / "in").iterdir()) if path.suffix in (".yaml", ".json")]
        self.assertGreater(len(cases), 25)
        for path in cases:
            if "rewrite-services" in (path.with_suffix(".options").read_text() if path.with_suffix(".options").exists() else ""):
                continue
            before, after = documents(path), documents(DATA / "out" / path.name)
            ours = [each for each in after if each and each.get("metadata", {}).get("labels", {}).get("app.kubernetes.io/managed-by") == "outrider-inject"]
            after = [each for each in after if each not in ours]
            self.assertEqual([strip(each) for each in after], [strip(each) for each in before], path.name)
            for pod in pods(after):
                names = [each["name"] for each in pod.get("initContainers", [])]
                self.assertEqual(names.count("outrider"), 0 if path.stem == "skipped" and "orders" in str(pod) else 1, path.name)

    def test_the_sidecar_is_confined(self):
        container = yaml_or_skip(self, self.done(self.file(POD)).stdout)["spec"]["initContainers"][0]
        self.assertEqual(container["restartPolicy"], "Always")
        self.assertEqual(container["startupProbe"]["httpGet"], {"path": "/startupz", "port": 7910})
        security = container["securityContext"]
        self.assertEqual(security["capabilities"], {"drop": ["ALL"]})
        self.assertEqual(security["seccompProfile"], {"type": "RuntimeDefault"})
        self.assertTrue(security["runAsNonRoot"] and security["readOnlyRootFilesystem"])
        self.assertFalse(security["allowPrivilegeEscalation"])

    def test_a_reader_that_goes_away_is_no_crash(self):
        read, write = os.pipe()
        os.close(read)
        done = subprocess.run([processes.OUTRIDER, "inject", self.file(POD)], stdout=write, stderr=subprocess.PIPE, timeout=20)
        os.close(write)
        self.assertIn(done.returncode, (1, -13))


def yaml_or_skip(case, text):
    if yaml is None:
        case.skipTest("python3-yaml is not installed")
    return yaml.safe_load(text)


if __name__ == "__main__":
    harness.main()
