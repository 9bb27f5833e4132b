"""Programs of others, or of ours over others' libraries, that tests build from Go modules."""
import os
import subprocess
import sys

import harness
import processes


def built(name):
    """Path of what tests/support/NAME.sh builds, built if need be; None where there is no Go to build it with."""
    done = subprocess.run([processes.ROOT / f"tests/support/{name}.sh"], capture_output=True, text=True)
    if done.returncode == 3:
        return None
    assert done.returncode == 0, f"building {name} failed:\n{done.stderr[-3000:]}"
    return done.stdout.strip()


def skip_without(*programs):
    """Ends the whole file where one of them could not be built: as failed in CI, elsewhere as skipped."""
    if None not in programs:
        return
    if os.environ.get("CI") == "true":
        sys.exit("error: CI judges what is deployed by Go programs, and there is no Go here to build them with")
    harness.skip_all("no Go here, so WHAT IS DEPLOYED WAS NOT JUDGED")
