/* board.h - who is in what state now: every endpoint with the newest outcome at each service.
 *
 * What it is: deeds in, in any order; states, their changes and their sums out.  An endpoint fails
 * while its newest decided attempt at some service failed; it is stale when two of its own
 * check-ins are overdue, its interval learned from at least five of them; gone when it was silent
 * for twelve. What it refuses: more than BOARD_ENDPOINTS endpoints (half of the room is kept for
 * those that succeeded at least once, so a flood of false ones leaves it), and more than
 * BOARD_SERVICES services an endpoint; what is beyond is counted, and each of
 * its failures is a change. Units: ns on the capture's clock.
 * Ownership: board_open .. board_close. */
#pragma once

#include "base/address.h"
#include "correlate/history.h"
#include "verdict/verdict.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    BOARD_ENDPOINTS = 1 << 16,
    BOARD_SERVICES = 12, /* of an endpoint */
    BOARD_TIMES = 16,    /* check-ins from which the interval is learned */
    BOARD_PORTS = 32,    /* that are summed up one by one */
    BOARD_CAUSES = 16,   /* the most frequent ones */
    BOARD_EVENTS = 256,  /* the latest changes */
    BOARD_RECENT = 5,    /* decided attempts at a service from which "4/5" is made */
};

struct board_deed {
    struct address client, server;
    uint16_t port; /* 0 = a lookup */
    enum outcome outcome;
    enum finding_id id;
    enum stage_token token; /* of a failure: its word */
    bool checkin;           /* it carried data on a port where endpoints check in */
    uint64_t frame;         /* its first: tells which attempt it is */
    int64_t first_ns, last_ns;
};

enum board_change { BOARD_SAME, BOARD_FAILS, BOARD_RECOVERED };

struct board_news {
    enum board_change change;
    bool known;       /* something worked for this endpoint before: it is real */
    int64_t since_ns; /* recovered: when it had begun to fail */
};

/* Two check-ins of an endpoint that was seen doing something else meanwhile. */
struct board_missed {
    struct address client;
    int64_t interval_ns, last_ns; /* its own; its latest check-in */
    unsigned missed;
};

struct board_cause {
    enum finding_id id;
    uint16_t port;
    uint32_t endpoints;
    struct address network; /* of the first one: /24 or /64 */
    bool one_network;       /* all of them are in it */
};

struct board_port {
    uint16_t port;
    uint32_t healthy, failing, undecided; /* endpoints */
    uint64_t attempts[3];                 /* by outcome, since the start */
};

struct board_sums {
    uint32_t endpoints, healthy, failing, stale, undecided, gone;
    uint64_t checkins, refused;
    int64_t oldest_checkin_ns; /* of those that are not gone; 0 = none */
    size_t n_ports, n_causes;
    struct board_port port[BOARD_PORTS];    /* ascending */
    struct board_cause cause[BOARD_CAUSES]; /* most endpoints first */
};

enum board_state {
    BOARD_HEALTHY,
    BOARD_FAILING,
    BOARD_STALE,
    BOARD_UNDECIDED,
    BOARD_GONE,
    BOARD_STATES
};

/* One service of one endpoint. */
struct board_cell {
    uint16_t port;         /* 0 = lookups */
    bool decided, failing; /* by its newest decided attempt */
    uint8_t ok, of;        /* of the newest decided attempts, at most BOARD_RECENT */
    uint8_t token;         /* enum stage_token of its latest failure */
};

/* An endpoint as of a moment, by value. */
struct board_row {
    struct address client;
    struct address server; /* that it failed at last; else the one it tried first */
    enum board_state state;
    int64_t checkin_ns; /* its latest; 0 = none */
    int64_t silent_ns;  /* since then nothing came for certain: later where nobody watched before */
    int64_t interval_ns; /* its own, learned; 0 = not known */
    bool muted;          /* its failure is known; for who shows it to say (rows.h) */
    bool overdue;        /* two of its check-ins */
    enum finding_id id;  /* of its latest failure; F_NONE = none */
    uint16_t port;       /* at which that was */
    uint64_t frame;      /* with which the failed attempt began */
    int64_t failed_ns;   /* when that began; 0 = never */
    uint8_t n_cells;
    struct board_cell cell[BOARD_SERVICES];
};

/* Somebody's state changed. */
struct board_event {
    enum board_change change;
    struct address client, server;
    uint16_t port;
    enum finding_id id;
    uint64_t frame;  /* 0 = none */
    int64_t time_ns; /* the attempt began */
    int64_t
        before_ns; /* failed: latest success there, 0 = none; recovered: when it began to fail */
};

struct board; /* opaque */

struct board *board_open(void); /* NULL without memory */
void board_close(struct board *board);

struct board_news board_note(struct board *board, const struct board_deed *deed);

/* The next endpoint, from *cursor on, that misses check-ins and of which that was not told yet;
 * false at the end, with the cursor at the beginning.  One that fails is told otherwise, one that
 * is silent altogether may be switched off. */
bool board_missed(struct board *board, int64_t now_ns, size_t *cursor, struct board_missed *out);

void board_sum(const struct board *board, int64_t now_ns, struct board_sums *out);

/* How often a finding began, since the start. */
uint64_t board_raised(const struct board *board, enum finding_id id);

/* Endpoints in order of appearance, 0 <= i < board_count. */
size_t board_count(const struct board *board);
void board_row(const struct board *board, size_t i, int64_t now_ns, struct board_row *out);

/* Makes room when there is little: endpoints that were not seen for 30 days go, and those for which
 * nothing ever worked after a day.  Answers how many.  Numbers of endpoints change. */
size_t board_forget(struct board *board, int64_t now_ns);

/* ---- for rules ---- */

/* What an endpoint is like now. */
struct board_sight {
    struct address client;
    bool gone, seen_since;          /* seen since: an interval or more behind its latest check-in */
    int64_t interval_ns, silent_ns; /* 0 = not known; no check-in */
    uint8_t n_failing;
    struct board_failing {
        struct address server;
        uint16_t port;
        enum finding_id id;
        uint8_t in_a_row; /* attempts that failed, at most BOARD_RECENT */
        int64_t since_ns;
    } failing[BOARD_SERVICES];
};

void board_look(const struct board *board, size_t i, int64_t now_ns, struct board_sight *out);

/* ---- over a restart ---- */

/* What a later watch must know of an endpoint.  Times are ns since 1970. */
struct board_kept {
    struct address client;
    bool succeeded, missed, gone;
    int64_t last_ns;
    uint8_t n_times, n_places;
    int64_t times[BOARD_TIMES]; /* of check-ins, ascending */
    struct board_kept_place {
        struct address server;
        uint16_t port;
        bool decided, failing;
        uint8_t recent, n_recent, token;
        enum finding_id id, failed_id; /* F_NONE = none */
        int64_t since_ns, failed_ns, worked_ns;
    } place[BOARD_SERVICES];
};

/* The i-th endpoint; false when nobody will miss it: an attempt or two of which nothing came. */
bool board_keep(const struct board *board, size_t i, int64_t now_ns, struct board_kept *out);

/* Takes what an earlier watch kept; this one began to watch at now_ns.  False when there is no
 * room, or when it is there already. */
bool board_resume(struct board *board, const struct board_kept *kept, int64_t now_ns);

/* From since_ns until now_ns nobody watched: who is silent since before may have checked in. */
void board_unwatched(struct board *board, int64_t since_ns, int64_t now_ns);

/* The clock of this machine was set by so much. */
void board_move(struct board *board, int64_t by_ns);

/* ---- what changed ---- */

/* Changes since the start, and the i-th of them counted from the newest; NULL when it is not kept
 * any more. */
uint64_t board_changes(const struct board *board);
const struct board_event *board_event(const struct board *board, size_t i);
