#!/usr/bin/env bash
# Prints the path of a real Jaeger (all-in-one), built once from its Go module and kept outside the tree.
# Exit code 3: there is no Go to build it with.
set -euo pipefail
version=v1.48.0 # the last whose module has no `replace`, which `go install module@version` refuses
folder=${XDG_CACHE_HOME:-$HOME/.cache}/outrider/jaeger
if [ ! -x "$folder/all-in-one" ]; then
    command -v go >/dev/null || [ ! -x /usr/local/go/bin/go ] || PATH=$PATH:/usr/local/go/bin
    command -v go >/dev/null || { echo "no Go here, so Jaeger cannot be built" >&2; exit 3; }
    mkdir -p "$folder"
    building=$(mktemp -d "$folder/building.XXXXXX")
    trap 'rm -rf "$building"' EXIT
    GOBIN=$building GOFLAGS=-mod=mod go install "github.com/jaegertracing/jaeger/cmd/all-in-one@$version" >&2
    mv -f "$building/all-in-one" "$folder/all-in-one"
fi
echo "$folder/all-in-one"
