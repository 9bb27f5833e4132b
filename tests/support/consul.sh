#!/usr/bin/env bash
# Prints the path of a real Consul, built once from its Go module and kept outside the tree.
# Exit code 3: there is no Go to build it with.
set -euo pipefail
version=v1.10.0 # under the MPL, as all before 1.17; of the modules it is made of, the published versions fit
folder=${XDG_CACHE_HOME:-$HOME/.cache}/outrider/consul
if [ ! -x "$folder/consul" ]; then
    command -v go >/dev/null || [ ! -x /usr/local/go/bin/go ] || PATH=$PATH:/usr/local/go/bin
    command -v go >/dev/null || { echo "no Go here, so Consul cannot be built" >&2; exit 3; }
    mkdir -p "$folder"
    building=$(mktemp -d "$folder/building.XXXXXX")
    trap 'rm -rf "$building"' EXIT
    export GOFLAGS="-mod=mod -buildvcs=false"
    module=github.com/hashicorp/consul
    source=$(cd "$building" && go mod download -json "$module@$version" | sed -n 's/.*"Dir": "\(.*\)",/\1/p')
    cp -r "$source" "$building/source"
    chmod -R u+w "$building/source"
    cd "$building/source"
    rm -rf vendor # names the modules, but a module's archive has none of them
    # Its own api and sdk are modules of their own, which `replace` looks for beside it; newer Go asks more of linkname.
    go mod edit -dropreplace "$module/api" -dropreplace "$module/sdk"
    go build -ldflags="-s -w -checklinkname=0" -o "$building/consul" . >&2
    mv -f "$building/consul" "$folder/consul"
fi
echo "$folder/consul"
