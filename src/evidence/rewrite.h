/* rewrite.h - one captured frame with stand-ins in its headers and with what may stay of its
 * payload.
 *
 * What it is: rewrite_frame works in place on the captured octets: MAC, IPv4 and IPv6 addresses
 * (also in ARP, in tunnels that are not sealed and in what ICMP quotes), DNS, TCP payload by the
 * edits of its connection.  Everything it does not know becomes zero; lengths stay.  A checksum
 * that was right is right again, one that was wrong stays wrong. What it refuses: nothing; a link
 * type it does not know leaves a frame of zeros. Sources: as packet/link.h, ip.h, icmp.h, tunnel.h.
 */
#pragma once

#include "base/address.h"
#include "evidence/scrub.h"
#include "frame/frame.h"

/* The octets that may stay of `n` payload octets from sequence number seq on, sent by source. */
struct rewrite_segment {
    struct address source, destination;
    uint16_t source_port, destination_port;
    uint32_t seq;
    bool syn;
    uint64_t frame;
    uint8_t *payload;
    size_t n;
};

typedef void rewrite_payload(void *context, const struct rewrite_segment *segment);

struct rewriter {
    const struct scrubber *scrubber;
    rewrite_payload *payload; /* fills segment->payload anew */
    void *context;
};

void rewrite_frame(const struct rewriter *r, const struct frame *frame, uint8_t *data);
