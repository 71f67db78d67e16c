/* cert.h - certificates as facts, each distinct one kept and parsed once.
 *
 * What it is: cert_put keeps a copy of a DER certificate and answers the same pointer for the same
 * bytes; cert_facts parses it by OpenSSL at first use.
 * What it refuses: judging trust without a bundle; judging by today's clock (times are given).
 * No OpenSSL type leaves this folder.
 * Units: times in seconds since 1970 UTC; key size in bits; serial and hashes in hex, upper case.
 * Ownership: certs and facts live as long as the store.  Strings are printable already.
 * Sources: RFC 5280, RFC 9525 (names), RFC 4514 (text form of names). */
#pragma once

#include "base/bytes.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct cert_store; /* opaque */
struct cert;       /* opaque: one distinct certificate */

enum { CERT_NAMES = 32, CERT_REVOCATION = 3 };

struct cert_facts {
    bool parsed;       /* false: OpenSSL could not read it; only sha256 is set */
    char sha256[65];   /* of the DER */
    char subject[512]; /* RFC 4514 order as OpenSSL prints it: "CN=ems.corp.example,O=..." */
    char issuer[512];
    char subject_cn[128], issuer_cn[128], issuer_o[128];
    char serial[80]; /* hex, upper case, no colons, no sign */
    int version;     /* 3 for X.509 v3 */
    int64_t not_before_s, not_after_s;
    char key_algorithm[24]; /* "RSA", "EC", "Ed25519" */
    int key_bits;
    char key_curve[32];           /* of EC: "prime256v1"; empty for others */
    char key_exponent[24];        /* of RSA, decimal; empty for others, and when it is larger */
    char signature_algorithm[48]; /* "sha256WithRSAEncryption" */
    bool weak_signature;          /* MD5 or SHA-1, and not self-signed */
    bool weak_key;                /* RSA or DSA below 2048, EC below 224 */
    bool self_issued;             /* subject equals issuer */
    bool self_signed;             /* ... and its own key verifies the signature */
    bool is_ca;
    bool has_san;
    bool one_cn; /* the subject has exactly one common name */
    bool eku_present, eku_server, eku_client;
    bool aia_issuers;      /* AIA caIssuers is present */
    unsigned n_revocation; /* hosts of http URLs for CRL and OCSP, distinct, lower case */
    char revocation[CERT_REVOCATION][254];
    unsigned n_names;     /* SAN dNSName and iPAddress, at most CERT_NAMES kept */
    unsigned n_names_all; /* as many as the certificate holds */
    char names[CERT_NAMES][254];
};

struct cert_store *cert_store_open(size_t ceiling_bytes); /* NULL without memory */
void cert_store_close(struct cert_store *store);          /* accepts NULL */

/* Keeps der (a whole certificate); NULL when it is empty, cut, or the store is full. */
const struct cert *cert_put(struct cert_store *store, struct bytes der);
const struct cert_facts *cert_facts(const struct cert *cert); /* never NULL; parsed at first use */
struct bytes cert_der(const struct cert *cert);
bool cert_pem(const struct cert *cert, FILE *out); /* RFC 7468; false when it was not written */
size_t cert_store_count(const struct cert_store *store);

/* Does the certificate name this host (DNS name or address in text form)?  RFC 9525: SAN first; the
 * CN only when there is no SAN at all; a wildcard covers the leftmost label only. */
bool cert_names_host(const struct cert *cert, const char *host);

/* Did `issuer` sign `cert` (name and signature)? */
bool cert_signed_by(const struct cert *cert, const struct cert *issuer);

/* OpenSSL reads its configuration now, and opens no file later. */
void cert_prepare(void);

const char *cert_library(void); /* "OpenSSL 3.0.17 ..." for --version */
