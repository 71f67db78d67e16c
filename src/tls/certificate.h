/* certificate.h - Certificate and CertificateRequest; those of TLS 1.3 are read with keys only.
 *
 * What it is: private to tls/.  The message becomes a list of DER windows; nothing is parsed here.
 * Ownership: windows borrow the message.
 * Source: RFC 5246 sections 7.4.2, 7.4.4; RFC 4346 section 7.4.4 (without schemes); RFC
 * 8446 sections 4.3.2, 4.4.2. */
#pragma once

#include "tls/tls.h"

void certificates_read(struct bytes body, struct tls_certificates *out);
void certificates_read_13(struct bytes body, struct tls_certificates *out);

struct certificate_request {
    struct bytes types, schemes; /* certificate_types; supported_signature_algorithms, 1.2 only */
    unsigned authorities;        /* names listed */
    bool whole;                  /* understood to its end */
};

void certificate_request_read(struct bytes body, bool with_schemes,
                              struct certificate_request *out);
void certificate_request_read_13(struct bytes body, struct certificate_request *out);
