/* fragment.h - IP datagrams put together again from their fragments.
 *
 * What it is: a store of FRAGMENT_DATAGRAMS places.  A place takes 64 KiB when it is first used and
 * keeps them: most captures hold no fragment.  A fragment that finds no place gets that of the
 * oldest datagram; one whose datagram began more than 30 s away in capture time begins a new one.
 * Where fragments overlap the first to arrive wins, as in streams.
 * What it refuses: fragments that contradict themselves or the datagram's known end, and pieces
 * that come after their datagram was whole (mirror copies).
 * Faults: octets of a fragment that the snap length cut are on the wire but not readable; a whole
 * datagram is readable up to the first of them.  Without memory a fragment is dropped.
 * Ownership: a whole datagram is lent until fragments_begin_batch; at most PACKET_BATCH are lent at
 * a time, so that as many places stay for the ones under way.
 * Sources: RFC 791 section 3.2, RFC 815, RFC 8200 section 4.5. */
#pragma once

#include "base/bytes.h"
#include "base/hash.h"
#include "packet/packet.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { FRAGMENT_DATAGRAMS = 2 * PACKET_BATCH };

struct fragment {
    uint32_t id;
    uint32_t offset; /* of its first octet in the datagram's payload */
    bool more;       /* others follow it */
};

enum fragment_answer {
    FRAGMENT_HELD,    /* or dropped, as a copy of what is there */
    FRAGMENT_WHOLE,   /* this one completed its datagram */
    FRAGMENT_REFUSED, /* its offset or length cannot be */
};

struct fragments; /* opaque */

struct fragments *fragments_open(struct hash_seed seed); /* NULL without memory */
void fragments_close(struct fragments *store);           /* accepts NULL */
void fragments_begin_batch(struct fragments *store);     /* takes back what was lent */

/* Addresses, protocol and time are p's, and the octets its payload.  When whole, that becomes the
 * payload of the datagram, and p->ip_protocol what its first fragment says. */
enum fragment_answer fragments_add(struct fragments *store, const struct fragment *piece,
                                   struct packet *p);
