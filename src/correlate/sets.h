/* sets.h - what many connections say together that none of them says alone: the ids set.*.
 *
 * What it is: rules over the outcomes of all services and groups, run once at the end.  Each is one
 * function; each raises its id with the endpoints that show it, their frames, and a sentence.
 * What it refuses: replacing the findings of its members; they stay what they are, and name the
 * set. Two outcomes are compared only when they lie in the same period: within SETS_PERIOD_S of
 * each other.  Units: times in ns on the capture's clock. */
#pragma once

#include "correlate/summary.h"

enum { SETS_PERIOD_S = 900 };

/* The set is about all failing groups of this server on this port (0 = on all) that have one of its
 * members; or only about those that have this one. */
void set_about_server(struct summary *s, struct group *set, const struct address *server,
                      uint16_t port);
void set_about_client(struct summary *s, struct group *set, const struct address *server,
                      uint16_t port, const struct address *client);

void sets_find(struct summary *s, const struct scene *scene);
