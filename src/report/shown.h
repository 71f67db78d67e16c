/* shown.h - where a certificate was shown: for the lines of type certificate, and for files.
 *
 * What it is: key and value of report.shown.  A client and a server may show the same one.
 * What it refuses: more than SHOWN_MAX places; what is beyond is counted as left out.
 * Ownership: certificates belong to the store, which outlives the report's last line. */
#pragma once

#include "base/table.h"
#include "verdict/verdict.h"
#include "x509/chain.h"

enum { SHOWN_MAX = 1 << 16 };

struct shown_key {
    const struct cert *cert;
    struct address server;
    uint16_t port;
    uint8_t side, position; /* in the chain */
};

enum shown_name { SHOWN_NO_NAME, SHOWN_NAME_FITS, SHOWN_NAME_OTHER };

struct shown {
    struct tls_stamp at; /* the first time */
    uint32_t connections;
    uint16_t version; /* of TLS, then */
    uint8_t n_chain;
    uint8_t order;                     /* enum chain_order; of the line of the leaf */
    bool whole;                        /* the chain was captured to its end */
    const struct trust_reading *trust; /* of the whole chain; NULL = not judged */
    uint8_t name;                      /* enum shown_name: as that client asked for it */
};

/* Remembers the certificates of a judged connection; places: struct shown_key -> struct shown. */
void shown_note(struct table *places, const struct verdict *verdict);
