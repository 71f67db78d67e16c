/* one.h - one frame through a decoder of its own, for tests.  The payload borrows the frame. */
#pragma once

#include "packet/packet.h"

#include <assert.h>

static const struct hash_seed one_seed = { 0x243f6a8885a308d3, 0x13198a2e03707344 };

static inline struct packet one_decoded_with(const struct frame *frame,
                                             struct decoder_counts *counts)
{
    struct packet packet;
    struct decoder *decoder = decoder_open(one_seed);
    assert(decoder);
    packet_decode(decoder, frame, 1, &packet);
    *counts = *decoder_counts(decoder);
    decoder_close(decoder);
    return packet;
}

static inline struct packet one_decoded(struct frame frame)
{
    struct decoder_counts counts;
    return one_decoded_with(&frame, &counts);
}
