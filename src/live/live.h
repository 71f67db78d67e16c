/* live.h - one watch without a person: its state, written for others to read.
 *
 * What it is: deeds in; every LIVE_EVERY_S seconds a status file and a text file for Prometheus,
 * each whole or not at all; and what a restart must not forget.
 * What it refuses: ending the watch because a file cannot be written; that is said once, and again
 * when it works.
 * Ownership: live_open .. live_close. */
#pragma once

#include "base/failure.h"
#include "config/alert.h"
#include "config/output.h"
#include "frame/capture.h"
#include "live/alerts.h"
#include "live/board.h"
#include "live/filed.h"
#include "report/lines.h"
#include "sandbox/porter.h"

#include <stdbool.h>
#include <stdint.h>

enum { LIVE_EVERY_S = 15 };

struct live_config {
    const char *interface;                 /* printable; borrowed: of several, "a,b" */
    const struct capture_interface *ports; /* each of them; copied */
    size_t n_ports;
    const char *status;               /* path; NULL = none */
    const char *textfile;             /* path; NULL = none */
    const struct alert_rules *alerts; /* copied */
    int64_t checkin_ns; /* how often endpoints check in, as configured; 0 = it is learned */
    const char *jsonl;  /* path: JSON Lines; NULL = none */
    const struct outputs *outputs; /* copied */
    struct porter *porter;         /* borrowed: opened behind live_open, which adds to it */
    const char *state; /* path: read now, and written for the watch after this one; NULL = none */
};

/* What became of the packets of failures. */
struct live_evidence {
    bool kept;                /* there is a flight recorder */
    uint64_t written;         /* files, by this watch */
    uint64_t refused, failed; /* not kept: enough of the same; could not be written */
    uint64_t dropped;         /* older files that went to make room */
    uint64_t files, bytes;    /* that lie there now */
};

/* What the engine knows. */
struct live_facts {
    int64_t clock_ns; /* capture's, now; 0 = no packet came yet */
    int64_t last_packet_ns;
    uint64_t packets, kernel_dropped, interface_dropped, evicted_flows;
    bool one_way, connections;             /* any connection at all */
    const struct capture_interface *ports; /* what each interface lost, and whether it is gone */
    size_t n_ports;
    struct live_evidence evidence;
};

struct live; /* opaque */

/* False with a failure when a file cannot be written now. */
struct live *live_open(const struct live_config *config, struct failure *failure);
void live_close(struct live *live); /* accepts NULL */

/* For systemd: all is open, and packets are read; the end begins. */
void live_ready(struct live *live);
void live_stopping(struct live *live);

/* Write the state soon; safe in a signal handler. */
void live_ask(struct live *live);

struct board *live_board(struct live *live);

/* The packets of a failure lie on the disk: JSON Lines and alerts name the file. */
void live_filed(struct live *live, const struct filed *filed, int64_t clock_ns);

/* What others are told since the latest tick, one by one; false at the end. */
bool live_alert(struct live *live, struct alert *out);

/* Where a report writes connections as JSON Lines; NULL = nowhere. */
struct report_lines *live_lines(struct live *live);

/* Whoever rotates from outside put files aside: others of their name. */
void live_reopen(struct live *live);

/* The porter's answer to something that this asked for; closes what nobody wants. */
void live_take(struct live *live, size_t item, int fd, int error);

/* Another configuration is in force. */
void live_configure(struct live *live, const struct alert_rules *alerts,
                    const struct outputs *outputs, int64_t checkin_ns);

/* Often: writes when it is time, or when `now` is true. */
void live_tick(struct live *live, const struct live_facts *facts, bool now);
