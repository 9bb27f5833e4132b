#!/usr/bin/env python3
"""Runs the shop with a sidecar beside each service, places orders and prints two chains. ./demo shop calls this."""
import pathlib
import sys

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1]))  # the folder `demo` of all examples
from demo import frame  # noqa: E402

import story  # noqa: E402
import system  # noqa: E402

if __name__ == "__main__":
    sys.exit(frame.main(story, system.SHOP))
