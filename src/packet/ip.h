/* ip.h - IPv4 and IPv6 headers: addresses, what follows them, and how long it claims to be.
 *
 * What it is: ip4_open and ip6_open consume the header (options and extension headers too) and hand
 * out what is inside.  Padding and checksums that the link put after the datagram are left behind.
 * What it refuses: reassembling (see fragment.h): a fragment is handed out as one.
 * Faults: both answer false when there is nothing more to read; `malformed` says that a length
 * lied.  A length beyond the end of an uncut frame is no lie by itself, some tools shorten frames:
 * the difference is `missing`.  A length of 0 is segmentation offload or a jumbogram: all there is.
 * Sources: RFC 791, 6864, 8200, 6946, 4302, 2675. */
#pragma once

#include "base/bytes.h"
#include "packet/fragment.h"
#include "packet/packet.h"

#include <stdbool.h>
#include <stddef.h>

struct datagram {
    size_t missing;   /* octets that the header promises beyond the end of the frame */
    bool is_fragment; /* then `fragment` says of what */
    size_t header;    /* octets of all headers that each fragment repeats */
    struct fragment fragment;
};

/* Take the IP headers off p->payload; p->ip_protocol then tells what follows. */
bool ip4_open(struct packet *p, struct datagram *out);
bool ip6_open(struct packet *p, struct datagram *out);

/* Goes on with what p->ip_protocol names: extension headers, if there are any.  Called again by
 * whoever made a datagram whole. */
bool ip_open_inner(struct packet *p, struct datagram *out);

/* The same for a quoted packet; false when a header is incomplete or the quote is of a fragment
 * that does not begin its datagram. */
bool ip6_skip_extensions(struct bytes *b, uint8_t *protocol);

/* Is this an IP protocol that wraps packets (tunnel.h)? */
bool ip_is_tunnel(uint8_t protocol);
