/* kin.h - other connections of the capture that share ports or numbering with the one judged, or
 * belong to it.
 *
 * What it is: the connection that had the same addresses and ports just before, the connection
 * that a segment without SYN continues under another source, and the data connection of a file
 * server.  What it refuses: looking for ever:
 * all searches together visit at most KIN_VISITS flows, after that nothing is found any more.
 * Units: times in ns.  Ownership: borrows the flow table.
 * Sources: RFC 9293 section 3.10.7 (a reset for a segment that belongs to nothing takes its number
 * from the acknowledgement of that segment). */
#pragma once

#include "verdict/matter.h"

enum { KIN_VISITS = 1 << 22 };

struct kin {
    struct flows *flows;
    uint64_t visits;
};

/* The connection that held the same addresses and ports, ended, and less than a second before this
 * one began; NULL = none known. */
const struct flow *kin_before(const struct matter *m);

/* The connection to the same server port whose numbering both sides of this one continue, from
 * another client address or port; NULL = none.  Only for connections joined without a SYN that the
 * server resets. */
const struct flow *kin_continued(const struct matter *m);

/* The first connection of this client to a place that the server named, after it did so; NULL =
 * none. */
const struct flow *kin_rendezvous(const struct matter *m, const struct rendezvous *place);
