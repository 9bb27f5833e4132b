"""The compose file: what docker compose would make of it, and what fits together. No engine is needed for that."""
import json
import os
import re
import shutil
import subprocess

import go_programs
import harness
import processes

COMPOSE = processes.ROOT / "deploy/compose"
SERVICES = ("frontend", "orders", "inventory", "payment")

STRICT = go_programs.built("compose_strict")


class Compose(harness.Case):
    def load(self, path):
        return subprocess.run([STRICT, str(path)], capture_output=True, text=True, timeout=30, env=processes.clean_environment())

    def model(self):
        done = self.load(COMPOSE / "compose.yaml")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return json.loads(done.stdout)

    def settings(self, name):
        done = harness.run("check", "--config", COMPOSE / f"sidecars/{name}.yaml", "--print", "--json")
        self.assertEqual((done.returncode, done.stderr), (0, ""), name)
        return {setting: each["value"] for setting, each in json.loads(done.stdout).items()}

    def test_the_judge_finds_what_is_wrong(self):
        good = (COMPOSE / "compose.yaml").read_text()
        for bad, reason in ((good.replace("network_mode: service:inventory-outrider", "network_mode: service:nobody"), "nobody"),
                            (good.replace("cap_drop: [ALL]", "cap_dorp: [ALL]"), "cap_dorp"),
                            (good.replace("condition: service_healthy", "condition: service_happy"), "condition")):
            path = self.folder() / "compose.yaml"
            path.write_text(bad)
            done = self.load(path)
            self.assertEqual(done.returncode, 1)
            self.assertIn(reason, done.stderr)

    def test_each_service_shares_the_network_of_its_sidecar_and_waits_for_it(self):
        services = self.model()["services"]
        for name in SERVICES:
            service, sidecar = services[name], services[f"{name}-outrider"]
            self.assertEqual(service["network_mode"], f"service:{name}-outrider")
            self.assertEqual(service["depends_on"][f"{name}-outrider"]["condition"], "service_healthy")
            self.assertEqual(sidecar["networks"]["default"]["aliases"], [name])
            self.assertEqual(sidecar["healthcheck"]["test"][:3], ["CMD", "/usr/bin/outrider", "wait"])
            for each in (service, sidecar):
                self.assertTrue(each["read_only"] and each["cap_drop"] == ["ALL"], name)
            self.assertIn(service["command"], ([f"/shop/{name}.py"], [f"/shop/shop_{name}"]))

    def test_the_image_has_each_program(self):
        recipe = (processes.ROOT / "examples/shop/Containerfile").read_text()
        for name in SERVICES:
            program = processes.pathlib.PurePath(self.model()["services"][name]["command"][0]).name
            source = processes.ROOT / "examples/shop" / program
            if program.endswith(".py"):
                self.assertTrue(os.access(source, os.X_OK) and source.read_text().startswith("#!/usr/bin/python3\n"), program)
            else:
                self.assertIn(f"COPY --from=build /build/{program} ./", recipe)

    def test_what_sidecars_saw_goes_to_the_collector_and_whole_chains_to_jaeger(self):
        services = self.model()["services"]
        command = services["collector"]["command"]
        self.assertEqual(command[command.index("--forward") + 1], "http://jaeger:4318")
        for name in SERVICES:
            settings = self.settings(name)
            self.assertEqual(settings["tracing.collector"], "http://collector:4318")
            self.assertFalse(settings.get("tracing.otlp"), name)

    def test_each_configuration_is_valid_and_says_what_its_service_says(self):
        services = self.model()["services"]
        for name in SERVICES:
            settings, variables = self.settings(name), services[name]["environment"]
            self.assertEqual(settings["service"], name)
            self.assertEqual(settings["inbound.0.app"], f"127.0.0.1:{variables['PORT']}")
            self.assertEqual(variables.get("HTTP_PROXY", "http://").removeprefix("http://"), settings.get("outbound.listen") or "")
            self.assertEqual(variables.get("KAFKA_BOOTSTRAP"), settings.get("kafka.main.listen"))
            self.assertEqual(settings["admin.listen"], "127.0.0.1:7900", "where `outrider wait` asks")

    def test_every_name_that_is_called_is_one_of_the_network(self):
        services = self.model()["services"]
        names = set(services) | set(SERVICES)
        for path in sorted((COMPOSE / "sidecars").glob("*.yaml")):
            for target in re.findall(r'"(?:http://)?([a-z]+):\d+"', path.read_text()):
                self.assertIn(target, names, path.name)

    def test_its_images_are_made_of_what_is_here(self):
        services = self.model()["services"]
        for service in services.values():
            if "build" in service:
                context = processes.pathlib.Path(service["build"]["context"])
                self.assertTrue((context / service["build"]["dockerfile"]).exists())
        for name in {volume["source"] for service in services.values() for volume in service.get("volumes", []) if volume["type"] == "bind"}:
            self.assertTrue(processes.pathlib.Path(name).exists(), name)

    def test_the_sidecars_are_those_of_kubernetes(self):
        for name in SERVICES:
            manifest = (processes.ROOT / f"deploy/kubernetes/shop/{name}.yaml").read_text()
            indented = "".join(f"    {line}\n" for line in (COMPOSE / f"sidecars/{name}.yaml").read_text().splitlines())
            self.assertIn(indented, manifest)

    def test_prometheus_takes_its_configuration(self):
        if shutil.which("promtool") is None:
            self.skipTest("no promtool here")
        folder = self.folder()
        for path in (COMPOSE / "prometheus.yml", processes.ROOT / "deploy/monitoring/alerts.yaml"):
            shutil.copy(path, folder)
        done = subprocess.run(["promtool", "check", "config", folder / "prometheus.yml"], capture_output=True, text=True, timeout=30)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)


if __name__ == "__main__":
    go_programs.skip_without(STRICT)
    harness.main()
