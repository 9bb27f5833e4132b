#!/usr/bin/env python3
"""Reads the #include graph of the tree and enforces which folder may know which.

The arrows are those of the design: sidecar -> governance, sidecar -> tracing, and inside sidecar
app -> {http, admin, collector, tools, ...} -> exchange -> net; export -> net and tracing only.
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]')
LONGEST = 400

PURE = {"tracing", "tracing/capture", "tracing/stitch", "tracing/chains", "tracing/flows", "governance"}
USES_EXCHANGE = {"sidecar/exchange", "sidecar/net", "sidecar/config"} | PURE
# What each folder may include beside itself; a folder that is missing here fails the test until someone decides.
ARROWS = {
    "tracing": set(),
    "tracing/capture": {"tracing", "tracing/stitch"},
    "tracing/stitch": {"tracing"},
    "tracing/chains": {"tracing", "tracing/stitch"},
    "tracing/flows": {"tracing", "tracing/stitch", "tracing/chains"},
    "governance": set(),
    "sidecar/config": {"governance", "tracing/flows"},
    "sidecar/net": {"sidecar/config"},
    "sidecar/export": {"sidecar/net", "sidecar/config", "tracing"},
    "sidecar/fleet": {"sidecar/net", "sidecar/config", "governance"},
    "sidecar/exchange": {"sidecar/net", "sidecar/config"} | PURE,
    "sidecar/http": USES_EXCHANGE,
    "sidecar/kafka": USES_EXCHANGE,
    "sidecar/intercept": USES_EXCHANGE,
    "sidecar/discovery": USES_EXCHANGE,
    "sidecar/admin": USES_EXCHANGE,
    "sidecar/collector": USES_EXCHANGE | {"sidecar/export"},  # forwards chains as a sidecar sends spans
    "sidecar/tools": USES_EXCHANGE,
    "sidecar/app": {"sidecar/*"} | PURE,
    "sidecar": {"sidecar/app"},  # main.cpp
}
# Third-party headers with a home: (what the include begins with, where it may stand).
HOMES = [
    ("boost/asio", {"sidecar/*"}),
    ("boost/beast", {"sidecar/*"}),
    ("boost/asio/ip", {"sidecar/net"}),
    ("boost/asio/ssl", {"sidecar/net"}),
    ("openssl/ssl.h", {"sidecar/net"}),
    ("sys/socket.h", {"sidecar/net"}),
    ("libfyaml", {"sidecar/config"}),
    ("hiredis", {"sidecar/fleet"}),
    ("nghttp2", {"sidecar/discovery"}),
    ("sqlite3.h", {"sidecar/collector"}),
    ("librdkafka", {"sidecar/tools"}),
]
# No Asio in folders whose work is pure.
WITHOUT_ASIO = PURE | {"sidecar/config"}

def matches(folder, allowed):
    return folder in allowed or (folder.startswith("sidecar/") and "sidecar/*" in allowed)


def folder_of(include):
    """The folder of a project header, or None for anything else."""
    parts = include.split("/")
    if "/".join(parts[:2]) in PURE:
        return "/".join(parts[:2])
    if parts[0] in PURE:
        return parts[0]
    return "/".join(parts[:-1][:2]) if parts[0] == "sidecar" else None


def includes(path):
    for number, line in enumerate(path.read_text().splitlines(), 1):
        found = INCLUDE.match(line)
        if found:
            yield number, found[1], found[2]


def judge(folder, include, quoted):
    """Why a file of `folder` may not include this, or None."""
    target = folder_of(include)
    if target is not None and target != folder and not matches(target, ARROWS[folder]):
        return f"{folder} may not know {target}"
    if quoted and target is None:
        return "project headers are included from the root of the repository"
    if include.startswith("boost/asio") and folder in WITHOUT_ASIO:
        return f"{folder} does no I/O"
    for prefix, homes in HOMES:
        if include.startswith(prefix) and not matches(folder, homes):
            return f"<{prefix}...> belongs to {', '.join(sorted(homes))}"
    return None


def check_file(path):
    folder = path.parent.relative_to(ROOT).as_posix()
    if folder not in ARROWS:
        return [f"{path.relative_to(ROOT)}: tests/arrows does not know the folder {folder}"]
    wrong = [(number, include, judge(folder, include, quote == '"')) for number, quote, include in includes(path)]
    return [f"{path.relative_to(ROOT)}:{number}: {include}: {why}" for number, include, why in wrong if why]


def own_header_first(path):
    """That a header compiles by itself is seen where it comes first; CMake verifies only those without a .cpp file."""
    header = path.with_suffix(".hpp")
    if path.suffix != ".cpp" or not header.exists():
        return []
    own, first = header.relative_to(ROOT).as_posix(), next(includes(path), None)
    return [] if first and first[2] == own else [f"{path.relative_to(ROOT)}: includes something before {own}"]


def too_long(path):
    """The style's advice, not a rule: it is said and does not fail."""
    lines = len(path.read_text(errors="replace").splitlines())
    return [f"note: {path.relative_to(ROOT)} has {lines} lines; the style splits at {LONGEST}"] if lines > LONGEST else []


def check_self():
    """The rules must be able to fail."""
    assert judge("tracing", "sidecar/net/stream.hpp", True)
    assert judge("tracing", "governance/rule.hpp", True)
    assert judge("tracing", "tracing/stitch/stitcher.hpp", True)
    assert not judge("tracing/chains", "tracing/stitch/stitcher.hpp", True)
    assert judge("tracing", "boost/asio/post.hpp", False)
    assert judge("sidecar/http", "boost/asio/ip/tcp.hpp", False)
    assert judge("sidecar/export", "sidecar/http/head.hpp", True)
    assert judge("sidecar/net", "sidecar/exchange/exchange.hpp", True)
    assert judge("sidecar/http", "sidecar/admin/server.hpp", True)
    assert judge("sidecar/http", "head.hpp", True)
    assert not judge("sidecar/app", "sidecar/http/head.hpp", True)
    assert not judge("sidecar/http", "tracing/ids.hpp", True)
    assert not judge("sidecar/http", "vector", False)


def main():
    check_self()
    sources = [path for top in ("tracing", "governance", "sidecar") for path in sorted((ROOT / top).rglob("*.[ch]pp"))]
    wrong = [line for path in sources for line in check_file(path) + own_header_first(path)]
    notes = [line for top in ("tracing", "governance", "sidecar", "tests", "examples")
             for pattern in ("*.[ch]pp", "*.py") for path in sorted((ROOT / top).rglob(pattern)) for line in too_long(path)]
    print("\n".join(notes + wrong))
    print(f"{len(sources)} files, " + (f"{len(wrong)} includes against the design" if wrong else "every arrow as designed"))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
