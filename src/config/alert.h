/* alert.h - rules by which a watch tells others: when, to whom, and instead of what.
 *
 * What it is: a closed list of phrases, no language.  Each rule that begins to hold is told once,
 * and once when it is over (live/alarms.h).
 *     endpoint failing for 2 checkins        two of its own intervals; or a time: for 30s
 *     endpoint missed 3 checkins             though it was seen doing something else
 *     group >= 10 endpoints same finding within 5m
 *     capture blind for 5m                   no packets, one direction alone, or packets lost
 * What it refuses: a rule that replaces none that is there, a phrase that is not in the list.
 * Units: seconds.  Ownership: plain values. */
#pragma once

#include "base/failure.h"
#include "config/ini.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ALERTS_MAX = 16, ALERT_NAME = 33, ALERT_PHRASE = 64, ALERT_COUNT_MOST = 100000 };

enum alert_when { ALERT_FAILING, ALERT_MISSED, ALERT_GROUP, ALERT_BLIND };

/* To whom, as bits. */
enum { ALERT_JOURNAL = 1, ALERT_JSONL = 2, ALERT_SYSLOG = 4 };

struct alert_rule {
    char name[ALERT_NAME];
    char phrase[ALERT_PHRASE]; /* `when`, as it is written; "" = not told yet */
    enum alert_when when;
    uint32_t count;            /* check-ins, or endpoints; 0 = the time alone counts */
    uint32_t time_s;           /* for so long; of a group: within so long */
    unsigned send;             /* 0 = to nobody: the rule is off */
    char replaces[ALERT_NAME]; /* another rule, silent about what this one tells; "" = none */
};

struct alert_rules {
    size_t n;
    struct alert_rule rule[ALERTS_MAX];
};

/* Those that are in force without a configuration. */
void alert_rules_default(struct alert_rules *rules);

bool alert_is_section(const char *section); /* "alert NAME" */

/* One line of [alert NAME], which changes a rule or makes one. */
bool alert_configure(struct alert_rules *rules, const struct ini_entry *entry,
                     struct failure *failure);

/* Is each of them whole?  False with why, and whose section it is. */
bool alert_rules_fit(const struct alert_rules *rules, const char **name, struct failure *failure);

const struct alert_rule *alert_find(const struct alert_rules *rules, const char *name);

/* "jsonl, syslog"; "none" */
char *alert_send_text(unsigned send, char *out, size_t size);
