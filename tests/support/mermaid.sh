#!/usr/bin/env bash
# Prints the folder whose node_modules have Mermaid and the DOM it wants, fetched once with npm and kept outside the tree.
# Exit code 3: there is no Node.js or npm for it.
set -euo pipefail
cache=${XDG_CACHE_HOME:-$HOME/.cache}/outrider
folder=$cache/mermaid-11.17.2
if [ ! -d "$folder" ]; then
    command -v node >/dev/null && command -v npm >/dev/null || { echo "no Node.js or npm here for Mermaid" >&2; exit 3; }
    mkdir -p "$cache"
    fetching=$(mktemp -d "$cache/fetching.XXXXXX")
    trap 'rm -rf "$fetching"' EXIT
    npm install --prefix "$fetching" --no-audit --no-fund --ignore-scripts mermaid@11.17.2 jsdom@22.1.0 >&2
    mv -T "$fetching" "$folder" 2>/dev/null || [ -d "$folder" ]
fi
echo "$folder"
