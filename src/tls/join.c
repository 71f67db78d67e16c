#include "tls/join.h"

#include "tls/handshake.h"

enum { MESSAGE_HEADER = 4, JOIN_FIRST = 960 }; /* a power of two with the arena's header */

static uint32_t smaller(uint64_t a, uint64_t b) { return (uint32_t)(a < b ? a : b); }

/* Octets of a whole message, header included, from its first four. */
static uint32_t message_octets(const uint8_t *p)
{
    struct bytes b = bytes_whole(p, MESSAGE_HEADER);

    bytes_skip(&b, 1);
    return bytes_u24(&b) + MESSAGE_HEADER;
}

static void join_drop(struct tls *t, struct tls_half *half)
{
    arena_give_back(t->arena, t->pool, half->join);
    half->join = NULL;
    half->join_have = half->join_need = half->join_size = 0;
}

void join_settle(struct tls *t, enum side from)
{
    struct tls_half *half = &t->half[from];

    if (half->join && half->join_need && half->join_have == half->join_need)
        join_drop(t, half);
}

bool join_cut(struct tls *t, enum side from, struct tls_stamp at)
{
    struct tls_half *half = &t->half[from];
    bool fresh = false;

    if (half->join_need && half->join_have == half->join_need)
        return false; /* handed on already */
    if (half->join_need) {
        half->join_skip = half->join_need - half->join_have;
        fresh =
            handshake_message(t, from, bytes_of(half->join, half->join_have, half->join_need), at);
    } else if (half->join_have) {
        half->join_lost = true; /* not even its length is known */
    }
    if (fresh)
        half->join_need = half->join_have;
    else
        join_drop(t, half);
    return fresh;
}

/* Room for `want` octets; false without memory, and the message is then handed on as it is. */
static bool join_grow(struct tls *t, struct tls_half *half, uint32_t want)
{
    uint32_t size = half->join_size ? half->join_size : JOIN_FIRST;

    if (want <= half->join_size)
        return true;
    while (size < want)
        size *= 2;
    size = smaller(size, TLS_MESSAGE_MAX);
    uint8_t *bigger = arena_zalloc_block(t->arena, t->pool, size);
    if (!bigger) {
        t->out_of_memory = true;
        return false;
    }
    if (half->join)
        memcpy(bigger, half->join, half->join_have);
    arena_give_back(t->arena, t->pool, half->join);
    half->join = bigger;
    half->join_size = size;
    return true;
}

/* Copies at most n octets from `in` towards the next border: the header's end, or the message's. */
static bool join_copy(struct tls *t, struct tls_half *half, struct bytes *in, uint32_t n)
{
    uint32_t border = half->join_need ? half->join_need : MESSAGE_HEADER;
    uint32_t take = smaller(n, border - half->join_have);

    if (!join_grow(t, half, half->join_have + take))
        return false;
    (void)bytes_copy(in, half->join + half->join_have, take);
    half->join_have += take;
    half->body_left -= take;
    if (!half->join_need && half->join_have == MESSAGE_HEADER)
        half->join_need = message_octets(half->join);
    return true;
}

static void skip(struct tls_half *half, struct bytes *in, uint32_t n)
{
    bytes_skip(in, n);
    half->body_left -= n;
}

/* After a hidden border, does a message begin where this record begins? */
static bool begins_message(const struct tls_half *half, const struct bytes *in)
{
    int type = bytes_peek(in, 0), high = bytes_peek(in, 1);

    return half->body_left == half->record_length && type >= 0 &&
           type <= TLS_COMPRESSED_CERTIFICATE && high >= 0 && high <= TLS_MESSAGE_MAX >> 16;
}

/* A message too large to keep, its header read: handed on as header alone. */
static void too_large(struct tls *t, enum side from, const uint8_t *header, uint32_t octets,
                      struct tls_stamp at)
{
    (void)handshake_message(t, from, bytes_of(header, MESSAGE_HEADER, octets), at);
    t->half[from].join_skip = octets - MESSAGE_HEADER;
}

/* The next message, or the part of it in the first n octets of `in`. */
static bool join_next(struct tls *t, enum side from, struct bytes *in, uint32_t n,
                      struct tls_stamp at)
{
    struct tls_half *half = &t->half[from];

    if (half->join_have == 0 && n >= MESSAGE_HEADER && message_octets(in->at) <= n) {
        struct bytes message = bytes_take(in, message_octets(in->at));
        half->body_left -= (uint32_t)message.left;
        return handshake_message(t, from, message, at);
    }
    if (!join_copy(t, half, in, n)) {
        bool fresh = join_cut(t, from, at);
        half->join_lost = half->join_lost || !half->join_skip;
        return fresh;
    }
    if (half->join_need > TLS_MESSAGE_MAX) {
        uint8_t header[MESSAGE_HEADER];
        memcpy(header, half->join, sizeof header);
        uint32_t octets = half->join_need;
        join_drop(t, half);
        too_large(t, from, header, octets, at);
        return false;
    }
    if (half->join_need == 0 || half->join_have < half->join_need)
        return false;
    bool fresh = handshake_message(t, from, bytes_whole(half->join, half->join_need), at);
    if (!fresh)
        join_drop(t, half);
    return fresh;
}

bool join_feed(struct tls *t, enum side from, struct bytes *in, struct tls_stamp at)
{
    struct tls_half *half = &t->half[from];

    if (half->join_lost)
        half->join_lost = !begins_message(half, in);
    while (in->left && half->body_left) {
        uint32_t n = smaller(in->left, half->body_left);
        if (half->join_lost) {
            skip(half, in, n);
        } else if (half->join_skip) {
            n = smaller(n, half->join_skip);
            half->join_skip -= n;
            skip(half, in, n);
        } else if (join_next(t, from, in, n, at)) {
            return true;
        }
    }
    return false;
}

void join_gap(struct tls *t, enum side from, uint32_t n, struct tls_stamp at)
{
    struct tls_half *half = &t->half[from];

    (void)join_cut(t, from, at);
    uint32_t skipped = smaller(n, half->join_skip);
    half->join_skip -= skipped;
    if (skipped < n)
        half->join_lost = true;
}
