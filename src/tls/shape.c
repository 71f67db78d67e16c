#include "tls/shape.h"

#include "base/hash.h"

#include <stdlib.h>
#include <string.h>

enum { KEY_MAX = 1000, TYPES_MAX = 128, PLACES = 8, KEPT = 2 };

/* All that makes a shape, in few octets. */
struct key {
    size_t n;
    bool full; /* it does not fit: nothing is remembered */
    uint8_t at[KEY_MAX];
};

struct kept {
    struct shape shape;
    struct key key; /* n = 0: nothing kept */
};

struct shapes {
    struct hash_seed seed;
    uint32_t n;
    struct kept client[PLACES][KEPT], server[PLACES][KEPT]; /* by hash of the key; newest first */
    struct key asked;
};

struct shapes *shapes_open(void)
{
    struct shapes *s = calloc(1, sizeof *s);

    if (s)
        s->seed = hash_seed_draw();
    return s;
}

void shapes_close(struct shapes *s) { free(s); }

static void key_add(struct key *k, const void *p, size_t n)
{
    uint16_t length = (uint16_t)n;

    k->full = k->full || n + sizeof length > KEY_MAX - k->n;
    if (k->full)
        return;
    memcpy(k->at + k->n, &length, sizeof length);
    if (n) /* what is not there has no address */
        memcpy(k->at + k->n + sizeof length, p, n);
    k->n += sizeof length + n;
}

/* Which extensions there are; what most of them hold is in no fingerprint. */
static void key_add_extensions(struct key *k, struct bytes block)
{
    uint16_t types[TYPES_MAX];
    size_t n = 0;

    while (bytes_ok(&block) && block.left >= 4 && n < TYPES_MAX) {
        uint32_t head = bytes_u32(&block); /* type and length */
        types[n++] = (uint16_t)(head >> 16);
        bytes_skip(&block, head & 0xffff);
    }
    key_add(k, types, n * sizeof *types);
    k->full = k->full || n == TYPES_MAX;
}

static void key_of_client(const struct tls_client_hello *h, struct key *k)
{
    const struct bytes *const lists[] = { &h->suites,        &h->groups, &h->signature_schemes,
                                          &h->point_formats, &h->alpn,   &h->versions };

    k->n = 0;
    k->full = false;
    key_add(k, &h->legacy_version, sizeof h->legacy_version);
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        key_add(k, lists[i]->at, lists[i]->left);
    key_add_extensions(k, h->extensions);
}

static void key_of_server(const struct tls_server_hello *h, struct key *k)
{
    k->n = 0;
    k->full = false;
    key_add(k, &h->legacy_version, sizeof h->legacy_version);
    key_add(k, &h->suite, sizeof h->suite);
    key_add_extensions(k, h->extensions);
}

/* The shape of the key that was asked for; number 0: it is new. */
static struct shape *find(struct shapes *s, struct kept places[PLACES][KEPT])
{
    const struct key *k = &s->asked;
    struct kept *place = places[hash_bytes(k->at, k->n, s->seed) % PLACES];

    for (size_t i = 0; i < KEPT; i++)
        if (place[i].key.n == k->n && memcmp(place[i].key.at, k->at, k->n) == 0)
            return &place[i].shape;
    memmove(place + 1, place, (KEPT - 1) * sizeof *place);
    place->key = *k;
    place->shape = (struct shape){ 0 };
    return &place->shape;
}

const struct shape *shape_of_client(struct shapes *s, const struct tls_client_hello *h)
{
    struct bytes first = h ? h->suites : (struct bytes){ 0 };

    if (!s || !h || first.left < 2 || tls_is_grease(bytes_u16(&first)))
        return NULL;
    key_of_client(h, &s->asked);
    if (s->asked.full)
        return NULL;
    struct shape *shape = find(s, s->client);
    if (!shape->number)
        *shape = (struct shape){ .number = ++s->n,
                                 .mark = tls_hello_mark(h),
                                 .offered_highest = tls_offered_highest(h) };
    return shape;
}

const struct shape *shape_of_server(struct shapes *s, const struct tls_server_hello *h)
{
    if (!s || !h || !h->present)
        return NULL;
    key_of_server(h, &s->asked);
    if (s->asked.full)
        return NULL;
    struct shape *shape = find(s, s->server);
    if (!shape->number)
        shape->number = ++s->n;
    return shape;
}
