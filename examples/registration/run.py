#!/usr/bin/env python3
"""Runs the registration with a sidecar beside each service, lets people register and shows what became of them. ./demo registration calls this."""
import pathlib
import sys

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1]))  # the folder `demo` of all examples
from demo import frame  # noqa: E402

import story  # noqa: E402
import system  # noqa: E402

if __name__ == "__main__":
    sys.exit(frame.main(story, system.REGISTRATION))
