/* fuzz_tls.c - both sides of a connection in chunks, each in memory of its own, with gaps, clipped
 * windows and skipped bodies in between; then the same again with memory refused.
 *
 * Input: a first octet chooses the ceiling of the pool; then commands of two octets: what to do and
 * how much, followed by the octets it needs. */
#include "report/prints.h"
#include "tls/sealed.h"

#include <stdlib.h>

enum { PENDING = 1 << 15 };

struct play {
    struct tls *tls;
    uint8_t *pending[SIDES]; /* what tls_feed left; it comes again */
    size_t n_pending[SIDES];
    uint64_t frame;
};

volatile unsigned fuzz_sink; /* keeps the reads */

static void touch(struct bytes window)
{
    for (size_t i = 0; i < window.left; i++)
        fuzz_sink = fuzz_sink + window.at[i];
}

static void touch_fresh(const struct tls *t)
{
    struct tls_certificates fresh = tls_fresh(t);

    for (unsigned i = 0; i < fresh.n && i < TLS_CHAIN_MAX; i++)
        touch(fresh.der[i]);
}

static void touch_hello(const struct tls_client_hello *h)
{
    if (!h)
        return;
    touch(h->server_name);
    touch(h->suites);
    touch(h->extensions);
    touch(h->alpn);
    touch(h->key_share_groups);
    fuzz_sink = fuzz_sink + tls_offered_highest(h) + tls_offered_lowest_hint(h) +
                tls_offers_version(h, 0x0303) + tls_offers_suite(h, 0x1301) +
                tls_offers_group(h, 29);
}

/* Twice: made, and remembered. */
static void touch_prints(const struct tls *t)
{
    struct prints_maker *maker = NULL;
    struct prints first, again;

    prints_of(&maker, t, NULL, &first);
    prints_of(&maker, t, NULL, &again);
    if (memcmp(&first, &again, sizeof first) != 0)
        abort();
    prints_close(maker);
}

static void touch_shape(const struct tls *t)
{
    struct shapes *shapes = shapes_open();

    for (int i = 0; i < 2; i++) {
        const struct shape *shape = shape_of_client(shapes, t->hello);
        if (shape && (shape->number != 1 || shape->mark != tls_hello_mark(t->hello)))
            abort();
    }
    shapes_close(shapes);
}

static struct tls_stamp now(struct play *p)
{
    p->frame++;
    return (struct tls_stamp){ .frame = p->frame, .time_ns = (int64_t)p->frame * 1000 };
}

/* Pending octets and these, as one window of which `clipped` more were not captured. */
static void play_feed(struct play *p, enum side from, const uint8_t *at, size_t n, size_t clipped)
{
    size_t have = p->n_pending[from];
    uint8_t *window = malloc(have + n + 1);

    if (!window)
        return;
    if (have)
        memcpy(window, p->pending[from], have);
    memcpy(window + have, at, n);
    struct bytes in = bytes_of(window, have + n, have + n + clipped);
    struct tls_stamp stamp = now(p);
    enum tls_step step;
    while ((step = tls_feed(p->tls, from, &in, stamp)) == TLS_STEP_CERTIFICATES)
        touch_fresh(p->tls);
    free(p->pending[from]);
    p->pending[from] = NULL;
    p->n_pending[from] = 0;
    if (step == TLS_STEP_MORE && in.left > 0 && in.left < PENDING &&
        (p->pending[from] = malloc(in.left))) {
        memcpy(p->pending[from], in.at, in.left);
        p->n_pending[from] = in.left;
    }
    free(window);
}

static void play_command(struct play *p, uint8_t what, uint8_t much, struct bytes *script)
{
    enum side from = what & 1;
    struct bytes chunk = bytes_take(script, much < script->left ? much : script->left);

    switch (what >> 1 & 7) {
    case 0:
        tls_gap(p->tls, from, 1U + much * (what >> 4), what & 0x80, now(p));
        touch_fresh(p->tls);
        break;
    case 1:
        play_feed(p, from, chunk.at, chunk.left, 1U + (what >> 4) * 20U);
        break;
    case 2:
        if (p->n_pending[from] == 0) {
            uint32_t skippable = tls_skippable(p->tls, from);
            tls_skipped(p->tls, from, much < skippable ? much : skippable, now(p));
        }
        break;
    default:
        play_feed(p, from, chunk.at, chunk.left, 0);
    }
}

static void play_end(struct play *p)
{
    struct sealed_end end = { .closed = true, .closed_by = SERVER, .close_ns = 1 << 20 };

    for (enum side side = CLIENT; side < SIDES; side++) {
        tls_end(p->tls, side, now(p));
        touch_fresh(p->tls);
        for (size_t i = 0; i < p->tls->half[side].n_sealed && i < TLS_SEALED_MAX; i++)
            fuzz_sink = fuzz_sink + p->tls->half[side].sealed_list[i].length;
        free(p->pending[side]);
    }
    for (size_t i = 0; i < p->tls->n_messages; i++)
        fuzz_sink = fuzz_sink + p->tls->messages[i].type;
    touch_hello(p->tls->hello);
    touch_hello(p->tls->hello_again);
    touch_prints(p->tls);
    touch_shape(p->tls);
    touch(p->tls->server_hello.extensions);
    touch(p->tls->server_hello.alpn);
    touch(p->tls->request_schemes);
    fuzz_sink = fuzz_sink + sealed_read(p->tls, &end).row + tls_resumed(p->tls);
}

static void play(const uint8_t *data, size_t size, size_t ceiling)
{
    struct pool *pool = pool_open(ceiling);
    struct arena arena = { 0 };
    struct play p = { .tls = pool ? tls_open(&arena, pool) : NULL };
    struct bytes script = bytes_whole(data, size);

    /* A pool grows by slabs that are larger than what one connection needs: take some of it away.
     */
    for (size_t n = (size_t)data[0] * 1024; pool && n > 0 && n < 200 * 1024; n = 0)
        for (size_t i = 0; i < n / 1024; i++)
            (void)arena_zalloc_block(&arena, pool, 1024 - 64);
    bytes_skip(&script, 1);
    while (p.tls && script.left >= 2) {
        uint8_t what = bytes_u8(&script), much = bytes_u8(&script);
        play_command(&p, what, much, &script);
    }
    if (p.tls)
        play_end(&p);
    if (pool)
        arena_release(&arena, pool);
    pool_close(pool);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    uint8_t *copy = malloc(size); /* of its own, so that an overread is seen */
    if (!copy)
        return 0;
    memcpy(copy, data, size);
    play(copy, size, 4 << 20);
    play(copy, size, 1 << 18);
    free(copy);
    return 0;
}
