#!/usr/bin/env bash
# Prints the path of kube_strict, built once for what its sources are now and kept outside the tree.
# Exit code 3: there is no Go to build it with.
set -euo pipefail
cd "$(dirname "$0")/kube_strict"
sources=$(cat go.mod go.sum main.go | sha256sum | cut -c 1-16)
folder=${XDG_CACHE_HOME:-$HOME/.cache}/outrider/kube_strict
program=$folder/kube_strict-$sources
if [ ! -x "$program" ]; then
    command -v go >/dev/null || [ ! -x /usr/local/go/bin/go ] || PATH=$PATH:/usr/local/go/bin
    command -v go >/dev/null || { echo "no Go here, so kube_strict cannot be built" >&2; exit 3; }
    mkdir -p "$folder"
    building=$(mktemp -d "$folder/building.XXXXXX")
    trap 'rm -rf "$building"' EXIT
    go build -mod=readonly -trimpath -o "$building/kube_strict" . >&2
    mv -f "$building/kube_strict" "$program"
fi
echo "$program"
