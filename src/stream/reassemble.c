#include "stream/stream.h"

#include <string.h>

enum { SMALLEST_BUFFER = 1024 - 64, BLOCK_ROUND = 64 };

static uint64_t smaller(uint64_t a, uint64_t b) { return a < b ? a : b; }

void stream_start(struct stream *s, uint32_t seq)
{
    s->started = true;
    s->base_seq = seq;
}

/* One past the last octet that is known to have been sent behind the reading position. */
static uint64_t stream_known_end(const struct stream *s)
{
    uint64_t end = s->read + bytes_on_wire(&s->direct);
    if (s->held.n && s->held.range[s->held.n - 1].to > end)
        end = s->held.range[s->held.n - 1].to;
    if (s->clipped.n && s->clipped.range[s->clipped.n - 1].to > end)
        end = s->clipped.range[s->clipped.n - 1].to;
    return end;
}

static bool stream_is_empty(const struct stream *s) { return s->held.n == 0 && s->clipped.n == 0; }

/* ---- the buffer ---- */

/* What was read is moved over only when its room is needed. */
static void buffer_compact(struct stream *s)
{
    uint64_t gone = s->read - s->buffer_from;
    s->buffer_from = s->read;
    if (s->held.n == 0 || gone == 0)
        return;
    uint64_t end = s->held.range[s->held.n - 1].to;
    if (end > s->read)
        memmove(s->buffer, s->buffer + gone, end - s->read);
}

static bool buffer_grow(struct stream *s, struct arena *arena, struct pool *pool, size_t need)
{
    size_t size = SMALLEST_BUFFER;
    while (size < need)
        size = (size + BLOCK_ROUND) * 2 - BLOCK_ROUND;
    uint8_t *bigger = arena_zalloc_block(arena, pool, size);
    if (!bigger)
        return false;
    if (s->buffer)
        memcpy(bigger, s->buffer, s->buffer_size);
    arena_give_back(arena, pool, s->buffer);
    s->buffer = bigger;
    s->buffer_size = size;
    return true;
}

/* Room for the octets before offset `to`, which is at most STREAM_BUFFER ahead of `read`. */
static bool buffer_reserve(struct stream *s, struct arena *arena, struct pool *pool, uint64_t to)
{
    if (!s->buffer)
        s->buffer_from = s->read;
    if (to - s->buffer_from <= s->buffer_size)
        return true;
    buffer_compact(s);
    if (to - s->buffer_from <= s->buffer_size)
        return true;
    return buffer_grow(s, arena, pool, (size_t)(to - s->buffer_from));
}

static uint8_t *buffer_at(const struct stream *s, uint64_t offset)
{
    return s->buffer + (offset - s->buffer_from);
}

static uint32_t octets_differing(const uint8_t *a, const uint8_t *b, size_t n)
{
    uint32_t differing = 0;
    if (memcmp(a, b, n) == 0)
        return 0;
    for (size_t i = 0; i < n; i++)
        differing += a[i] != b[i];
    return differing;
}

/* The first copy of an octet stays. */
static void buffer_fill(struct stream *s, uint64_t from, const uint8_t *at, uint64_t n)
{
    for (uint64_t done = 0; done < n;) {
        uint64_t offset = from + done;
        uint64_t step = smaller(ranges_run(&s->held, offset), n - done);
        if (step) {
            s->conflicts += octets_differing(buffer_at(s, offset), at + done, (size_t)step);
        } else {
            step = smaller(ranges_next(&s->held, offset) - offset, n - done);
            memcpy(buffer_at(s, offset), at + done, (size_t)step);
        }
        done += step;
    }
}

/* ---- taking segments ---- */

/* False when some of it found no room. */
static bool stream_hold(struct stream *s, struct arena *arena, struct pool *pool, uint64_t from,
                        struct bytes piece)
{
    uint64_t limit = s->read + STREAM_BUFFER;
    uint64_t room = from < limit ? limit - from : 0;
    uint64_t n = smaller(piece.left, room);
    bool whole = bytes_on_wire(&piece) <= room;
    if (n) {
        if (!buffer_reserve(s, arena, pool, from + n))
            return false;
        buffer_fill(s, from, piece.at, n);
        if (!ranges_add(&s->held, from, from + n))
            return false;
    }
    if (n < piece.left)
        return false;
    uint64_t cut = smaller(piece.clipped, room - n);
    return ranges_add(&s->clipped, from + n, from + n + cut) && whole;
}

static bool stream_has_window(const struct stream *s)
{
    return bytes_on_wire(&s->direct) || ranges_run(&s->held, s->read) ||
           ranges_run(&s->clipped, s->read);
}

bool stream_accept(struct stream *s, struct arena *arena, struct pool *pool, uint32_t seq,
                   struct bytes payload)
{
    if (!s->started)
        stream_start(s, seq);
    if (bytes_on_wire(&s->direct))
        stream_settle(s, arena, pool);
    int64_t ahead = (int32_t)(seq - s->base_seq);
    if (ahead < 0) {
        bytes_skip(&payload, smaller((uint64_t)-ahead, bytes_on_wire(&payload)));
        ahead = 0;
    }
    if (bytes_on_wire(&payload) == 0)
        return stream_has_window(s);
    if (ahead == 0 && stream_is_empty(s)) {
        s->direct = payload;
        return true;
    }
    if (!stream_hold(s, arena, pool, s->read + (uint64_t)ahead, payload))
        s->overflow++;
    return stream_has_window(s);
}

bool stream_settle(struct stream *s, struct arena *arena, struct pool *pool)
{
    struct bytes rest = s->direct;
    s->direct = (struct bytes){ .at = (const uint8_t *)"" };
    return bytes_on_wire(&rest) == 0 || stream_hold(s, arena, pool, s->read, rest);
}

/* ---- reading ---- */

struct bytes stream_window(const struct stream *s)
{
    if (bytes_on_wire(&s->direct))
        return s->direct;
    uint64_t here = ranges_run(&s->held, s->read);
    uint64_t cut = ranges_run(&s->clipped, s->read + here);
    /* Octets that a later copy brought whole count, not that the first copy was cut. */
    if (cut)
        cut = smaller(cut, ranges_next(&s->held, s->read + here) - (s->read + here));
    return bytes_of(here ? buffer_at(s, s->read) : NULL, (size_t)here, (size_t)(here + cut));
}

static void stream_advance(struct stream *s, uint64_t n)
{
    s->read += n;
    s->base_seq += (uint32_t)n;
    if (bytes_on_wire(&s->direct))
        bytes_skip(&s->direct, smaller(n, bytes_on_wire(&s->direct)));
    ranges_drop_below(&s->held, s->read);
    ranges_drop_below(&s->clipped, s->read);
    if (s->held.n == 0)
        s->buffer_from = s->read;
}

void stream_consume(struct stream *s, uint64_t n)
{
    struct bytes window = stream_window(s);
    stream_advance(s, smaller(n, bytes_on_wire(&window)));
}

/* Octets before `to` that were sent, for something behind them is there, but never seen. */
static uint64_t stream_unseen_before(const struct stream *s, uint64_t to)
{
    uint64_t unseen = 0;
    uint64_t end = smaller(to, stream_known_end(s));
    for (uint64_t at = s->read + bytes_on_wire(&s->direct); at < end;) {
        uint64_t run = ranges_run(&s->held, at);
        run = run ? run : ranges_run(&s->clipped, at);
        if (run) {
            at += run;
            continue;
        }
        uint64_t next = smaller(ranges_next(&s->held, at), ranges_next(&s->clipped, at));
        unseen += smaller(next, end) - at;
        at = next;
    }
    return unseen;
}

void stream_skip(struct stream *s, uint64_t n)
{
    n = smaller(n, UINT64_MAX / 2 - s->read);
    s->missing += stream_unseen_before(s, s->read + n);
    stream_advance(s, n);
}

uint64_t stream_hole(const struct stream *s)
{
    if (stream_has_window(s) || stream_is_empty(s))
        return 0;
    return smaller(ranges_next(&s->held, s->read), ranges_next(&s->clipped, s->read)) - s->read;
}

void stream_finish(struct stream *s, struct arena *arena, struct pool *pool)
{
    arena_give_back(arena, pool, s->buffer);
    s->buffer = NULL;
    s->buffer_size = 0;
    s->held.n = s->clipped.n = 0;
    s->direct = (struct bytes){ .at = (const uint8_t *)"" };
}
