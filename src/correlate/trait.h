/* trait.h - what endpoints may have in common, and which of it each of them has.
 *
 * What it is: a trait is a kind and a value ("subnet 10.20.40.0/24", "VLAN 40").  Values are kept
 * once, in a bounded table; an endpoint or the member of a group has numbers of them.
 * What it refuses: judging which of them explains anything (common.h).
 * Sources: hop counts are read from the TTL of the client's first packet against the initial values
 * in use, 64, 128 and 255 (RFC 1700 "IP TIME TO LIVE" and measured stacks). */
#pragma once

#include "base/table.h"
#include "base/text.h"
#include "tls/shape.h"
#include "verdict/verdict.h"

#include <stdint.h>

enum trait_kind {
    TRAIT_SUBNET,   /* /24 or /64 */
    TRAIT_VLAN,     /* as captured */
    TRAIT_RESOLVER, /* DNS server asked */
    TRAIT_PROXY,    /* address and port */
    TRAIT_SERVER,   /* address dialled */
    TRAIT_VERSION,  /* highest TLS version offered */
    TRAIT_STACK,    /* what the ClientHello offers, in which order */
    TRAIT_SIZE,     /* largest segment that the client takes */
    TRAIT_HOPS,     /* routers between the client and the capture */
    TRAITS,
};

enum { TRAIT_VALUES = 1 << 17, TRAIT_OCTETS = 18 };

struct trait_key {
    uint8_t kind, octet[TRAIT_OCTETS];
};

struct trait {
    uint32_t number;           /* its own, + 1 */
    uint32_t healthy, failing; /* how many have it; counted by common.c */
};

/* Numbers in the table of values, + 1; 0 = not known. */
struct traits {
    uint32_t value[TRAITS];
};

bool traits_open(struct table *values); /* false without memory; table_close ends it */

/* What only makes it faster. */
struct trait_hints {
    const struct traits *known, *usual; /* two each: the endpoint's latest, everybody's latest */
    const struct shape *shape;          /* of the hello; NULL = not known */
};

/* What this connection or lookup shows. */
void traits_of(struct table *values, const struct verdict *v, const struct trait_hints *hints,
               struct traits *out);

/* The two latest values of each kind: of an endpoint, or of all of them. */
void traits_keep(struct traits kept[2], const struct traits *latest);

const char *trait_kind_name(enum trait_kind kind); /* "subnet", for machines */
enum trait_kind trait_kind_of(const struct table *values, uint32_t value);

/* Of those that are numbers: a VLAN, a version, a count. */
uint64_t trait_number(const struct table *values, uint32_t value);

/* "10.20.40.0/24", "40", "10.30.2.8:3128" */
void trait_value_text(const struct table *values, uint32_t value, struct text *out);
/* "subnet 10.20.40.0/24", "3 routers away from the capture" */
void trait_text(const struct table *values, uint32_t value, struct text *out);
