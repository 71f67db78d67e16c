/* history.h - when each attempt at each service was made, and what came of it.
 *
 * What it is: a list of deeds in the order in which they were judged, bounded; history_arrange
 * makes those of one service findable. What it refuses: more than HISTORY_DEEDS; those are counted,
 * and what rests on the list is then said of its part of the capture. Units: times in ns on the
 * capture's clock. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { HISTORY_DEEDS = 1 << 20, HISTORY_CHUNK = 1 << 14 };

enum outcome { OUTCOME_OK, OUTCOME_FAILED, OUTCOME_UNDECIDED };

/* How much of a TLS handshake it took. */
enum shake { SHAKE_NONE, SHAKE_FULL, SHAKE_RESUMED };

struct deed {
    int64_t time_ns;     /* of its first packet */
    uint32_t service;    /* number + 1 */
    uint16_t group;      /* of its primary finding, number; 0 = none */
    uint8_t outcome : 2; /* enum outcome */
    uint8_t shake   : 2; /* enum shake */
    uint8_t stage   : 3; /* at which it failed; ATTEMPT_STAGES = none */
    uint8_t data    : 1; /* it worked, and carried data */
    uint8_t version;     /* low octet of the highest TLS version offered; 0 = none seen */
};

_Static_assert(sizeof(struct deed) == 16, "a million of them is what a capture may cost");

struct history {
    struct deed **chunks; /* owned */
    size_t n, n_chunks;
    uint64_t refused;
    uint32_t *order, *first; /* after history_arrange; owned */
    size_t n_services;
};

/* An attempt that succeeded or failed, for what asks about their order. */
struct moment {
    int64_t time_ns;
    bool failed;
};

/* By time; of equal times the success comes first. */
void moments_sort(struct moment *m, size_t n);

void history_close(struct history *h); /* accepts a zeroed one */
void history_add(struct history *h, const struct deed *deed);

/* Sorts what is there by service, of which there are n; false without memory. */
bool history_arrange(struct history *h, size_t n);

/* How many deeds a service (number + 1) has; 0 before history_arrange. */
size_t history_count(const struct history *h, uint32_t service);

/* The i-th deed of a service (number + 1), in the order of judgement; NULL behind the last, and
 * before history_arrange. */
const struct deed *history_of(const struct history *h, uint32_t service, size_t i);
