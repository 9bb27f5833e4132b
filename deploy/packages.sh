# What Outrider needs from the distribution, and how it is installed. Sourced by ./demo, ./test and .ci/run.
# shellcheck shell=bash
#
#   packages_ensure "what for" PACKAGE...   installs what is missing: as root at once, otherwise after a yes.
#   packages_ensure_without_services ...    the same, and servers among them are not started.
#   packages_build, packages_demo, packages_test, packages_format, packages_bench   print the lists for this distribution.
# ASSUME_YES=1 answers the question beforehand; OUTRIDER_SKIP_INSTALL=1 installs nothing.

# "debian-12" or "ubuntu-24.04"; fails on anything else, unless nothing is to be installed.
packages_distribution() {
    local id version
    id=$(. /etc/os-release 2>/dev/null && echo "${ID:-unknown}")
    version=$(. /etc/os-release 2>/dev/null && echo "${VERSION_ID:-unknown}")
    case "$id-$version" in
        debian-12 | ubuntu-24.04) echo "$id-$version" ;;
        *)
            [ -z "${OUTRIDER_SKIP_INSTALL:-}" ] || { echo other; return 0; }
            echo "error: the packages are known for Debian 12 and Ubuntu 24.04, and this is $id $version." >&2
            echo "Install what deploy/packages.sh lists by hand and run again with OUTRIDER_SKIP_INSTALL=1." >&2
            return 1
            ;;
    esac
}

# What the program is compiled with. Debian's default Boost is 1.74, which is too old.
packages_build() {
    echo ca-certificates ccache cmake curl g++ libc-ares-dev libcli11-dev libfyaml-dev libhiredis-dev libisal-dev liblz4-dev libnghttp2-dev libprotozero-dev \
        librdkafka-dev libre2-dev libsnappy-dev libspdlog-dev libsqlite3-dev libssl-dev libzstd-dev ninja-build nlohmann-json3-dev pkg-config procps python3 zlib1g-dev
    case $1 in
        debian-12) echo libboost1.81-dev ;;
        ubuntu-24.04) echo libboost-dev ;;
    esac
}

# What the services of examples/ are written with and keep things in, and the library whose mock cluster `outrider dev-broker` is.
packages_demo() { echo librdkafka++1 librdkafka1 python3-confluent-kafka python3-kafka python3-redis python3-six redis-server; }

# The unit tests, the fuzz targets and the programs that the end-to-end tests use as peers: Kafka's broker and tools come with
# Maven, its clients from the distribution (with the codecs that python3-kafka loads when they are there) and from npm.
packages_test() {
    echo etcd-server libbenchmark-dev libgmock-dev libgtest-dev openssl python3-redis redis-server
    # Interception, packages, DNS, and what checks the files of deploy/.
    echo dnsmasq-base dpkg-dev file iproute2 iptables lintian man-db nftables nghttp2-server prometheus zsh
    echo kcat maven openjdk-17-jre-headless python3-confluent-kafka python3-grpcio python3-kafka python3-lz4 python3-snappy python3-yaml python3-zstandard
    # Pages are looked at in a browser; Ubuntu's comes as a snap, which a container cannot have.
    case $1 in debian-12) echo chromium chromium-driver fonts-dejavu-core python3-selenium ;; esac
    # A Node.js of another origin serves as well, and the distribution's would conflict with it.
    { command -v node && command -v npm; } >/dev/null || echo nodejs npm
    case $1 in
        debian-12) echo clang-14 libclang-rt-14-dev ;;
        ubuntu-24.04) echo clang-18 libclang-rt-18-dev ;; # clang 14 does not compile the libstdc++ of this release
    esac
}

# One version everywhere: formatting differs between releases of clang-format.
packages_format() { echo clang-format-14 git; }

packages_bench() { echo haproxy nginx-light; }

# The C++ compiler that has libFuzzer.
packages_fuzz_compiler() {
    case $1 in
        ubuntu-24.04) echo clang++-18 ;;
        *) echo clang++-14 ;;
    esac
}

packages_missing() {
    local package
    for package in "$@"; do
        [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || echo "$package"
    done
}

# Asks on the terminal; without one the answer is no.
packages_agreed() {
    [ "$(id -u)" != 0 ] && [ -z "${ASSUME_YES:-}" ] || return 0
    [ -t 0 ] || { echo "error: not root and no terminal to ask on; run again with --yes." >&2; return 1; }
    local answer
    read -r -p "Install them with sudo? [y/N] " answer
    case $answer in [yY] | [yY][eE][sS]) return 0 ;; esac
    echo "error: nothing was installed." >&2
    return 1
}

packages_run_apt() {
    local as_root=()
    if [ "$(id -u)" != 0 ]; then
        command -v sudo >/dev/null || { echo "error: installing needs root, and there is no sudo here." >&2; return 1; }
        as_root=(sudo)
    fi
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 "$@" </dev/null
}

packages_ensure() {
    local purpose=$1 missing
    shift
    [ -z "${OUTRIDER_SKIP_INSTALL:-}" ] || return 0
    mapfile -t missing < <(packages_missing "$@")
    if [ ${#missing[@]} = 0 ]; then
        return 0
    fi
    echo "To be installed from the distribution, $purpose:"
    echo "  ${missing[*]}" | fold -s -w 100 | sed '2,$s/^/  /'
    packages_agreed || return 1
    packages_run_apt update -q >/dev/null || { echo "error: apt-get update failed." >&2; return 1; }
    packages_run_apt install -y -q --no-install-recommends "${missing[@]}" >"${PACKAGES_LOG:-/dev/null}" ||
        { echo "error: apt-get install failed${PACKAGES_LOG:+; see $PACKAGES_LOG}." >&2; return 1; }
    echo "Installed."
}

# The same, without the distribution's habit of starting servers that it installs.
packages_ensure_without_services() {
    local policy=/usr/sbin/policy-rc.d code=0
    if [ -e $policy ] || [ ! -w /usr/sbin ]; then
        packages_ensure "$@"
        return
    fi
    printf '#!/bin/sh\nexit 101\n' >$policy
    chmod +x $policy
    packages_ensure "$@" || code=$?
    rm -f $policy
    return $code
}
