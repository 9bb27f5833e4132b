"""The Debian package: what cpack makes of the build is complete, in order by lintian, and works once unpacked."""
import gzip
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

import harness
import processes

sys.path.insert(0, str(processes.ROOT / "deploy/package"))
import help_text  # noqa: E402  pylint: disable=wrong-import-position

BUILD = pathlib.Path(processes.OUTRIDER).resolve().parent
COMPLETE = """
source "$1"; shift
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _outrider; printf '%s\\n' "${COMPREPLY[@]}"
"""
# The builtin that shows candidates only works within the line editor: what it is given is shown in its place.
COMPSYS = """
fpath=($1 $fpath); autoload -Uz compinit && compinit -u -D && [[ ${_comps[outrider]} == _outrider ]] || exit 3
zmodload zsh/zpty; zpty shell zsh -f -i
zpty -w shell "PS1=; fpath=($1 \\$fpath); PATH=$2:\\$PATH; autoload -Uz compinit; compinit -u -D; zstyle ':completion:*' list-separator '--'"
zpty -w shell "LISTMAX=1000; bindkey '^I' list-choices; print REA''DY"
zpty -r -m shell line '*READY*' || exit 4
zpty -n -w shell "$3"$'\\t'
zpty -r -m shell line "*$4*" || exit 5
print -r -- $line
zpty -d shell
"""


PACKAGED = []  # the package, its files and its control files, unpacked


def tool(*command, within=60, **how):
    return subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=within, env=processes.clean_environment(), **how)


def setUpModule():  # pylint: disable=invalid-name
    folder = tempfile.TemporaryDirectory(prefix="outrider-package-")
    unittest.addModuleCleanup(folder.cleanup)
    made = pathlib.Path(folder.name)
    done = tool("cpack", "--config", BUILD / "CPackConfig.cmake", "-B", made, within=120)
    assert done.returncode == 0, done.stdout + done.stderr
    PACKAGED[:] = [next(made.glob("outrider_*.deb")), made / "root", made / "control"]
    for option, into in (("-x", PACKAGED[1]), ("-e", PACKAGED[2])):
        assert tool("dpkg-deb", option, PACKAGED[0], into).returncode == 0


class Packaged(harness.Case):
    """What all tests look at: one package, made and unpacked once."""

    @classmethod
    def setUpClass(cls):
        cls.package, cls.root, cls.control = PACKAGED
        cls.program = cls.root / "usr/bin/outrider"

    def said(self, *command, **how):
        done = tool(*command, **how)
        self.assertEqual(done.returncode, 0, f"{command}: {done.stdout}{done.stderr}")
        return done.stdout


class Package(Packaged):
    def test_it_has_everything(self):
        contents = self.said("dpkg-deb", "--contents", self.package)
        for path in ("/usr/bin/outrider", "/etc/outrider/outrider.yaml", "/lib/systemd/system/outrider.service",
                     "/lib/systemd/system/outrider@.service", "/usr/share/man/man1/outrider.1.gz",
                     "/usr/share/bash-completion/completions/outrider", "/usr/share/zsh/vendor-completions/_outrider",
                     "/usr/share/outrider/sidecar.schema.json", "/usr/share/outrider/policies.schema.json",
                     "/usr/share/outrider/flows.schema.json",
                     "/usr/share/outrider/policies/throttle-per-tenant.yaml", "/usr/share/outrider/monitoring/alerts.yaml",
                     "/usr/share/outrider/monitoring/dashboard.json", "/usr/share/doc/outrider/guide/settings.md",
                     "/usr/share/doc/outrider/copyright", "/usr/share/doc/outrider/changelog.gz"):
            self.assertRegex(contents, rf"(?m) \.{re.escape(path)}$")
        self.assertEqual([line for line in contents.splitlines() if line.split()[1] != "root/root"], [])

    def test_its_control_file_names_the_libraries_that_it_loads(self):
        control = self.said("dpkg-deb", "--info", self.package)
        depends = re.search(r"Depends: (.*)", control)[1]
        needed = re.findall(r"NEEDED\s+(\S+)", self.said("objdump", "-p", self.program))
        self.assertIn("libc.so.6", needed)
        self.assertRegex(depends, r"\blibc6 \(>= ")
        for library in needed:
            owners = {line.partition(":")[0] for line in self.said("dpkg", "-S", f"*/{library}").splitlines() if "/debug/" not in line}
            self.assertTrue(any(re.search(rf"\b{re.escape(owner)}\b", depends) for owner in owners), f"{library}: {owners} not in {depends}")
        self.assertEqual((self.control / "conffiles").read_text(), "/etc/outrider/outrider.yaml\n")

    def test_lintian_finds_no_error_and_no_warning(self):
        done = tool("lintian", "--allow-root", "--fail-on", "error,warning", self.package, within=120)
        self.assertEqual((done.returncode, done.stdout), (0, ""), done.stderr)

    def test_the_scripts_of_the_package_are_valid(self):
        for script in ("postinst", "prerm", "postrm"):
            self.said("sh", "-n", self.control / script)

    def test_its_version_is_that_of_the_program(self):
        version = self.said(self.program, "--version").split()[-1]
        self.assertEqual(self.said("dpkg-deb", "--field", self.package, "Version").strip(), version)
        changelog = gzip.decompress((self.root / "usr/share/doc/outrider/changelog.gz").read_bytes()).decode()
        self.assertTrue(changelog.startswith(f"outrider ({version}) "), changelog)

    def test_its_configuration_is_valid_and_so_is_what_it_only_suggests(self):
        configuration = self.root / "etc/outrider/outrider.yaml"
        self.said(self.program, "check", "--config", configuration)
        text = re.sub(r"(?m)^#(?! \S)", "", configuration.read_text()).replace("tracing: {exporter: none}", "")
        everything = self.folder() / "outrider.yaml"
        (everything.parent / "policies.d").mkdir()
        shutil.copy(self.root / "usr/share/outrider/policies/throttle-per-tenant.yaml", everything.parent / "policies.d")
        everything.write_text(text.replace("/etc/outrider/policies.d", "policies.d"))
        self.said(self.program, "check", "--config", everything)

    def test_it_runs_as_its_unit_runs_it(self):
        state = self.folder()
        os.chmod(state, 0o777)
        unit = (self.root / "lib/systemd/system/outrider.service").read_text()
        words = re.search(r"^ExecStart=/usr/bin/outrider (.*)$", unit, re.MULTILINE)[1].split()
        configuration = state / "outrider.yaml"
        given = (self.root / "etc/outrider/outrider.yaml").read_text()
        configuration.write_text(re.sub(r":(8080|7900)\b", ":0", given))
        started = self.keep(processes.Process([self.program, *words], {"OUTRIDER_CONFIG": str(configuration), "OUTRIDER_STATE": str(state)}))
        started.wait_for_log(r"^ready")
        self.assertEqual(started.stop(), 0, started.log())

    def test_the_units_are_what_systemd_takes(self):
        if shutil.which("systemd-analyze") is None:
            self.skipTest("no systemd-analyze here")
        units = self.folder()
        for unit in sorted((self.root / "lib/systemd/system").glob("*.service")):
            path = units / unit.name.replace("@", "@orders")
            path.write_text(unit.read_text().replace("/usr/bin/outrider", str(self.program)))
            done = tool("systemd-analyze", "verify", "--man=no", path)
            self.assertEqual((done.returncode, done.stdout + done.stderr), (0, ""), unit)
        security = self.said("systemd-analyze", "security", "--offline=true", units / "outrider.service")
        exposure = float(re.search(r"Overall exposure level for outrider.service: ([\d.]+)", security)[1])
        self.assertLess(exposure, 2.5, security)

    def test_the_unit_of_many_differs_only_in_its_names(self):
        one, many = ((self.root / f"lib/systemd/system/outrider{which}.service").read_text().splitlines() for which in ("", "@"))
        different = {line.partition("=")[0] for line in set(one) ^ set(many)}
        self.assertEqual(different, {"Description", "Environment", "EnvironmentFile", "StateDirectory"})


class Manual(Packaged):
    def test_every_flag_of_every_command_is_in_the_manual(self):
        page = self.said("man", "--warnings", "-E", "UTF-8", "-l", self.root / "usr/share/man/man1/outrider.1.gz")
        plain = re.sub(r"\s+", " ", re.sub(r".\x08", "", page).replace("\u2010", "-"))
        for command in help_text.read(self.program).all():
            if command.path:
                self.assertIn(" ".join(["outrider", *command.path]), plain)
            for flag in command.flags:
                if command.path and "--help" not in flag.names:
                    self.assertIn(re.sub(r"\s+", " ", flag.doc), plain, f"{command.path} {flag.names}")

    def test_what_reads_the_help_reads_all_of_it(self):
        for command in help_text.read(self.program).all():
            text = help_text.ask(self.program, command.path)
            written = re.findall(r"^  (-[\w,-]+)", text, re.MULTILINE)
            self.assertEqual([",".join(flag.names) for flag in command.flags], written, command.path)


class Completions(Packaged):
    def bash(self, *words):
        script = self.root / "usr/share/bash-completion/completions/outrider"
        environment = processes.clean_environment({"PATH": f"{self.program.parent}:{os.environ['PATH']}"})
        done = subprocess.run(["bash", "--norc", "-c", COMPLETE, "complete", script, "outrider", *words], capture_output=True, text=True,
                              timeout=20, env=environment, cwd=self.root)
        self.assertEqual(done.stderr, "")
        return done.stdout.split()

    def test_bash_completes_commands_flags_and_values(self):
        self.assertIn("run", self.bash(""))
        self.assertEqual(self.bash("dev"), ["dev-broker"])
        self.assertEqual(self.bash("run", "--unk"), ["--unknown-host"])
        self.assertEqual(self.bash("run", "--unknown-host", ""), ["resolve", "refuse"])
        self.assertEqual(self.bash("run", "--service", ""), [])
        self.assertEqual(self.bash("check", "--config", "et"), ["etc"])
        self.assertIn("timeouts.first_byte=", self.bash("run", "--set", "timeouts.f"))
        self.assertEqual(self.bash("run", "--service", "check", "--unk"), ["--unknown-host"])

    def test_bash_completes_every_flag_of_every_command(self):
        for command in help_text.read(self.program).all():
            found = self.bash(*command.path, "-")
            self.assertEqual(found, [flag.names[-1] for flag in command.flags], command.path)

    def zsh(self, typed, expected):
        functions = self.root / "usr/share/zsh/vendor-completions"
        done = tool("zsh", "-f", "-c", COMPSYS, "complete", functions, self.program.parent, typed, expected, within=60)
        self.assertEqual(done.returncode, 0, f"{typed}: {done.stdout}{done.stderr}")
        return done.stdout

    def test_zsh_parses_it_and_completes(self):
        self.said("zsh", "-n", self.root / "usr/share/zsh/vendor-completions/_outrider")
        self.assertIn("judge a configuration", self.zsh("outrider ", "diff"))
        self.zsh("outrider run --unknown-host ", "refuse")
        self.zsh("outrider run --acc", "access-log")


if __name__ == "__main__":
    if shutil.which("cpack") is None or shutil.which("dpkg-shlibdeps") is None:
        harness.skip_all("no cpack or dpkg-shlibdeps here")
    harness.main()
