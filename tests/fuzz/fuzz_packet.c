/* fuzz_packet.c - frames through the decoder and the recognition of copies.
 *
 * Input: one octet chooses the link type; then frames, each with two octets of captured length, one
 * of octets that the snap length cut, and its octets.  Each frame lies in a block of its own, so
 * that an overread meets the sanitizer, and so do the fragments of one datagram. */
#include "packet/packet.h"
#include "packet/twin.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint32_t links[] = { 1, 113, 276, 0, 108, 101, 12, 228, 229, 9, 50, 51, 104, 147 };
static const struct hash_seed seed = { 0x243f6a8885a308d3, 0x13198a2e03707344 };

struct batch {
    size_t n;
    uint8_t *blocks[PACKET_BATCH];
    struct frame frames[PACKET_BATCH];
    struct packet packets[PACKET_BATCH];
};

/* Reads what later stages would read: a wrong window is found here. */
static unsigned payload_sum(const struct packet *p)
{
    struct bytes payload = p->payload;
    unsigned sum = 0;
    while (payload.left)
        sum += bytes_u8(&payload);
    if (p->kind == PACKET_TCP)
        for (size_t i = 0; i < p->options.n_sack; i++)
            sum += p->options.sack_left[i] ^ p->options.sack_right[i];
    return sum;
}

static bool batch_add(struct batch *batch, struct bytes *in, uint32_t link)
{
    size_t length = bytes_u16(in), cut = bytes_u8(in);
    if (!bytes_ok(in) || batch->n == PACKET_BATCH)
        return false;
    struct bytes octets = bytes_take(in, length < in->left ? length : in->left);
    uint8_t *block = malloc(octets.left ? octets.left : 1);
    if (!block)
        return false;
    memcpy(block, octets.at, octets.left);
    size_t i = batch->n++;
    batch->blocks[i] = block;
    batch->frames[i] = (struct frame){ .number = i + 1,
                                       .time_ns = (int64_t)i * 1000,
                                       .data = bytes_of(block, octets.left, octets.left + cut),
                                       .link = link };
    return true;
}

/* Twice, as a mirror port might have it: the second batch meets what the first one left. */
static void batch_run(struct batch *batch)
{
    static volatile unsigned sink;
    struct decoder *decoder = decoder_open(seed);
    struct twins *twins = twins_open(seed);
    for (int round = 0; decoder && twins && round < 2; round++) {
        packet_decode(decoder, batch->frames, batch->n, batch->packets);
        for (size_t i = 0; i < batch->n; i++)
            sink = sink + payload_sum(&batch->packets[i]) + twin_seen(twins, &batch->packets[i]);
    }
    twins_close(twins);
    decoder_close(decoder);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct batch batch;
    struct bytes in = bytes_whole(data, size);
    uint32_t link = links[bytes_u8(&in) % (sizeof links / sizeof *links)];
    batch.n = 0;
    while (in.left && batch_add(&batch, &in, link)) {
    }
    batch_run(&batch);
    for (size_t i = 0; i < batch.n; i++)
        free(batch.blocks[i]);
    return 0;
}
