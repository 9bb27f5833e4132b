"""What the program serves as its dashboard is what its sources say: rebuilt from the lock file, byte for byte."""
import gzip
import os
import pathlib
import shutil
import subprocess

import harness
import node_packages

SOURCE = harness.processes.ROOT / "sidecar/collector/dashboard"
MOST_PACKED = 300 * 1024


def files_of(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


class Build(harness.Case):
    def copied(self):
        """The sources alone, with the packages of the lock file."""
        folder = self.folder() / "dashboard"
        shutil.copytree(SOURCE, folder, ignore=shutil.ignore_patterns("node_modules", "dist", "build"))
        (folder / "node_modules").symlink_to(pathlib.Path(PACKAGES) / "node_modules")
        return folder

    def ran(self, folder, *command):
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, env={**os.environ, "NO_COLOR": "1"})
        self.assertEqual(done.returncode, 0, f"{done.stdout[-4000:]}{done.stderr[-4000:]}")
        return done.stdout

    def test_gives_the_files_that_are_there(self):
        folder = self.copied()
        self.ran(folder, "node", "build.mjs")
        built, kept = files_of(folder / "dist"), files_of(SOURCE / "dist")
        self.assertEqual(sorted(built), sorted(kept), "npm run build, and commit dist/")
        for name, content in kept.items():
            self.assertEqual(built[name], content, f"{name} is not what its sources give: npm run build, and commit dist/")

    def test_is_small(self):
        packed = {name: len(gzip.compress(content, 9, mtime=0)) for name, content in files_of(SOURCE / "dist").items()}
        print(f"dashboard: {sum(packed.values()) / 1024:.1f} KB compressed in {len(packed)} files")
        self.assertLessEqual(sum(packed.values()), MOST_PACKED)

    def test_has_no_type_errors(self):
        self.ran(self.copied(), "npm", "run", "--silent", "check")

    def test_pure_parts_do_what_they_should(self):
        self.assertIn("# fail 0", self.ran(self.copied(), "npm", "test", "--silent"))


if __name__ == "__main__":
    PACKAGES = node_packages.folder_or_skip("dashboard.sh")
    harness.main()
