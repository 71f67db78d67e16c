/* twin.h - copies of one packet that a mirror port made, recognised before anything is counted.
 *
 * A copy arrives within 1 ms of the first, or of the copy before it, and is equal in addresses,
 * ports, sequence and acknowledgement number, window, flags, length, TCP checksum and, for IPv4,
 * identification.  TTL, VLAN and MAC may differ (a routed or retagged leg).  A retransmission has a
 * new identification or comes later and is never a copy.  Resets are never called copies: real ones
 * come in pairs. */
#pragma once

#include "base/hash.h"
#include "packet/packet.h"

#include <stdbool.h>

struct twins; /* opaque */

struct twin_counts {
    uint64_t copies;          /* packets recognised as copies */
    uint64_t payload_copies;  /* of those, with payload */
    uint64_t payload_packets; /* all packets with payload, copies included */
    uint64_t ttl_steps;       /* copies whose TTL differs */
    uint64_t vlan_steps;      /* copies whose VLAN differs */
    uint64_t first_frame;     /* of the first copy */
};

struct twins *twins_open(struct hash_seed seed); /* NULL without memory */
void twins_close(struct twins *twins);           /* accepts NULL */

/* Asks memory for what twin_seen will look at for these packets, in this order. */
void twins_prefetch(const struct twins *twins, struct packet *packets, size_t n);

/* True when p is a copy of a packet seen at most 1 ms before. */
bool twin_seen(struct twins *twins, const struct packet *p);
const struct twin_counts *twin_counts(const struct twins *twins);
