#!/usr/bin/env python3
"""Runs recently bought products with a sidecar beside each service. ./demo recent calls this."""
import pathlib
import sys

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1]))  # the folder `demo` of all examples
from demo import frame  # noqa: E402

import story  # noqa: E402
import system  # noqa: E402

if __name__ == "__main__":
    sys.exit(frame.main(story, system.RECENT_PRODUCTS))
