#include "stream/stream.h"

#include <string.h>

enum { SMALLEST_BUFFER = 1024 - 64, BLOCK_ROUND = 64 };

static uint64_t smaller(uint64_t a, uint64_t b) { return a < b ? a : b; }

void stream_start(struct stream *s, uint32_t seq)
{
    s->started = true;
    s->base_seq = seq;
}

static const struct ranges no_ranges;

static const struct ranges *held(const struct stream *s)
{
    return s->stash ? &s->stash->held : &no_ranges;
}

static const struct ranges *clipped(const struct stream *s)
{
    return s->stash ? &s->stash->clipped : &no_ranges;
}

static uint64_t ranges_end(const struct ranges *set)
{
    return set->n ? set->range[set->n - 1].to : 0;
}

static uint64_t larger(uint64_t a, uint64_t b) { return a > b ? a : b; }

/* One past the last octet that is known to have been sent behind the reading position. */
static uint64_t stream_known_end(const struct stream *s)
{
    uint64_t end = s->read + bytes_on_wire(&s->direct);

    return larger(end, larger(ranges_end(held(s)), ranges_end(clipped(s))));
}

static bool stream_is_empty(const struct stream *s)
{
    return held(s)->n == 0 && clipped(s)->n == 0;
}

/* ---- the stash ---- */

static bool stash_open(struct stream *s, struct arena *arena, struct pool *pool)
{
    if (!s->stash)
        s->stash = arena_zalloc_block(arena, pool, sizeof *s->stash);
    return s->stash != NULL;
}

/* What was read is moved over only when its room is needed. */
static void stash_compact(struct stash *stash, uint64_t read)
{
    uint64_t gone = read - stash->from;
    uint64_t end = ranges_end(&stash->held);

    stash->from = read;
    if (gone && end > read)
        memmove(stash->buffer, stash->buffer + gone, end - read);
}

static bool stash_grow(struct stash *stash, struct arena *arena, struct pool *pool, size_t need)
{
    size_t size = SMALLEST_BUFFER;
    while (size < need)
        size = (size + BLOCK_ROUND) * 2 - BLOCK_ROUND;
    uint8_t *bigger = arena_zalloc_block(arena, pool, size);
    if (!bigger)
        return false;
    if (stash->buffer)
        memcpy(bigger, stash->buffer, stash->size);
    arena_give_back(arena, pool, stash->buffer);
    stash->buffer = bigger;
    stash->size = size;
    return true;
}

/* Room for the octets before offset `to`, which is at most STREAM_BUFFER ahead of `read`. */
static bool stash_reserve(struct stream *s, struct arena *arena, struct pool *pool, uint64_t to)
{
    struct stash *stash = s->stash;

    if (!stash->buffer)
        stash->from = s->read;
    if (to - stash->from <= stash->size)
        return true;
    stash_compact(stash, s->read);
    if (to - stash->from <= stash->size)
        return true;
    return stash_grow(stash, arena, pool, (size_t)(to - stash->from));
}

static uint8_t *stash_at(const struct stash *stash, uint64_t offset)
{
    return stash->buffer + (offset - stash->from);
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
static void stash_fill(struct stream *s, uint64_t from, const uint8_t *at, uint64_t n)
{
    const struct stash *stash = s->stash;

    for (uint64_t done = 0; done < n;) {
        uint64_t offset = from + done;
        uint64_t step = smaller(ranges_run(&stash->held, offset), n - done);
        if (step) {
            uint32_t differing = octets_differing(stash_at(stash, offset), at + done, (size_t)step);
            s->conflicts += (uint16_t)smaller(differing, UINT16_MAX - s->conflicts);
        } else {
            step = smaller(ranges_next(&stash->held, offset) - offset, n - done);
            memcpy(stash_at(stash, offset), at + done, (size_t)step);
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
    if (!stash_open(s, arena, pool))
        return false;
    if (n) {
        if (!stash_reserve(s, arena, pool, from + n))
            return false;
        stash_fill(s, from, piece.at, n);
        if (!ranges_add(&s->stash->held, from, from + n))
            return false;
    }
    if (n < piece.left)
        return false;
    uint64_t cut = smaller(piece.clipped, room - n);
    return ranges_add(&s->stash->clipped, from + n, from + n + cut) && whole;
}

static bool stream_has_window(const struct stream *s)
{
    return bytes_on_wire(&s->direct) || ranges_run(held(s), s->read) ||
           ranges_run(clipped(s), s->read);
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
        s->overflow += s->overflow < UINT8_MAX;
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
    uint64_t here = ranges_run(held(s), s->read);
    uint64_t cut = ranges_run(clipped(s), s->read + here);
    /* Octets that a later copy brought whole count, not that the first copy was cut. */
    if (cut)
        cut = smaller(cut, ranges_next(held(s), s->read + here) - (s->read + here));
    return bytes_of(here ? stash_at(s->stash, s->read) : NULL, (size_t)here, (size_t)(here + cut));
}

static void stream_advance(struct stream *s, uint64_t n)
{
    s->read += n;
    s->base_seq += (uint32_t)n;
    if (bytes_on_wire(&s->direct))
        bytes_skip(&s->direct, smaller(n, bytes_on_wire(&s->direct)));
    if (!s->stash)
        return;
    ranges_drop_below(&s->stash->held, s->read);
    ranges_drop_below(&s->stash->clipped, s->read);
    if (s->stash->held.n == 0)
        s->stash->from = s->read;
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
        uint64_t run = ranges_run(held(s), at);
        run = run ? run : ranges_run(clipped(s), at);
        if (run) {
            at += run;
            continue;
        }
        uint64_t next = smaller(ranges_next(held(s), at), ranges_next(clipped(s), at));
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
    return smaller(ranges_next(held(s), s->read), ranges_next(clipped(s), s->read)) - s->read;
}

void stream_finish(struct stream *s, struct arena *arena, struct pool *pool)
{
    if (s->stash)
        arena_give_back(arena, pool, s->stash->buffer);
    arena_give_back(arena, pool, s->stash);
    s->stash = NULL;
    s->direct = (struct bytes){ .at = (const uint8_t *)"" };
}
