#!/usr/bin/env bash
# Prints the folder whose node_modules have kafkajs and its Snappy codec, fetched once with npm and kept outside the tree.
# Exit code 3: there is no Node.js or npm for it.
set -euo pipefail
cache=${XDG_CACHE_HOME:-$HOME/.cache}/outrider
folder=$cache/kafkajs-2.2.4
if [ ! -d "$folder" ]; then
    command -v node >/dev/null && command -v npm >/dev/null || { echo "no Node.js or npm here for kafkajs" >&2; exit 3; }
    mkdir -p "$cache"
    fetching=$(mktemp -d "$cache/fetching.XXXXXX")
    trap 'rm -rf "$fetching"' EXIT
    npm install --prefix "$fetching" --no-audit --no-fund --ignore-scripts kafkajs@2.2.4 kafkajs-snappy@1.1.0 >&2
    mv -T "$fetching" "$folder" 2>/dev/null || [ -d "$folder" ]
fi
echo "$folder"
