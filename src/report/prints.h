/* prints.h - the fingerprints of the two stacks of one connection, as others print them.
 *
 * What it is: JA3, JA3S and JA4 of a client, computed when a report shows them and at no other
 * time, and once for all hellos of one shape.
 * Ownership: the maker belongs to the report.  NULL and failures give empty strings. */
#pragma once

#include "tls/shape.h"

struct prints_maker;

struct prints {
    char ja3[33], ja3s[33]; /* MD5 in hex; empty = none */
    char ja4[37];           /* "t13d1516h2_8daaf6152771_e5627efa2ab1" */
};

/* The shapes of a connection's hellos, where they are known; all of them from one memory. */
struct shapes_met {
    const struct shape *client, *server; /* NULL = not remembered */
};

/* Makes *maker at the first call.  met: NULL = nobody looked; one maker is always asked alike. */
void prints_of(struct prints_maker **maker, const struct tls *t, const struct shapes_met *met,
               struct prints *out);
void prints_close(struct prints_maker *maker);
