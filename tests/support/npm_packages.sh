#!/usr/bin/env bash
# usage: npm_packages.sh PACKAGE@VERSION...
# Prints the folder whose node_modules have these packages, fetched once with npm and kept outside the tree under the name of the first.
# Exit code 3: there is no Node.js or npm for it.
set -euo pipefail
cache=${XDG_CACHE_HOME:-$HOME/.cache}/outrider
folder=$cache/${1//@/-}
if [ ! -d "$folder" ]; then
    command -v node >/dev/null && command -v npm >/dev/null || { echo "no Node.js or npm here for ${1%@*}" >&2; exit 3; }
    mkdir -p "$cache"
    fetching=$(mktemp -d "$cache/fetching.XXXXXX")
    trap 'rm -rf "$fetching"' EXIT
    fetch() { npm install --prefix "$fetching" --no-audit --no-fund --ignore-scripts "$@" >&2; }
    fetch "$@" || { sleep 5 && fetch "$@"; } # a registry has bad moments
    mv -T "$fetching" "$folder" 2>/dev/null || [ -d "$folder" ]
fi
echo "$folder"
