/* bundle.h - the authorities that a user trusts, read once.
 *
 * What it is: private to x509/.  A file (PEM, any number of certificates, or one in DER), a folder
 * of such files, or the word "system": what OpenSSL takes for the machine's own, SSL_CERT_FILE and
 * SSL_CERT_DIR included.
 * What it refuses: revocation lists, keys (passed over); a place without any certificate.
 * Limits: 65,536 files, 16 MiB a file.
 * Ownership: the caller's, closed by bundle_close. */
#pragma once

#include "base/failure.h"

#include <openssl/x509.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bundle {
    X509_STORE *store;
    size_t n;          /* certificates read, each counted as often as it lay there */
    int64_t *border_s; /* ascending: the times at which one of them begins or ends to be valid */
    size_t n_borders;
};

bool bundle_open(const char *where, struct bundle *out, struct failure *failure);
void bundle_close(struct bundle *bundle); /* accepts a zeroed one */
