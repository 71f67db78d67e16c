/* fuzz_stream.c - segments of a known text in any order, cut and repeated, against that text.
 *
 * The input is a list of steps of four octets: what, where, how long, how much of it captured.  An
 * octet that is read must be one that was sent at that place, and after everything was sent once
 * more in order nothing may be left unread. */
#include "stream/stream.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT = 200 * 1024, BASE = 0x7ffff000 };

struct desk {
    struct pool *pool;
    struct arena arena;
    struct stream stream;
    bool forged; /* copies that differ were sent as well */
};

static uint8_t octet_at(uint64_t offset) { return (uint8_t)(offset * 131 >> 3); }

static void window_check(const struct desk *d)
{
    struct bytes window = stream_window(&d->stream);
    for (size_t i = 0; i < window.left; i++) {
        uint8_t sent = octet_at(d->stream.read + i);
        assert(window.at[i] == sent || (d->forged && (window.at[i] ^ sent) == 0xff));
    }
    assert(stream_hole(&d->stream) == 0 || bytes_on_wire(&window) == 0);
}

/* Octets [from, from + n) of which `captured` are there, in memory of their own. */
static void segment_send(struct desk *d, uint64_t from, size_t n, size_t captured, bool forge)
{
    uint8_t *copy = malloc(captured ? captured : 1);
    if (!copy)
        return;
    for (size_t i = 0; i < captured; i++)
        copy[i] = forge ? (uint8_t)~octet_at(from + i) : octet_at(from + i);
    d->forged = d->forged || forge;
    stream_accept(&d->stream, &d->arena, d->pool, (uint32_t)(BASE + from),
                  bytes_of(copy, captured, n));
    window_check(d);
    stream_settle(&d->stream, &d->arena, d->pool);
    free(copy);
    window_check(d);
}

static void step_take(struct desk *d, const uint8_t *step)
{
    /* Around the reading position, mostly: 256 places of 301 octets, some of them behind it. */
    uint64_t at = d->stream.read + (uint64_t)step[1] * 301;
    uint64_t from = at > 3000 ? at - 3000 : 0;
    size_t n = (size_t)step[2] * 23;
    size_t captured = step[3] & 1 ? n : n * step[3] / 256;
    if (from + n > TEXT)
        return;
    switch (step[0] % 8) {
    case 0:
        stream_consume(&d->stream, n);
        break;
    case 1:
        if (d->stream.read + n < TEXT)
            stream_skip(&d->stream, n);
        break;
    case 2:
        stream_skip(&d->stream, stream_hole(&d->stream));
        break;
    case 3:
        segment_send(d, d->stream.read, n, captured, false);
        break;
    default:
        segment_send(d, from, n, captured, step[0] == 255);
    }
    window_check(d);
}

/* What is sent in order, and read at once, is all read, whatever was before. */
static void rest_send(struct desk *d)
{
    uint64_t end = d->stream.read + 70000 < TEXT ? d->stream.read + 70000 : TEXT;
    while (d->stream.read < end) {
        uint64_t before = d->stream.read;
        size_t n = end - before < 1000 ? (size_t)(end - before) : 1000;
        segment_send(d, before, n, n, false);
        struct bytes window = stream_window(&d->stream);
        assert(bytes_on_wire(&window) >= n);
        stream_consume(&d->stream, bytes_on_wire(&window));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct desk d = { .pool = pool_open(1 << 20) };
    if (!d.pool)
        return 0;
    stream_start(&d.stream, BASE);
    for (size_t i = 0; i + 3 < size && i < 800; i += 4)
        step_take(&d, data + i);
    rest_send(&d);
    stream_finish(&d.stream, &d.arena, d.pool);
    assert(pool_used(d.pool) == 0);
    pool_close(d.pool);
    return 0;
}
