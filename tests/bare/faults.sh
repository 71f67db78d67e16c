#!/bin/sh
# Does `./bootstrap test` see a broken program?  A sanitizer's report inside a test's child process can leave a
# runner green, so this breaks text_of() in three ways, each in a fresh clone, and demands three red runs in which
# both compilers' builds are red:
#
#     tests/bare/faults.sh [FOLDER]
#
# Takes three times as long as the tests.  Ends with what each run printed last.
set -eu
export LC_ALL=C.UTF-8

project=$(cd "$(dirname "$0")/../.." && pwd)
folder=${1:-$(mktemp -d)}

fault() {
    case $1 in
    overflow) echo 'char *volatile p = malloc(8); volatile size_t i = 8; p[i] = 1; free(p);' ;;
    signed_overflow) echo 'volatile int n = 2147483647; n = n + 1;' ;;
    leak) echo 'void *volatile p = malloc(8); if (p) p = NULL;' ;;
    esac
}

# plant FAULT: at the first line of text_of, which every report and most tests pass
plant() {
    sed -i -e 's/^#include <string.h>/#include <stdlib.h>\n&/' \
        -e "/^struct text text_of(/,/^}/s/^{/{\n    { $(fault "$1") }/" src/base/text.c
}

red=0
for name in overflow signed_overflow leak; do
    clone=$folder/$name
    rm -rf "$clone"
    git clone -q "$project" "$clone"
    status=0
    (cd "$clone" && plant "$name" && ./bootstrap test) >"$folder/$name.log" 2>&1 || status=$?
    echo "== $name: exit status $status"
    grep -E '^(unit tests and fuzz seeds|sanitizer reports|failed|[0-9]+ passed)' "$folder/$name.log"
    of_both=0
    for compiler in gcc clang; do
        if grep -qE "^failed: (sanitizer reports of $compiler|unit tests and fuzz seeds, $compiler with sanitizers)$" \
            "$folder/$name.log"; then of_both=$((of_both + 1)); fi
    done
    if grep -qE '^failed: .* builds$' "$folder/$name.log"; then echo "$name does not compile"; of_both=0; fi
    if [ "$status" != 0 ] && [ "$of_both" = 2 ]; then red=$((red + 1)); fi
done
[ -n "${1:-}" ] || rm -rf "$folder"
echo "$red of 3 faults turned the tests red in both compilers"
[ "$red" = 3 ]
