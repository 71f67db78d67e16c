/* chain.h - in which order a chain was sent.
 *
 * What it is: follows the signatures from the leaf (RFC 8446 section 4.4.2: each certificate should
 * certify the one before it).
 * What it refuses: trust (trust.h); a chain that was not captured whole (do not ask). */
#pragma once

#include "x509/cert.h"

#include <stddef.h>

enum chain_order {
    CHAIN_ORDERED,   /* each is followed by its issuer, as far as it goes */
    CHAIN_SURPLUS,   /* so, and certificates that belong to nothing come behind */
    CHAIN_UNORDERED, /* the issuer is there, in another place */
    CHAIN_BROKEN,    /* others follow, but none of them is the issuer */
};

enum chain_order chain_order(const struct cert *const *chain, size_t n);
const char *chain_order_name(enum chain_order order); /* "ok", "surplus", "unordered", "broken" */
