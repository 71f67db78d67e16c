/* network.h - a block of addresses, as configuration and command line name it.
 *
 * Text form: an address, or ADDRESS/LENGTH (RFC 4632 section 3.1, RFC 4291 section 2.3).  A block
 * whose address has bits behind its length is refused: nobody knows which of the two was meant. */
#pragma once

#include "base/address.h"

struct network {
    struct address address;
    uint8_t bits; /* of the 16 octets; a block of IPv4 has 96 more than it says */
};

bool network_parse(const char *text, struct network *out);

/* Of n octets of text, for items of a list. */
bool network_parse_n(const char *text, size_t n, struct network *out);

/* Clears what lies behind its length. */
void network_trim(struct network *network);

bool network_holds(const struct network *network, const struct address *address);

/* Is it in one of them? */
bool networks_hold(const struct network *network, size_t n, const struct address *address);
