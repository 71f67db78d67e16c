/* storm.h - attempts that follow each other at once and come to the same failure each time.
 *
 * What it is: the latest row of such attempts of one endpoint at one service, and the longest, from
 * the second failure in a row on; and at the end the finding app.retry_storm for those that are
 * long enough. What it refuses: attempts side by side (a browser, a load test); what worked, or was
 * not decided, ends the row. Units: times in ns on the capture's clock. */
#pragma once

#include "verdict/verdict.h"

struct storm {
    uint32_t group, n;          /* of the row that goes on; 0 = none */
    int64_t began_ns, ended_ns; /* its newest attempt */
    int64_t first_ns;
    uint64_t first_frame;
    struct {
        uint32_t group, n;
        int64_t took_ns;
        uint64_t first_frame, last_frame;
    } longest;
};

/* The newest attempt while it is alone: most endpoints never fail twice in a row. */
struct storm_start {
    int64_t began_ns;
    uint64_t frame;
    uint32_t took_us; /* at most UINT32_MAX */
    uint32_t group;   /* 0 = no failure */
};

struct summary;
struct service_count;

/* One attempt: its first and last packet, and the group that its failure went to; 0 = no failure.
 */
void storm_note(struct summary *s, struct service_count *service, uint32_t group,
                const struct flow *flow);

void storms_find(struct summary *s);
