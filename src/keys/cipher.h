/* cipher.h - one sealed record opened, or not.
 *
 * What it is: private to keys/.  AEAD and CBC records (MAC before or after the encryption) of TLS
 * 1.0 to 1.3.  What it refuses: a record whose tag or MAC does not fit: false, and nothing is said
 * of its octets.
 * Ownership: `out` needs room for the whole body.
 * Sources: RFC 8446 sections 5.2, 5.3; RFC 5246 section 6.2.3; RFC 7366. */
#pragma once

#include "keys/schedule.h"

struct sealed {
    uint64_t sequence; /* in its epoch */
    uint8_t type;      /* as on the outside */
    uint16_t version;  /* of the record header */
    struct bytes body;
};

struct unsealed {
    uint8_t type; /* as inside */
    size_t n;
};

bool cipher_open(const struct direction *d, const struct sealed *record, uint8_t *out,
                 struct unsealed *unsealed);
