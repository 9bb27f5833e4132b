#!/usr/bin/env bash
# usage: run.sh PROGRAM SECONDS   runs one libFuzzer program from its kept corpus; what it finds stays in the build folder.
set -euo pipefail
program=$1 seconds=$2
name=$(basename "$program")
kept=$(dirname "$0")/corpus/${name#fuzz_}
found=$(dirname "$program")/found/${name#fuzz_}
mkdir -p "$found"
[ -d "$kept" ] || { echo "no kept corpus in $kept" >&2; exit 1; }
# Every kept input first and alone, so that a regression names its file.
"$program" -runs=0 "$kept"
exec "$program" -max_total_time="$seconds" -rss_limit_mb=2048 -timeout=10 -artifact_prefix="$found/" -print_final_stats=1 "$found" "$kept"
