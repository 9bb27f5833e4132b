"""The Helm charts: linted and rendered by a real Helm, and what they render judged as manifests."""
import json
import re
import shutil
import subprocess

import go_programs
import harness
import manifests
import processes

CHARTS = processes.ROOT / "deploy/helm"
SERVICES = {"frontend", "orders", "inventory", "payment"}
HELM, STRICT = (go_programs.built(name) for name in ("helm", "kube_strict"))


class Charts(harness.Case):
    def setUp(self):
        self.place = self.folder()
        for chart in ("outrider", "shop"):
            shutil.copytree(CHARTS / chart, self.place / chart)
        self.shop = self.place / "shop"
        self.helm("dependency", "build", self.shop)

    def helm(self, *arguments, fails=False):
        environment = {f"HELM_{name}_HOME": str(self.place / name) for name in ("CACHE", "CONFIG", "DATA")}
        done = subprocess.run([HELM, *map(str, arguments)], capture_output=True, text=True, timeout=60,
                              env=processes.clean_environment(environment))
        self.assertEqual(done.returncode != 0, fails, done.stdout + done.stderr)
        return done.stdout + done.stderr if fails else done.stdout

    def render(self, *arguments):
        text = self.helm("template", "shop", self.shop, "--namespace", "shop", "--kube-version", "1.30.0", *arguments)
        return manifests.Objects(manifests.decode(STRICT, text=text))

    def test_they_are_without_a_finding(self):
        for chart in ("outrider", "shop"):
            found = self.helm("lint", "--strict", self.place / chart)
            self.assertRegex(found, r"1 chart\(s\) linted, 0 chart\(s\) failed")
            self.assertNotRegex(found, r"\[(WARNING|ERROR)\]")

    def test_each_pod_has_a_native_sidecar_with_what_it_needs(self):
        objects = self.render()
        self.assertEqual({name for name, _ in objects.pods()}, SERVICES | {"collector"})
        for name in SERVICES:
            pod = self.template(objects, name)
            sidecar = manifests.sidecar(pod)
            self.assertEqual(sidecar["restartPolicy"], "Always")
            self.assertEqual({volume["name"] for volume in pod["spec"]["volumes"]}, {mount["name"] for mount in sidecar["volumeMounts"]})
            self.assertTrue(sidecar["securityContext"]["readOnlyRootFilesystem"])
            for volume in pod["spec"]["volumes"]:
                for source in volume.get("projected", {}).get("sources", []):
                    known = objects.of("ConfigMap")[source["configMap"]["name"]]["data"]
                    self.assertLessEqual({item["key"] for item in source["configMap"].get("items", [])}, set(known), name)
            service = objects.of("Service")[name]
            self.assertEqual([each for each, _ in objects.pods_behind(service)], [name])
            self.assertLessEqual({port["targetPort"] for port in service["spec"]["ports"]}, set(manifests.ports(pod)))

    def test_each_configuration_is_valid_with_its_policies(self):
        objects = self.render()
        for name in SERVICES:
            folder = self.folder()
            config = objects.of("ConfigMap")[f"{name}-outrider"]["data"]["sidecar.yaml"].replace("/etc/outrider", str(folder))
            (folder / "sidecar.yaml").write_text(config)
            policies = objects.of("ConfigMap").get(f"{name}-outrider-policies", {"data": {}})["data"]
            (folder / "policies.d").mkdir()
            for file, text in policies.items():
                (folder / "policies.d" / file).write_text(text)
            done = harness.run("check", "--config", folder / "sidecar.yaml")
            self.assertEqual((done.returncode, done.stderr), (0, ""), config)
            self.assertEqual("policy is valid" in done.stdout, bool(policies), done.stdout)

    def template(self, objects, name):
        return dict(objects.pods())[name]

    def test_a_changed_configuration_makes_new_pods_and_changed_policies_do_not(self):
        before = self.render()
        config = self.render("--set", "services.orders.calls.inventory=elsewhere:8080")
        policies = self.render("--set", "services.orders.policies.payment\\.yaml=policies: []")
        self.assertNotEqual(self.template(before, "orders"), self.template(config, "orders"))
        self.assertEqual(self.template(before, "inventory"), self.template(config, "inventory"))
        self.assertEqual(self.template(before, "orders"), self.template(policies, "orders"))
        self.assertEqual(policies.of("ConfigMap")["orders-outrider-policies"]["data"]["payment.yaml"], "policies: []\n")

    def test_the_collector_forwards_to_jaeger_and_can_be_another_one(self):
        pod = self.template(self.render(), "collector")
        self.assertIn("--forward=http://jaeger:4318", pod["spec"]["containers"][0]["args"])
        objects = self.render("--set", "collector.enabled=false,collector.address=http://chains.monitoring:4318")
        self.assertNotIn("collector", dict(objects.pods()))
        self.assertIn("http://chains.monitoring:4318", objects.of("ConfigMap")["orders-outrider"]["data"]["sidecar.yaml"])

    def test_what_the_library_has_in_common_is_set_under_its_name(self):
        objects = self.render("--set", "outrider.image.tag=1.2.3,outrider.ports.probes=7999")
        pod = self.template(objects, "payment")
        self.assertEqual(manifests.sidecar(pod)["image"], "outrider:1.2.3")
        self.assertEqual(manifests.ports(pod)["probes"], 7999)
        self.assertIn("0.0.0.0:7999", objects.of("ConfigMap")["payment-outrider"]["data"]["sidecar.yaml"])
        said = self.helm("template", "shop", self.shop, "--kube-version", "1.30.0", "--set", "outrider.prots.http=1", fails=True)
        self.assertIn("prots", said)

    def test_monitoring_is_that_of_the_tree(self):
        self.assertEqual(self.render().of("ServiceMonitor"), {})
        objects = self.render("--set", "monitoring.enabled=true")
        rules = objects.of("PrometheusRule")["shop-outrider"]["spec"]["groups"]
        alerts = [rule["alert"] for group in rules for rule in group["rules"]]
        self.assertEqual(alerts, re.findall(r"- alert: (\w+)", (processes.ROOT / "deploy/monitoring/alerts.yaml").read_text()))
        board = objects.of("ConfigMap")["shop-outrider-dashboard"]["data"]["outrider.json"]
        self.assertEqual(json.loads(board)["uid"], "outrider")
        monitor = objects.of("ServiceMonitor")["shop-outrider"]["spec"]
        found = {name for name, service in objects.of("Service").items() if manifests.matches(monitor["selector"], service["metadata"]["labels"])}
        self.assertEqual(found - {"collector"}, SERVICES)


if __name__ == "__main__":
    go_programs.skip_without(HELM, STRICT)
    harness.main()
