/* leaves.h - which certificates of its own one service showed, under which name, to whom and when.
 *
 * What it is: a short list beside struct service_seen.  One entry is one leaf under one TLS name;
 * entries are told of by served_note, at the end of each connection.
 * What it refuses: judging; a list that is full, from which nothing is concluded any more.
 * Units: times in ns, frames 1-based.  Ownership: certificates belong to the store. */
#pragma once

#include "verdict/served.h"
#include "x509/cert.h"

enum { LEAVES = 4 };

struct leaf {
    const struct cert *cert;
    uint64_t name;        /* of what the client asked for, a hash; 0 = nothing */
    uint32_t n, n_worked; /* connections that showed it; ... and exchanged data */
    int64_t first_ns, last_ns;
    uint64_t first_frame, last_frame;
    struct served_clients clients, worked, rejected;
};

struct leaves {
    unsigned n;
    bool full; /* more came than are kept */
    struct leaf leaf[LEAVES];
};

/* What one connection tells of the leaf that it showed. */
struct leaf_told {
    bool worked, rejected;
};

/* The leaf that this connection showed in the clear, or with keys; NULL = none. */
const struct cert *leaf_shown(const struct flow *flow);

/* *leaves is made at the first one; calloc, the caller's. */
void leaves_note(struct leaves **leaves, const struct flow *flow, const struct leaf_told *told);

/* Is there more than one, and none that is not kept?  Accepts NULL. */
bool leaves_compare(const struct leaves *leaves);

/* The entry of this connection; NULL = none is kept. */
const struct leaf *leaves_of(const struct leaves *leaves, const struct flow *flow);

/* Were both shown under the same name at the same time, issued by different authorities?  Answers
 * the frame in which b was shown first; 0 = no, or nobody knows. */
uint64_t leaves_rival(const struct leaves *leaves, const struct cert *a, const struct cert *b);

/* Shown at times of which neither is before the other. */
bool leaf_meets(const struct leaf *a, const struct leaf *b);
bool leaf_issued_by_another(const struct leaf *a, const struct leaf *b);

/* The one other leaf of that name, and that had ended before this one was shown first; NULL. */
const struct leaf *leaves_before(const struct leaves *leaves, const struct leaf *leaf);
