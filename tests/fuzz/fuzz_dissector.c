/* fuzz_dissector.c - one dissector under hostile octets; compiled once per name with -DDISSECTOR=.
 *
 * The input is a sequence of chunks: one octet (bit 0 side, bit 1 gap, bits 2.. length scale), one
 * octet of length, then the payload.  Every chunk is a heap block of its own. */
#include "session/dissector.h"

#include <stdlib.h>
#include <string.h>

#define GLUE2(a, b) a##b
#define GLUE(a, b)  GLUE2(a, b)
extern const struct dissector GLUE(DISSECTOR, _dissector);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void feed(struct session *s, const struct dissector *d, enum side side, const uint8_t *p,
                 size_t n)
{
    uint8_t *chunk = malloc(n ? n : 1);
    if (!chunk)
        return;
    memcpy(chunk, p, n);
    struct bytes in = bytes_of(chunk, n, n);
    for (;;) {
        size_t left = in.left;
        if (d->feed(s, s->state, side, &in) != STEP_MORE || in.left == left)
            break;
    }
    free(chunk);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct dissector *d = &GLUE(DISSECTOR, _dissector);
    struct flow flow = { .protocol = size && data[0] & 0x80 ? 6 : 17,
                         .port = { 50000, d->ports[0] } };
    struct session_world world = { .names = names_open(), .pool = pool_open(1 << 20) };
    struct session s = { .flow = &flow, .world = &world, .protocol = "", .server_name = "" };

    s.opening[CLIENT].line = s.opening[SERVER].line = "";
    s.state = arena_zalloc(&flow.arena, world.pool, d->state_size + 1);
    while (size > 2) {
        enum side side = data[0] & 1 ? SERVER : CLIENT;
        size_t n = (size_t)data[1] << (data[0] >> 4 & 3);
        n = n < size - 2 ? n : size - 2;
        s.now.frame++;
        if (data[0] & 2 && d->gap)
            d->gap(&s, s.state, side, n);
        else
            feed(&s, d, side, data + 2, n);
        data += 2 + n;
        size -= 2 + n;
    }
    if (d->end)
        d->end(&s, s.state, ENDED_OPEN);
    arena_release(&flow.arena, world.pool);
    pool_close(world.pool);
    names_close(world.names);
    return 0;
}
