#!/usr/bin/env bash
# Prints the folder whose node_modules are what the dashboard's lock file names, fetched once with npm and kept outside the tree.
# Exit code 3: there is no Node.js or npm for it.
set -euo pipefail
source=$(cd "$(dirname "$0")/../../sidecar/collector/dashboard" && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/outrider
folder=$cache/dashboard-$(cat "$source/package.json" "$source/package-lock.json" | sha256sum | cut -c 1-12)
if [ ! -d "$folder" ]; then
    command -v node >/dev/null && command -v npm >/dev/null || { echo "no Node.js or npm here for the dashboard's packages" >&2; exit 3; }
    mkdir -p "$cache"
    fetching=$(mktemp -d "$cache/fetching.XXXXXX")
    trap 'rm -rf "$fetching"' EXIT
    cp "$source/package.json" "$source/package-lock.json" "$fetching"
    npm ci --prefix "$fetching" --no-audit --no-fund --ignore-scripts >&2
    mv -T "$fetching" "$folder" 2>/dev/null || [ -d "$folder" ]
fi
echo "$folder"
