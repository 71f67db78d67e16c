/* shape.h - hellos by what they offer: the endpoints of a fleet greet in few ways.
 *
 * What it is: a short memory of hellos.  Two have one shape when they agree in all that
 * fingerprints and marks depend on: version, suites, groups, signature schemes, point formats,
 * ALPN, versions, and which extensions there are, in their order.  So what is worked out of a hello
 * is worked out once a shape. What it refuses: hellos with GREASE in front (RFC 8701), which differ
 * each time, and such as are too long.  What is pushed out by others gets another number when it
 * comes again. Ownership: a shape lives until the next one is asked for. */
#pragma once

#include "tls/tls.h"

struct shapes; /* opaque */

struct shape {
    uint32_t number;          /* of this memory, from 1 */
    uint32_t mark;            /* tls_hello_mark; 0 of a server */
    uint16_t offered_highest; /* tls_offered_highest; 0 of a server */
};

struct shapes *shapes_open(void); /* NULL without memory */
void shapes_close(struct shapes *shapes);

/* NULL when it is not remembered; accepts NULL for either. */
const struct shape *shape_of_client(struct shapes *shapes, const struct tls_client_hello *hello);
const struct shape *shape_of_server(struct shapes *shapes, const struct tls_server_hello *hello);
