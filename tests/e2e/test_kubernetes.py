"""The manifests of deploy/kubernetes: what the API server would decode, what fits together, and what the sidecar itself says."""
import json
import re
import textwrap

import go_programs
import harness
import manifests
import processes

KUBERNETES = processes.ROOT / "deploy/kubernetes"
SHOP = KUBERNETES / "shop"
SERVICES = ("frontend", "orders", "inventory", "payment")
STRICT = go_programs.built("kube_strict")
INJECT = processes.ROOT / "tests/data/inject"


def decoded(*paths):
    return manifests.Objects(manifests.decode(STRICT, *paths))


def of_the_shop():
    return decoded(*sorted(path for path in SHOP.glob("*.yaml") if path.name != "kustomization.yaml"))


class Manifests(harness.Case):
    def configuration(self, objects, name):
        """{path of a setting: its value} of a service's `sidecar.yaml`, as `outrider check` reads it."""
        path = self.folder() / "sidecar.yaml"
        path.write_text(objects.of("ConfigMap")[f"{name}-outrider"]["data"]["sidecar.yaml"])
        done = harness.run("check", "--config", path, "--print", "--json")
        self.assertEqual((done.returncode, done.stderr), (0, ""), name)
        return {setting: each["value"] for setting, each in json.loads(done.stdout).items()}

    def test_every_manifest_is_what_the_api_server_decodes(self):
        paths = [path for path in sorted(KUBERNETES.rglob("*.yaml")) if path.name != "kustomization.yaml"]
        self.assertGreater(len(decoded(*paths).things), 25)

    def test_what_inject_makes_is_decoded_wherever_its_input_is(self):
        """The other inputs are what YAML allows and the API server does not: repeated keys by a merge, kinds of others."""
        judged = 0
        for path in sorted((INJECT / "in").iterdir()):
            try:
                before = path.suffix != ".options" and manifests.decode(STRICT, path)
            except AssertionError:
                continue
            if before:
                after = manifests.decode(STRICT, INJECT / "out" / path.name)
                self.assertGreaterEqual(len(after), len(before), path.name)
                judged += 1
        self.assertGreater(judged, 25)

    def test_the_judge_finds_what_is_wrong(self):
        good = (SHOP / "namespace.yaml").read_text()
        for bad, reason in ((good.replace("metadata:", "metdata:"), 'unknown field "metdata"'), (good.replace("v1", "v9"), "no kind"),
                            (good + "  name: twice\n", 'already set'), (good.replace("name: shop", "name: {}"), "cannot unmarshal")):
            with self.assertRaisesRegex(AssertionError, reason):
                manifests.decode(STRICT, text=bad)

    def test_kustomize_lists_every_file(self):
        listed = re.findall(r"^  - (\S+)$", (SHOP / "kustomization.yaml").read_text(), re.MULTILINE)
        self.assertEqual(sorted([*listed, "kustomization.yaml"]), sorted(path.name for path in SHOP.glob("*.yaml")))

    def test_workloads_and_services_fit_together(self):
        for objects in (of_the_shop(), decoded(KUBERNETES / "pod.yaml")):
            for name, pod in objects.pods():
                self.fits(objects, name, pod)
            for name, service in objects.of("Service").items():
                behind = objects.pods_behind(service)
                self.assertEqual([each for each, _ in behind], [name], "a Service selects its own workload")
                for port in service["spec"]["ports"]:
                    self.assertIn(port["targetPort"], manifests.ports(behind[0][1]), name)

    def fits(self, objects, name, pod):
        volumes = {volume["name"]: volume for volume in pod["spec"].get("volumes", [])}
        mounted = {mount["name"] for container in manifests.containers(pod) for mount in container.get("volumeMounts", [])}
        self.assertEqual(mounted, set(volumes), name)
        for volume in volumes.values():
            if "configMap" in volume:
                self.assertIn(volume["configMap"]["name"], objects.of("ConfigMap"), name)
        for container in manifests.containers(pod):
            for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
                asked = container.get(probe, {})
                place = asked.get("httpGet") or asked.get("tcpSocket")
                if place:
                    self.assertIn(place["port"], {port.get("name") for port in container["ports"]}, f"{name}: {probe}")
        for thing in objects.things:
            if thing["kind"] in ("Deployment", "StatefulSet") and thing["metadata"]["name"] == name:
                self.assertTrue(manifests.matches(thing["spec"]["selector"], pod["metadata"]["labels"]), name)

    def test_every_pod_keeps_to_the_restricted_standard(self):
        for name, pod in [*of_the_shop().pods(), *decoded(KUBERNETES / "pod.yaml").pods()]:
            whole = pod["spec"]["securityContext"]
            self.assertTrue(whole["runAsNonRoot"], name)
            self.assertEqual(whole["seccompProfile"]["type"], "RuntimeDefault", name)
            for container in manifests.containers(pod):
                what = f"{name}/{container['name']}"
                context = container["securityContext"]
                self.assertEqual((context["allowPrivilegeEscalation"], context["capabilities"]["drop"]), (False, ["ALL"]), what)
                self.assertNotIn("add", context["capabilities"], what)
                self.assertGreater(context.get("runAsUser", whole.get("runAsUser", 0)), 0, what)
                self.assertIn("memory", container["resources"]["limits"], what)
                self.assertIn("cpu", container["resources"]["requests"], what)
                if "outrider" in container["image"]:
                    self.assertTrue(context["readOnlyRootFilesystem"], what)

    def test_sidecars_are_native_and_start_before_and_end_after_their_services(self):
        objects = of_the_shop()
        pods = {**dict(objects.pods()), "orders-pod": dict(decoded(KUBERNETES / "pod.yaml").pods())["orders"]}
        for name in (*SERVICES, "orders-pod"):
            pod = pods[name]
            sidecar = manifests.sidecar(pod)
            self.assertEqual(sidecar["restartPolicy"], "Always", name)
            asked = {probe: sidecar[f"{probe}Probe"]["httpGet"]["path"] for probe in ("startup", "readiness", "liveness")}
            self.assertEqual(asked, {"startup": "/startupz", "readiness": "/readyz", "liveness": "/livez"}, name)
            pause = pod["spec"]["containers"][0]["lifecycle"]["preStop"]["sleep"]["seconds"]
            self.assertGreater(pod["spec"]["terminationGracePeriodSeconds"], pause + 10 + 20, "room for the service and for `drain`")

    def test_each_configuration_is_valid_and_says_what_its_pod_says(self):
        objects = of_the_shop()
        for name, pod in objects.pods():
            if name not in SERVICES:
                continue
            settings = self.configuration(objects, name)
            declared = manifests.ports(pod)
            self.assertEqual(settings["service"], name)
            self.assertEqual(settings["probes"], f"0.0.0.0:{declared['probes']}")
            self.assertEqual(settings["inbound.0.listen"], f"0.0.0.0:{declared['http']}")
            variables = {each["name"]: each["value"] for each in pod["spec"]["containers"][0]["env"]}
            self.assertEqual(settings["inbound.0.app"], f"127.0.0.1:{variables['PORT']}")
            self.assertEqual(variables.get("HTTP_PROXY", "http://").removeprefix("http://"), settings.get("outbound.listen") or "")
            self.assertEqual(variables.get("KAFKA_BOOTSTRAP"), settings.get("kafka.main.listen"))

    def test_what_is_called_is_there_and_may_be_called(self):
        objects = of_the_shop()
        pods, called = dict(objects.pods()), set()
        for name in SERVICES:
            text = objects.of("ConfigMap")[f"{name}-outrider"]["data"]["sidecar.yaml"]
            for target, port in re.findall(r'"(?:http://)?([a-z]+):(\d+)"', text):
                service = objects.of("Service")[target]
                place = next(each["targetPort"] for each in service["spec"]["ports"] if each["port"] == int(port))
                labels = pods[name]["metadata"]["labels"]
                self.assertTrue(manifests.may_enter(objects, labels, pods[target], manifests.ports(pods[target])[place]), f"{name} -> {target}")
                called.add((name, target))
        self.assertEqual(len(called), 10, called)  # three calls, three to Kafka, four to the collector
        self.assertTrue(manifests.may_enter(objects, pods["collector"]["metadata"]["labels"], pods["jaeger"], 4318), "it forwards")
        for source, target, port in (("payment", "orders", 8080), ("frontend", "inventory", 8080), ("frontend", "kafka", 9092),
                                     ("orders", "inventory", 7910), ("orders", "jaeger", 4318)):
            labels = pods[source]["metadata"]["labels"]
            self.assertFalse(manifests.may_enter(objects, labels, pods[target], port), f"{source} -> {target}")

    def test_the_service_monitor_finds_every_sidecar(self):
        monitor = decoded(KUBERNETES / "monitoring/servicemonitor.yaml").things[0]["spec"]
        found = [name for name, service in of_the_shop().of("Service").items()
                 if manifests.matches(monitor["selector"], service["metadata"]["labels"])
                 and monitor["endpoints"][0]["port"] in {port["name"] for port in service["spec"]["ports"]}]
        self.assertEqual(sorted(found), sorted(SERVICES))
        self.assertEqual(monitor["endpoints"][0]["path"], "/metrics")

    def test_the_configuration_of_the_pod_is_valid(self):
        text = re.search(r"sidecar\.yaml: \|\n(.*?)^---", (KUBERNETES / "pod.yaml").read_text(), re.DOTALL | re.MULTILINE)[1]
        path = self.folder() / "sidecar.yaml"
        path.write_text(textwrap.dedent(text))
        self.assertEqual(harness.run("check", "--config", path).returncode, 0)


if __name__ == "__main__":
    go_programs.skip_without(STRICT)
    harness.main()
