/* alerts_inside.h - what the parts of the alerts share. */
#pragma once

#include "base/table.h"
#include "live/alerts.h"

enum { ALERT_QUEUE = 128, ALERT_CAUSES = 64 };

/* An endpoint has one alarm a rule; a group has its finding and port; a capture has neither. */
struct alarm_key {
    struct address client;
    uint32_t id;
    uint16_t port, rule;
};

struct alarm {
    bool holds;       /* now */
    bool told;        /* and others know */
    bool held;        /* it is restless: nothing is told until it stays */
    bool leaves;      /* the endpoint is gone: what it would do now is not known */
    bool filed;       /* others know of a file */
    uint32_t look;    /* the latest at which it held */
    int64_t holds_ns; /* it holds since */
    int64_t since_ns; /* and what it is about, since */
    int64_t changes_ns[ALERT_CHANGES];
    /* what there is to tell */
    struct address server, network;
    uint16_t port;
    uint16_t missed;
    enum finding_id id;
    uint32_t endpoints;
    bool one_network;
    int64_t interval_ns;
};

/* A finding at a port, and who fails in this way. */
struct alert_cause {
    enum finding_id id;
    uint16_t port;
    struct address server, network;
    bool one_network;
    uint32_t failing, recent[ALERTS_MAX]; /* recent: since so long as a rule says */
    int64_t since_ns;
};

struct alerts {
    struct alert_rules rules;
    struct table alarms; /* struct alarm_key -> struct alarm */
    size_t n_told;
    uint32_t look;
    size_t n_beyond; /* this look */
    bool beyond_told;
    uint64_t drops;
    int64_t drops_ns, sight_ns; /* when they rose; when the capture was last known to see */
    size_t n_causes;
    struct alert_cause cause[ALERT_CAUSES];
    struct filed filed[ALERT_FILES];
    size_t n_filed;  /* ever; the newest are kept */
    size_t first, n; /* of the queue */
    struct alert queue[ALERT_QUEUE];
};

/* alerts_text.c: the sentence. */
void alert_tell(const struct alarm *alarm, struct alert *out);
