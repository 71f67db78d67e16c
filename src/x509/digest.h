/* digest.h - digests and Base64, for identifiers that others compute as well.
 *
 * What it is: the two steps of a Community ID (version 1: SHA-1 of addresses and ports, in Base64),
 * and MD5 and SHA-256 of a text in hex, for fingerprints of hellos.
 * What it refuses: keeping anything secret or safe; MD5 and SHA-1 are here because the identifiers
 * say so.
 * Ownership: a digester belongs to who opened it.
 * Sources: FIPS 180-4, RFC 1321, RFC 4648 section 4. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { DIGEST_SHA1 = 20, DIGEST_SHA1_BASE64 = 28 };

void digest_sha1(const void *p, size_t n, uint8_t out[DIGEST_SHA1]);

/* Writes 4 characters for every 3 octets begun, without a NUL; returns how many. */
size_t digest_base64(const uint8_t *p, size_t n, char *out);

enum digest_kind { DIGEST_MD5, DIGEST_SHA256, DIGEST_KINDS };
enum { DIGEST_HEX = 65 }; /* the longest in hex, with its NUL */

/* NULL without memory. */
struct digester *digester_open(void);
void digester_close(struct digester *d);

/* n octets at p to a digest in lower-case hex; false when this OpenSSL has no such digest. */
bool digester_hex(struct digester *d, enum digest_kind kind, const void *p, size_t n,
                  char out[DIGEST_HEX]);
