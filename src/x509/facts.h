/* facts.h - one parsed certificate to plain facts.
 *
 * What it is: private to x509/; the only place that asks OpenSSL about the inside of a certificate.
 * Names come in the order of RFC 4514 (the last RDN first), with its escapes, then made printable;
 * taking the escapes off, splitting at ',' and '+' and reversing yields the order of the DER.
 * What it refuses: failing.  What cannot be read stays empty or 0.
 * Source: RFC 5280, RFC 4514. */
#pragma once

#include "x509/cert.h"

#include <openssl/x509.h>

void facts_read(X509 *x, struct cert_facts *out);
void facts_names(X509 *x, struct cert_facts *out); /* subject and issuer only */
int64_t facts_time(const ASN1_TIME *when);         /* seconds since 1970 UTC; 0 = unreadable */
