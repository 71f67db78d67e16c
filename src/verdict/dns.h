/* dns.h - lookups near one another: what else was asked for the same name, and what came of it.
 *
 * Bounds: only LOOKUPS_NEAR lookups on each side of a moment are looked at. */
#pragma once

#include "verdict/matter.h"

enum { LOOKUPS_NEAR = 2048 };

/* The client of this connection, or the host that asked for its server's name, reached another
 * address of that name on the same port within 2 s.  Tells the frame of that answer and the lookup.
 */
struct sibling {
    uint64_t answered_frame; /* 0 = none */
    uint64_t lookup_frame;
    bool other_family;
};

struct sibling dns_sibling(const struct matter *m);

/* No address for this question came back, and no sister of the question got one. */
bool dns_failed(const struct scene *scene, const struct lookup *lookup);

/* The client's lookups of this name whose first question lies in [from, until]: the next one from
 * *i on, which starts at 0; NULL at the end. */
const struct lookup *dns_lookup_of(const struct names *names, const struct address *client,
                                   const char *name, int64_t from_ns, int64_t until_ns, size_t *i);

/* Did this client ask anything around this moment, and was anything of it answered? */
struct dns_traffic {
    bool asked, answered;
};

struct dns_traffic dns_traffic_of(const struct names *names, const struct address *client,
                                  int64_t time_ns);
