#!/usr/bin/env bash
# Prints the path of a real Helm, built once from its Go module and kept outside the tree.
# Exit code 3: there is no Go to build it with.
set -euo pipefail
version=v3.22.0
folder=${XDG_CACHE_HOME:-$HOME/.cache}/outrider/helm-$version
if [ ! -x "$folder/helm" ]; then
    command -v go >/dev/null || [ ! -x /usr/local/go/bin/go ] || PATH=$PATH:/usr/local/go/bin
    command -v go >/dev/null || { echo "no Go here, so Helm cannot be built" >&2; exit 3; }
    mkdir -p "$folder"
    building=$(mktemp -d "$folder/building.XXXXXX")
    trap 'rm -rf "$building"' EXIT
    GOBIN=$building GOFLAGS=-mod=mod go install -trimpath "-ldflags=-s -w" "helm.sh/helm/v3/cmd/helm@$version" >&2
    mv -f "$building/helm" "$folder/helm"
fi
echo "$folder/helm"
