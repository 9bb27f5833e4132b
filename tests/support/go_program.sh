#!/usr/bin/env bash
# usage: go_program.sh NAME
# Prints the path of the program of tests/support/NAME, built once for what its sources are now and kept outside the tree.
# Exit code 3: there is no Go to build it with.
set -euo pipefail
name=$1
cd "$(dirname "$0")/$name"
sources=$(cat go.mod go.sum main.go | sha256sum | cut -c 1-16)
folder=${XDG_CACHE_HOME:-$HOME/.cache}/outrider/$name
program=$folder/$name-$sources
if [ ! -x "$program" ]; then
    command -v go >/dev/null || [ ! -x /usr/local/go/bin/go ] || PATH=$PATH:/usr/local/go/bin
    command -v go >/dev/null || { echo "no Go here, so $name cannot be built" >&2; exit 3; }
    mkdir -p "$folder"
    building=$(mktemp -d "$folder/building.XXXXXX")
    trap 'rm -rf "$building"' EXIT
    go build -mod=readonly -trimpath -o "$building/$name" . >&2
    mv -f "$building/$name" "$program"
fi
echo "$program"
