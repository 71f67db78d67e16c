/* board_inside.h - what the parts of a board share. */
#pragma once

#include "base/table.h"
#include "live/board.h"

struct place { /* one service, as one endpoint knows it */
    struct address server;
    uint64_t frame;   /* of the attempt that decided last */
    int64_t since_ns; /* it fails since */
    uint16_t port;
    uint16_t id; /* why it fails */
    uint8_t outcome;
    bool decided;
    uint8_t recent, n_recent; /* the newest decided attempts, a bit each: it failed */
    uint8_t token;            /* the latest failure: this and the following */
    uint16_t failed_id;
    uint64_t failed_frame;
    int64_t failed_ns, worked_ns; /* 0 = never; worked: the latest success */
};

struct endpoint_state {
    uint8_t n_places, n_times;
    bool succeeded, missed; /* missed: and told */
    bool resumed;           /* known from a watch before this one, and was there at its end */
    int64_t last_ns;
    struct place place[BOARD_SERVICES];
    int64_t times[BOARD_TIMES]; /* of check-ins, ascending, the latest ones */
    int64_t interval_ns;        /* learned from them; 0 = too few */
};

struct board {
    struct table endpoints; /* struct address -> struct endpoint_state */
    uint64_t refused, checkins;
    size_t n_failed_only;
    int64_t resumed_ns; /* since when this watch watches; 0 = nothing is known from one before it */
    uint64_t n_events;
    struct board_event event[BOARD_EVENTS]; /* a ring */
    uint64_t raised[FINDINGS];
    size_t n_ports;
    struct port_counts {
        uint16_t port;
        uint64_t attempts[3];
    } port[BOARD_PORTS];
};

/* Since when no check-in came for certain. */
int64_t board_silent_since(const struct board *board, const struct endpoint_state *endpoint);

/* Is it an endpoint that is not counted any more? */
bool board_is_gone(const struct endpoint_state *endpoint, const struct board *board,
                   int64_t now_ns);
