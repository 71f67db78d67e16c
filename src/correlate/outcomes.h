/* outcomes.h - services in the order of their servers and ports, and what their deeds amount to:
 * what the rules of sets.c and its neighbours ask.
 *
 * Ownership: outcomes_open .. outcomes_close; borrows the summary. */
#pragma once

#include "correlate/sets.h"

/* One port of one server, over all clients. */
struct offer {
    struct address server;
    uint16_t port;
    uint32_t first, n;              /* in outcomes.service */
    uint32_t worked, failed, never; /* clients: with a success; with a failure; with that alone */
    uint32_t number;                /* in order of appearance, from 1 */
};

struct outcomes {
    struct summary *s;
    const struct scene *scene;
    uint32_t *service;   /* numbers + 1, by server, then port; no lookups; owned */
    struct offer *offer; /* in that order; owned */
    size_t n, n_offers;
    unsigned n_compared; /* servers looked for by name: bounded work */
};

/* When one client's attempts at one service ended how. */
struct times {
    uint32_t n_ok, n_failed, n_switches; /* the last: changes between the two, in order of time */
    int64_t first_ok, last_ok, first_failed, last_failed;
};

bool outcomes_open(struct outcomes *o, struct summary *s, const struct scene *scene);
void outcomes_close(struct outcomes *o);

const struct service_key *outcomes_key(const struct outcomes *o, size_t i); /* of service[i] */
const struct service_count *outcomes_count(const struct outcomes *o, size_t i);

const struct offer *outcomes_offer(const struct outcomes *o, const struct address *server,
                                   uint16_t port); /* NULL when nobody tried it */

/* The first offer of this server or, when it has none, of the next; o->offer + o->n_offers = end.
 */
const struct offer *outcomes_from(const struct outcomes *o, const struct address *server);

/* group 0: whatever the failure was. */
struct times times_of(const struct summary *s, uint32_t service, uint32_t group);

/* Was there a success within the period of the failures? */
bool times_meet(const struct times *ok, const struct times *failed);
