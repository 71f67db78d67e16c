/* key.h - the key of a connection that both directions share, as a keyed hash.
 *
 * The lower (address, port) comes first; *swapped says that it is the destination's.  IPv4, which
 * most packets are, has a shorter way: which of the two is taken depends on the addresses alone. */
#pragma once

#include "base/hash.h"

#include <stdbool.h>
#include <stdint.h>

/* Addresses as numbers in host order. */
static inline uint64_t key_of_ipv4(uint32_t source, uint32_t destination, uint16_t source_port,
                                   uint16_t destination_port, uint8_t protocol,
                                   struct hash_seed seed, bool *swapped)
{
    uint64_t from = (uint64_t)source << 16 | source_port;
    uint64_t to = (uint64_t)destination << 16 | destination_port;
    bool back = to < from;
    uint64_t low = back ? to : from, high = back ? from : to;
    *swapped = back;
    uint64_t h = hash_fold(low ^ seed.a, high ^ seed.b);
    return hash_mix(h, protocol, seed);
}
