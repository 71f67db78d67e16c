/* prints.h - the fingerprints of the two stacks of one connection, as others print them.
 *
 * What it is: JA3, JA3S and JA4 of a client, computed when a report shows them and at no other
 * time.  Those of a hello are remembered: the endpoints of a fleet greet in few ways.
 * Ownership: the maker belongs to the report.  NULL and failures give empty strings. */
#pragma once

#include "tls/tls.h"

struct prints_maker;

struct prints {
    char ja3[33], ja3s[33]; /* MD5 in hex; empty = none */
    char ja4[37];           /* "t13d1516h2_8daaf6152771_e5627efa2ab1" */
};

/* Makes *maker at the first call. */
void prints_of(struct prints_maker **maker, const struct tls *t, struct prints *out);
void prints_close(struct prints_maker *maker);
