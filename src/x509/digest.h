/* digest.h - SHA-1 and Base64, for identifiers that others compute as well.
 *
 * What it is: the two steps of a Community ID (version 1: SHA-1 of addresses and ports, in Base64).
 * What it refuses: keeping anything secret or safe; SHA-1 is here because the identifier says so.
 * Sources: FIPS 180-4, RFC 4648 section 4. */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum { DIGEST_SHA1 = 20, DIGEST_SHA1_BASE64 = 28 };

void digest_sha1(const void *p, size_t n, uint8_t out[DIGEST_SHA1]);

/* Writes 4 characters for every 3 octets begun, without a NUL; returns how many. */
size_t digest_base64(const uint8_t *p, size_t n, char *out);
