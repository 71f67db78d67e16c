/* visible.h - what is wrong with the certificates that can be seen.
 *
 * What it is: the defects of the server's chain as of the time of the capture, which alone explain
 * a rejection (rule R10), and what the bundle of the user says of a chain.
 * What it refuses: trust without a bundle; a certificate that nobody saw; today's clock.
 * Sources: RFC 5280, RFC 9525. */
#pragma once

#include "verdict/matter.h"

enum defect {
    DEFECT_EXPIRED = 0x01,
    DEFECT_NOT_YET_VALID = 0x02,
    DEFECT_NAME = 0x04,
    DEFECT_INCOMPLETE = 0x08, /* an intermediate was left out: the bundle has it, or a lone leaf
                                 says where its issuer can be fetched */
    DEFECT_WEAK = 0x10,
    DEFECT_USAGE = 0x20,          /* it lists what it is for, and being a server is not among it */
    DEFECT_UNTRUSTED = 0x40,      /* no authority of the bundle stands behind it */
    DEFECT_ISSUER_EXPIRED = 0x80, /* a certificate between leaf and root has expired */
};

/* The server's own certificate; NULL when none is visible. */
const struct cert *visible_leaf(const struct matter *m);

/* Of the server's chain, judged at the time of the capture; 0 when none is visible. */
unsigned visible_defects(const struct matter *m);

/* Those that are defects by themselves, without a rejection that they explain. */
unsigned visible_proven(const struct matter *m);

/* The chain of `side` against the bundle; NULL without one, or when the chain is not whole. */
const struct trust_reading *visible_trust(const struct matter *m, enum side side);

/* Good by the bundle, as it was sent, and without any other defect? */
bool visible_good(const struct matter *m);

enum { ANY_ALERT = -1 };

/* The finding of the first visible defect that explains a rejection with this alert; F_NONE. */
enum finding_id visible_explained(const struct matter *m, int code);

/* "it has expired, it is for another name" */
void visible_list(unsigned defects, char *out, size_t size);
