/* certificate.h - Certificate and CertificateRequest as they travel in clear, up to TLS 1.2.
 *
 * What it is: private to tls/.  The message becomes a list of DER windows; nothing is parsed here.
 * Ownership: windows borrow the message.
 * Source: RFC 5246 sections 7.4.2, 7.4.4; RFC 4346 section 7.4.4 (without schemes). */
#pragma once

#include "tls/tls.h"

void certificates_read(struct bytes body, struct tls_certificates *out);

struct certificate_request {
    struct bytes types, schemes; /* certificate_types; supported_signature_algorithms, 1.2 only */
    unsigned authorities;        /* names listed */
    bool whole;                  /* understood to its end */
};

void certificate_request_read(struct bytes body, bool with_schemes,
                              struct certificate_request *out);
