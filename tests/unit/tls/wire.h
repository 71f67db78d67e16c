/* wire.h - TLS records and messages written by hand, and a connection to feed them to; tests only.
 */
#pragma once

#include "tls/tls.h"

#include <criterion/criterion.h>
#include <stdio.h>

struct wire {
    size_t n;
    uint8_t octets[140000];
};

static inline void put(struct wire *w, const void *p, size_t n)
{
    cr_assert(w->n + n <= sizeof w->octets);
    memcpy(w->octets + w->n, p, n);
    w->n += n;
}

static inline void put_uint(struct wire *w, uint64_t v, size_t width)
{
    while (width-- > 0)
        put(w, &(uint8_t){ (uint8_t)(v >> 8 * width) }, 1);
}

/* Hex digits; blanks are passed over. */
static inline void put_hex(struct wire *w, const char *hex)
{
    static const char digits[] = "0123456789abcdef";
    unsigned n = 0, v = 0;

    for (; *hex; hex++) {
        const char *digit = strchr(digits, *hex);
        if (!digit)
            continue;
        v = v << 4 | (unsigned)(digit - digits);
        if (++n % 2 == 0)
            put_uint(w, v & 0xff, 1);
    }
}

/* A record of `type` around n octets. */
static inline void put_record(struct wire *w, uint8_t type, const void *body, size_t n)
{
    put_uint(w, type, 1);
    put_uint(w, 0x0303, 2);
    put_uint(w, n, 2);
    put(w, body, n);
}

/* A record whose body is n octets of no meaning. */
static inline void put_opaque(struct wire *w, uint8_t type, size_t n)
{
    static const uint8_t nothing[20000];
    put_record(w, type, nothing, n);
}

/* A handshake message, header and body, without a record around it. */
static inline void put_message(struct wire *w, uint8_t type, const void *body, size_t n)
{
    put_uint(w, type, 1);
    put_uint(w, n, 3);
    put(w, body, n);
}

/* ... in a record of its own. */
static inline void put_handshake(struct wire *w, uint8_t type, const void *body, size_t n)
{
    static struct wire message;
    message.n = 0;
    put_message(&message, type, body, n);
    put_record(w, TLS_HANDSHAKE, message.octets, message.n);
}

static inline void put_extension(struct wire *w, uint16_t number, const char *hex)
{
    static struct wire value;
    value.n = 0;
    put_hex(&value, hex);
    put_uint(w, number, 2);
    put_uint(w, value.n, 2);
    put(w, value.octets, value.n);
}

/* A ClientHello body with suites and extensions given in full. */
static inline void put_client_hello(struct wire *w, const char *suites,
                                    const struct wire *extensions)
{
    static struct wire list;
    list.n = 0;
    put_hex(&list, suites);
    put_uint(w, 0x0303, 2);
    for (unsigned i = 0; i < 32; i++)
        put_uint(w, i, 1);
    put_hex(w, "04 a1a2a3a4");
    put_uint(w, list.n, 2);
    put(w, list.octets, list.n);
    put_hex(w, "01 00");
    if (!extensions)
        return;
    put_uint(w, extensions->n, 2);
    put(w, extensions->octets, extensions->n);
}

/* A ServerHello body. */
static inline void put_server_hello(struct wire *w, uint16_t version, uint16_t suite,
                                    const struct wire *extensions)
{
    put_uint(w, version, 2);
    for (unsigned i = 0; i < 32; i++)
        put_uint(w, 0xe0 + i, 1);
    put_hex(w, "04 a1a2a3a4");
    put_uint(w, suite, 2);
    put_uint(w, 0, 1);
    if (!extensions)
        return;
    put_uint(w, extensions->n, 2);
    put(w, extensions->octets, extensions->n);
}

/* ---- a connection ---- */

struct connection {
    struct pool *pool;
    struct arena arena;
    struct tls *tls;
    uint64_t frame;
    unsigned n_fresh;              /* answers TLS_STEP_CERTIFICATES */
    struct tls_certificates fresh; /* the last; windows are gone, lengths stay */
    enum tls_step step;            /* the last other answer */
};

static inline void connection_open(struct connection *c)
{
    *c = (struct connection){ .pool = pool_open(4 << 20) };
    c->tls = tls_open(&c->arena, c->pool);
    cr_assert_not_null(c->tls);
}

static inline void connection_close(struct connection *c)
{
    arena_release(&c->arena, c->pool);
    cr_assert_eq(pool_used(c->pool), 0);
    pool_close(c->pool);
}

static inline struct tls_stamp connection_now(struct connection *c)
{
    c->frame++;
    return (struct tls_stamp){ .frame = c->frame, .time_ns = (int64_t)c->frame * 1000000 };
}

/* Feeds a window as one frame; what is left of it is returned. */
static inline size_t feed_window(struct connection *c, enum side from, struct bytes in)
{
    struct tls_stamp at = connection_now(c);

    while ((c->step = tls_feed(c->tls, from, &in, at)) == TLS_STEP_CERTIFICATES) {
        c->n_fresh++;
        c->fresh = tls_fresh(c->tls);
    }
    return in.left;
}

static inline size_t feed(struct connection *c, enum side from, const void *p, size_t n)
{
    return feed_window(c, from, bytes_whole(p, n));
}

static inline size_t feed_wire(struct connection *c, enum side from, struct wire *w)
{
    size_t left = feed(c, from, w->octets, w->n);
    w->n = 0;
    return left;
}

/* Feeds piece by piece, each in memory of its own, as a stream that hands on what it has. */
static inline void feed_in_pieces(struct connection *c, enum side from, const uint8_t *p, size_t n,
                                  size_t piece)
{
    static uint8_t pending[200000];
    size_t have = 0;

    for (size_t at = 0; at < n; at += piece) {
        size_t k = n - at < piece ? n - at : piece;
        memcpy(pending + have, p + at, k);
        have += k;
        size_t left = feed(c, from, pending, have);
        memmove(pending, pending + have - left, left);
        have = left;
    }
}

/* The types of a side's messages, as text: "1 11 16". */
static inline const char *order_of(const struct tls *t, enum side from, char *out, size_t size)
{
    size_t n = 0;

    out[0] = '\0';
    for (size_t i = 0; i < t->n_messages; i++)
        if (t->messages[i].from == from)
            n += (size_t)snprintf(out + n, size - n, n ? " %u" : "%u", t->messages[i].type);
    return out;
}
