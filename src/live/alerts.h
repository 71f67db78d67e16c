/* alerts.h - what others are told of a watch: once when it begins, once when it is over.
 *
 * What it is: the rules of the configuration (config/alert.h) held against the board, once a
 * second.  What a group tells is not told again for each of its endpoints; an endpoint that begins
 * and recovers three times in a quarter of an hour is called restless once, and then waited for
 * until it has stayed as it is for as long.
 * What it refuses: more than ALERTS_OPEN alarms at a time; what is beyond is counted, and told as a
 * number.
 * Units: ns on the capture's clock.  Ownership: alerts_open .. alerts_close. */
#pragma once

#include "base/text.h"
#include "config/alert.h"
#include "live/board.h"
#include "live/filed.h"

#include <stdbool.h>
#include <stdint.h>

enum { ALERTS_OPEN = 1 << 13, ALERT_TEXT = 400, ALERT_FILES = 256 };

enum alert_change {
    ALERT_BEGINS,
    ALERT_ENDS,
    ALERT_LEAVES,   /* gone while it lasted: nobody knows */
    ALERT_RESTLESS, /* begins and ends again and again: held back from here on */
    ALERT_BEYOND,   /* so many more that are not kept */
    ALERT_FILED,    /* what was told has its packets on the disk by now */
};

struct alert {
    enum alert_change change;
    const struct alert_rule *rule; /* borrowed: until alerts_rule */
    bool of_endpoint;              /* client is known */
    struct address client, server; /* server: unspecified = none */
    uint16_t port;                 /* 0 = none, or lookups */
    enum finding_id id;            /* F_NONE = none */
    uint32_t endpoints;            /* of a group: how many now */
    int64_t since_ns, time_ns;
    char text[ALERT_TEXT];     /* a sentence, printable */
    char evidence[FILED_NAME]; /* the file of such a failure; empty = none is known */
};

/* What is known of the capture. */
struct alert_facts {
    int64_t now_ns, last_packet_ns; /* 0 = none yet */
    int64_t interval_ns;            /* of check-ins, as configured; 0 = learned alone */
    uint64_t drops;
    bool one_way;
};

struct alerts; /* opaque */

/* The rules are copied. */
struct alerts *alerts_open(const struct alert_rules *rules); /* NULL without memory */
void alerts_close(struct alerts *alerts);                    /* accepts NULL */

/* Other rules from here on; an alarm whose rule is still there, by its name, goes on. */
void alerts_rule(struct alerts *alerts, const struct alert_rules *rules);

void alerts_look(struct alerts *alerts, const struct board *board, const struct alert_facts *facts);

/* A file of evidence lies on the disk: alerts about such a failure name it from here on, and one
 * that was told without is told of it, once.  The newest ALERT_FILES are known. */
void alerts_filed(struct alerts *alerts, const struct filed *filed, int64_t now_ns);

/* What is to be told since the latest look, one by one; false at the end. */
bool alerts_next(struct alerts *alerts, struct alert *out);

/* Alarms that were told and are not over. */
size_t alerts_active(const struct alerts *alerts);

/* ---- over a restart ---- */

enum { ALERT_CHANGES = 3 };

struct alert_kept {
    char rule[ALERT_NAME];
    struct address client; /* unspecified: not of an endpoint */
    uint16_t port;
    enum finding_id id;
    bool told, held;
    int64_t since_ns, changes_ns[ALERT_CHANGES]; /* the latest changes, oldest first; 0 = none */
};

/* From *cursor on; false at the end. */
bool alerts_keep(const struct alerts *alerts, size_t *cursor, struct alert_kept *out);

/* What no rule of these tells is forgotten.  False when it is there already, or there is no room.
 */
bool alerts_resume(struct alerts *alerts, const struct alert_kept *kept);
