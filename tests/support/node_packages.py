"""Packages from npm that tests need, as one of the scripts beside this file fetched them."""
import os
import pathlib
import subprocess
import sys

import harness


def folder_or_skip(script):
    """The folder with node_modules. Without Node.js the whole file ends: as failed in CI, elsewhere as skipped."""
    found = subprocess.run([str(pathlib.Path(__file__).parent / script)], capture_output=True, text=True)
    if found.returncode == 3:
        if os.environ.get("CI") == "true":
            sys.exit(f"error: CI tests with packages from npm, and there is {found.stderr.strip()}")
        harness.skip_all(found.stderr.strip())
    if found.returncode != 0:
        sys.exit(found.stderr or f"error: {script} failed")
    return found.stdout.strip()
