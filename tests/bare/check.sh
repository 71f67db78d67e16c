#!/bin/sh
# Does a bare Debian 12 become a working shakeout?  Run as root, with mmdebstrap installed:
#
#     tests/bare/check.sh [FOLDER]
#
# Makes a minimal Debian 12 in FOLDER (default: a temporary one, removed afterwards) from the package sources of
# this machine, puts a fresh clone into it, and runs `./bootstrap demo` and `./bootstrap test` there: first with the
# network, then once more from a clean tree without it.  Ends with one line a run: seconds, exit status, command.
set -eu
export LC_ALL=C.UTF-8

project=$(cd "$(dirname "$0")/../.." && pwd)
folder=${1:-$(mktemp -d)}
root=$folder/debian
table=$folder/times
DEMO_LIMIT_S=360
TEST_LIMIT_S=1500

# The sources of this machine, as file names: nothing of them is written down here.
sources() {
    find /etc/apt/sources.list /etc/apt/sources.list.d -type f \( -name '*.sources' -o -name '*.list' \) 2>/dev/null |
        while read -r file; do
            if grep -q bookworm "$file"; then echo "$file"; fi
        done
}

proxies() {
    grep -rliE 'acquire.*proxy' /etc/apt/apt.conf.d 2>/dev/null | sed 's/^/--aptopt=/'
}

make_root() {
    rm -rf "$root"
    # shellcheck disable=SC2046
    mmdebstrap --quiet --mode=root --variant=minbase $(proxies) bookworm "$root" $(sources)
    git clone -q "$project" "$root/shakeout"
}

# inside COMMAND: in the root, in mount and perhaps network namespaces of its own (with loopback only), with no locale
inside() {
    # shellcheck disable=SC2016,SC2086
    unshare --mount $network sh -eu -c '
        mount -t proc proc "$1/proc"
        mount --rbind /dev "$1/dev"
        ip link set lo up
        exec chroot "$1" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root \
            http_proxy="${http_proxy:-}" https_proxy="${https_proxy:-}" sh -c "cd /shakeout && $2"' sh "$root" "$1"
}

# timed LIMIT COMMAND
timed() {
    limit=$1 command=$2 status=0
    begin=$(date +%s)
    inside "$command" || status=$?
    seconds=$(($(date +%s) - begin))
    [ "$seconds" -le "$limit" ] || status="$status, over the limit of $limit s"
    echo "$seconds s, exit status $status: $command${network:+, without network}" >>"$table"
}

make_root
: >"$table"
network=
timed $DEMO_LIMIT_S './bootstrap demo'
timed $TEST_LIMIT_S './bootstrap test'
inside 'rm -rf build'
network=--net
timed $DEMO_LIMIT_S './bootstrap demo'
timed $TEST_LIMIT_S './bootstrap test'

echo
cat "$table"
bad=$(grep -cv 'exit status 0:' "$table" || true)
[ -n "${1:-}" ] || rm -rf "$folder"
[ "$bad" = 0 ]
