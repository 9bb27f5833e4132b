"""What time it is, in milliseconds since 1970. All services of the example ask here, so that a day can pass in a moment:

CLOCK_FILE names a file with the number of seconds by which their clock is ahead: echo 90000 > clock
"""
import datetime
import os
import pathlib
import time

FILE = os.environ.get("CLOCK_FILE")


def ahead():
    """Milliseconds; none where nobody has said so."""
    try:
        return int(float(pathlib.Path(FILE).read_text()) * 1000) if FILE else 0
    except (OSError, ValueError, OverflowError):
        return 0


def now():
    return int(time.time() * 1000) + ahead()


def text(milliseconds):
    """As people and JSON read it: 2026-11-27T12:00:00.250Z"""
    moment = datetime.datetime.fromtimestamp(milliseconds / 1000, datetime.timezone.utc)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
