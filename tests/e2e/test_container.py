"""The container image: its file system is made as the recipe makes it, and the program works in it, read-only and without rights."""
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

import authority
import harness
import processes
from harness import ask, told

CONTAINER = processes.ROOT / "deploy/container"
RECIPE = (CONTAINER / "Containerfile").read_text()
USER = "7900:7900"
# What an engine adds: a read-only root, a volume, the names and the resolver of the machine.
ENGINE = """
set -e
mount --bind "$1" "$1"
touch "$1/etc/hosts" "$1/etc/resolv.conf"
mount --bind /etc/hosts "$1/etc/hosts"; mount --bind /etc/resolv.conf "$1/etc/resolv.conf"
mount -t tmpfs -o uid=7900,gid=7900 tmpfs "$1/var/lib/outrider"
mount -o remount,bind,ro "$1"
exec chroot --userspec=7900:7900 "$@"
"""


class Image(harness.Case):
    @classmethod
    def setUpClass(cls):
        enclosing = tempfile.TemporaryDirectory(prefix="outrider-image-")
        cls.addClassCleanup(enclosing.cleanup)
        cls.root = pathlib.Path(enclosing.name) / "root"
        done = subprocess.run([CONTAINER / "root.sh", processes.OUTRIDER, cls.root], capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr

    def command(self, *words):
        return ["unshare", "--mount", "sh", "-c", ENGINE, "engine", self.root, *words]

    def said(self, *words):
        done = subprocess.run([str(word) for word in self.command(*words)], capture_output=True, text=True, timeout=30)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    def started(self, *flags):
        proxy = processes.Sidecar.__new__(processes.Sidecar)
        processes.Process.__init__(proxy, self.command("/usr/bin/outrider", "run", "--service", "orders", *flags))
        self.keep(proxy)
        proxy.kafka, proxy.upstreams, proxy.inbounds = {}, {}, []
        proxy.wait_for_log(r"^ready")
        proxy.read_addresses()
        return proxy

    def test_every_library_is_in_it(self):
        listed = self.said("/lib64/ld-linux-x86-64.so.2", "--list", "/usr/bin/outrider")
        self.assertNotIn("not found", listed)
        self.assertIn("libssl.so.3", listed)

    def test_it_has_nothing_else(self):
        programs = [path for path in self.root.rglob("*") if path.is_file() and os.access(path, os.X_OK) and ".so" not in path.name]
        self.assertEqual([str(path.relative_to(self.root)) for path in programs], ["usr/bin/outrider"])
        for package in (self.root / "var/lib/dpkg/status.d").iterdir():
            self.assertTrue((self.root / "usr/share/doc" / package.name / "copyright").exists(), package.name)

    def test_it_carries_traffic_by_names_and_tells_how_it_is(self):
        app = self.origin()
        proxy = self.started("--inbound", "127.0.0.1:0", "--app", str(app), "--outbound", "127.0.0.1:0", "--admin", "127.0.0.1:0",
                             "--route", f"stock=localhost:{str(app).rpartition(':')[2]}")
        self.assertEqual(told(ask(proxy.inbound, "/in"))["target"], "/in")
        self.assertEqual(told(ask(proxy.outbound, "/out", host="stock"))["target"], "/out")
        check = json.loads(re.search(r"HEALTHCHECK .*CMD (\[.*\])", RECIPE)[1])
        self.said(*check, "--admin", "%s:%d" % proxy.admin)
        self.assertEqual(proxy.stop(), 0, proxy.log())

    def test_it_trusts_the_roots_that_it_has(self):
        ours, unknown = authority.Authority(self.folder()), authority.Authority(self.folder(), "Another CA")
        bundle = self.root / "etc/ssl/certs/ca-certificates.crt"
        self.assertGreater(bundle.read_text().count("BEGIN CERTIFICATE"), 50)
        with open(bundle, "a", encoding="ascii") as file:
            file.write(ours.ca.read_text())
        known, stranger = (self.origin(context=each.server("localhost")) for each in (ours, unknown))
        routes = [f"{name}=https://localhost:{str(each).rpartition(':')[2]}" for name, each in (("known", known), ("stranger", stranger))]
        proxy = self.started("--outbound", "127.0.0.1:0", "--route", routes[0], "--route", routes[1])
        self.assert_status(ask(proxy.outbound, "/", host="known"), 200)
        self.assert_status(ask(proxy.outbound, "/", host="stranger"), 502)


class Recipe(harness.Case):
    def context(self):
        """What the engine is given to build of."""
        folder = self.folder() / "context"
        lines = (processes.ROOT / ".dockerignore").read_text().splitlines()
        for line in (line[1:].rstrip("/") for line in lines if line.startswith("!")):
            source = processes.ROOT / line
            if source.is_dir():
                shutil.copytree(source, folder / line, ignore=shutil.ignore_patterns("__pycache__", "*.pyc"))
            else:
                folder.mkdir(exist_ok=True)
                shutil.copy2(source, folder)
        return folder

    def test_what_is_copied_is_enough_to_build_of(self):
        folder = self.context()
        done = subprocess.run(["cmake", "--preset", "release"], cwd=folder, capture_output=True, text=True, timeout=120)
        self.assertEqual(done.returncode, 0, done.stderr)
        for source in re.findall(r"^COPY (?!--from)(\S+) ", RECIPE, re.MULTILINE):
            self.assertTrue((folder / source).exists(), source)

    def test_it_runs_as_the_user_that_the_file_system_has(self):
        script = (CONTAINER / "root.sh").read_text()
        self.assertEqual(re.search(r"^USER (\S+)$", RECIPE, re.MULTILINE)[1], USER)
        self.assertIn(f"user={USER.partition(':')[0]}\n", script)
        self.assertEqual(RECIPE.count("\nFROM "), 2)
        self.assertIn("\nFROM scratch\n", RECIPE)


if __name__ == "__main__":
    if os.geteuid() != 0:
        harness.skip_all("only root makes an image's file system and enters it")
    harness.main()
