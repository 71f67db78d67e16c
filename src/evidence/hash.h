/* hash.h - SHA-256 of a file, in lower-case hex (FIPS 180-4). */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum { HASH_TEXT = 65 };

/* False when it cannot be read.  *size: its octets. */
bool hash_file(const char *path, char out[HASH_TEXT], uint64_t *size);
