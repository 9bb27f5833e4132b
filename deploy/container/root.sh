#!/usr/bin/env bash
# usage: root.sh PROGRAM FOLDER
# Makes the whole file system of the image in FOLDER: the program, the shared libraries that it loads, the roots of TLS, a user. What
# no file of the image needs is not in it: no shell, no package manager. Run as root on Debian or Ubuntu.
set -euo pipefail
[ $# = 2 ] || { echo "usage: root.sh PROGRAM FOLDER" >&2; exit 2; }
program=$1 root=$2
user=7900

# The libraries with the loader, by the kernel's and the loader's own account of what the program needs.
libraries() {
    local missing
    missing=$(ldd "$program" | awk '/not found/ { print $1 }')
    [ -z "$missing" ] || { echo "error: libraries of $program that are not here:" $missing >&2; return 1; }
    ldd "$program" | awk '$2 == "=>" { print $3 } $1 ~ /^\// { print $1 }'
}

# The package of a library; before and after the merge of /lib into /usr the two call it differently.
owner() { { dpkg -S "$1" || dpkg -S "/usr$1" || dpkg -S "${1#/usr}"; } 2>/dev/null | cut -d : -f 1; }

# The licence of each library's package, and dpkg's record of it, by which scanners find what has to be updated.
record() {
    local package
    for package in $(for each in "$@"; do owner "$each"; done | sort -u) ca-certificates; do
        install -D -m 644 "/usr/share/doc/$package/copyright" "$root/usr/share/doc/$package/copyright"
        mkdir -p "$root/var/lib/dpkg/status.d"
        dpkg-query -s "$package" >"$root/var/lib/dpkg/status.d/$package"
    done
}

mapfile -t needed < <(libraries)
[ ${#needed[@]} -gt 0 ]
install -D -m 755 "$program" "$root/usr/bin/outrider"
for library in "${needed[@]}"; do
    install -D -m 755 "$(readlink -f "$library")" "$root$library"
done
record "${needed[@]}"
install -D -m 644 /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/ca-certificates.crt"
mkdir -p "$root/usr/lib/ssl" "$root/etc/outrider" "$root/tmp"
ln -s /etc/ssl/certs/ca-certificates.crt "$root/usr/lib/ssl/cert.pem" # where OpenSSL looks by default
echo "outrider:x:$user:$user::/var/lib/outrider:/usr/sbin/nologin" >"$root/etc/passwd"
echo "outrider:x:$user:" >"$root/etc/group"
echo "hosts: files dns" >"$root/etc/nsswitch.conf"
install -d -m 755 -o $user -g $user "$root/var/lib/outrider"
chmod 1777 "$root/tmp"
