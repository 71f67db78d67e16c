/* trust.h - does a chain lead to an authority of the bundle that the user gave?
 *
 * What it is: OpenSSL's verification of a chain as it was sent, as of a time of the capture, each
 * distinct chain once for each span of time in which the answer cannot change.
 * What it refuses: names (cert_names_host), revocation, policies, the strength of keys; judging
 * without a bundle; a chain that was not captured whole (do not ask); more than TRUST_CHAINS
 * chains.
 * Units: seconds since 1970 UTC.  Depth counts from the leaf, 0.
 * Ownership: readings live as long as the trust; certificates must outlive their last question.
 * Sources: RFC 5280 section 6; the error numbers are those of openssl-verification-options(1). */
#pragma once

#include "base/failure.h"
#include "base/side.h"
#include "x509/cert.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TRUST_EXPIRED = 10 }; /* OpenSSL's X509_V_ERR_CERT_HAS_EXPIRED */

enum { TRUST_CHAINS = 2048, TRUST_DEPTH = 16, TRUST_NAME = 160 };

#define TRUST_NO_TIME INT64_MIN /* dates are not looked at: the capture's clock is not known */

struct trust_reading {
    int error;                  /* OpenSSL's number; 0 = it leads to an authority of the bundle */
    const char *text;           /* OpenSSL's words */
    const char *word;           /* ours, for machines: "ok", "unknown-authority", "expired" ... */
    const char *means;          /* ours, for people: a clause about the certificate at fault */
    bool untrusted;             /* the fault is that no authority of the bundle stands behind it */
    unsigned depth;             /* of the certificate at fault */
    char at[TRUST_NAME];        /* its common name, or else its subject; printable */
    char lacks[TRUST_NAME];     /* an intermediate that the bundle has and the sender left out */
    char authority[TRUST_NAME]; /* where the chain ends, when it is good */
};

struct trust; /* opaque */

/* where: a file, a folder, or "system".  NULL with a failure. */
struct trust *trust_open(const char *where, struct failure *failure);
void trust_close(struct trust *trust); /* accepts NULL */

/* Before the certificates of its readings go: the readings go, too.  Accepts NULL. */
void trust_forget(struct trust *trust);

/* chain[0] is the leaf; at most TRUST_DEPTH certificates count.  NULL when nobody can say: no
 * trust, no chain, or a table that is full. */
const struct trust_reading *trust_read(struct trust *trust, const struct cert *const *chain,
                                       size_t n, enum side sender, int64_t at_s);

size_t trust_size(const struct trust *trust); /* certificates in the bundle */
