/* parsed.h - the parsed form of a kept certificate.
 *
 * What it is: private to x509/; lends the X509 of a certificate, parsed again when it was not kept.
 * Ownership: give it back by parsed_release before the store closes. */
#pragma once

#include "x509/cert.h"

#include <openssl/x509.h>

X509 *parsed_of(const struct cert *cert);              /* NULL when OpenSSL cannot read it */
void parsed_release(const struct cert *cert, X509 *x); /* accepts NULL */
