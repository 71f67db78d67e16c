/* state.h - what a running watch is worth, at one moment; written by status.c and metrics.c.
 *
 * Units: seconds since 1970 UTC where a name ends in _s; ages are on the capture's clock. */
#pragma once

#include "live/alerts.h"
#include "live/live.h"
#include "report/writer.h"

#include <stdbool.h>
#include <stdint.h>

struct live_state {
    const char *interface;    /* printable; of several, "a,b" */
    int64_t started_s, now_s; /* this machine's clock */
    int64_t clock_ns;         /* capture's, now */
    int64_t last_packet_s;    /* capture's clock; 0 = none yet */
    int64_t oldest_age_s;     /* of check-ins; -1 = there were none */
    uint64_t packets, kernel_dropped, interface_dropped, evicted_flows;
    unsigned directions; /* 0 = not known yet, 1, 2 */
    struct capture_interface port[CAPTURE_DEVICES];
    size_t n_ports;
    struct live_evidence evidence;
    struct board_sums sums;
    const struct board *board;
    const struct alerts *alerts;
    uint64_t messages_lost; /* alerts that no log host got */
};

/* One JSON object in one line: status.json, read by `shakeout check`. */
void status_write(struct writer *w, const struct live_state *state);

/* Prometheus text format 0.0.4: no timestamps, labels from closed sets. */
void metrics_write(struct writer *w, const struct live_state *state);
