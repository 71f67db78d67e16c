/* filter.h - which part of what was judged a report shows.
 *
 * What it is: blocks of addresses of endpoints (clients), findings, and a time.  Everything is
 * judged and compared as without it; what a group has in common, who must act and which sets it
 * supports come from all of it.  Blocks add up, findings add up; all kinds must agree.
 * What it refuses: an id that is not in the catalogue.
 * Units: times of day are of the day on which the capture begins. */
#pragma once

#include "base/failure.h"
#include "base/network.h"
#include "verdict/verdict.h"

enum { FILTER_NETWORKS = 32, FILTER_TEXT = 400 };

struct filter_time {
    bool set, dated, zoned;
    int year, month, day, hour, minute, second;
    int64_t fraction_ns;
    int zone_s; /* east of UTC, when zoned */
};

struct filter {
    bool on;
    size_t n_networks;
    struct network network[FILTER_NETWORKS];
    bool by_finding, finding[FINDINGS];
    struct filter_time since, until; /* from .. before */
    char said[FILTER_TEXT];          /* as it was given, printable */
};

/* Each false when it means nothing; the failure has the reason, and what may have been meant. */
bool filter_add_endpoint(struct filter *f, const char *text, struct failure *failure);
bool filter_add_finding(struct filter *f, const char *text, struct failure *failure);
bool filter_set_since(struct filter *f, const char *text, struct failure *failure);
bool filter_set_until(struct filter *f, const char *text, struct failure *failure);

/* When that is, in a capture that begins at first_ns; local time unless it says a zone. */
int64_t filter_ns(const struct filter_time *time, int64_t first_ns, bool utc);

/* Does some finding of it count? */
bool filter_finds(const struct filter *f, const struct verdict *verdict);
