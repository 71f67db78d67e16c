/* record.h - the record layer of TLS: headers in, bodies to whoever wants them.
 *
 * What it is: private to tls/.  Reads the five octets before each record and says whether they can
 * be TLS at all; record.c also holds the loop of tls_feed.
 * What it refuses: resynchronising.  Without a header in sight framing is lost for good.
 * Source: RFC 8446 section 5.1, RFC 5246 section 6.2.1; SSL 2.0 form: RFC 5246 appendix E.2. */
#pragma once

#include "base/bytes.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    RECORD_HEADER = 5,
    RECORD_BODY_MAX = (1 << 14) + 2048,   /* the most liberal limit, that of TLSCiphertext in 1.2 */
    RECORD_BODY_MAX_13 = (1 << 14) + 256, /* RFC 8446 section 5.2 */
    RECORD_ALERT = 2,                     /* octets of a plain alert; no sealed one is as short */
};

/* How far a window agrees with a record header: 1 yes, 0 no, -1 so far, but it is too short. */
int record_header_fits(const struct bytes *in);

/* An SSL 2.0 ClientHello, likewise; its whole length with the two octets of its header in *out. */
int record_sslv2_fits(const struct bytes *in, uint32_t *out);
