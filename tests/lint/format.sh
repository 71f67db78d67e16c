#!/bin/sh
# Fails when a C file is not as clang-format 14 writes it.  Other versions differ in small things: then a skip.
set -eu
cd "$(dirname "$0")/../.."
clang-format --version 2>/dev/null | grep -q 'version 14\.' || exit 77
find src dissectors tests -name '*.[ch]' -exec clang-format --dry-run -Werror {} +
