#include "packet/fragment.h"

#include <stdlib.h>

enum {
    UNIT = 8, /* offsets count octets by eight */
    LARGEST = 65536,
    UNITS = LARGEST / UNIT,
};

static const uint64_t gather_ns = 30000000000; /* RFC 1122 section 3.3.2 says 60 to 120; Linux 30 */
static const uint64_t late_copy_ns = 1000000000;

struct datagram_key {
    struct address source, destination;
    uint32_t id;
    uint32_t protocol; /* IPv6 tells it only in the first fragment: 0 there */
};

enum datagram_state { FREE, GATHERING, WHOLE };

struct gathered {
    struct datagram_key key;
    enum datagram_state state;
    uint8_t protocol;  /* of the first fragment */
    bool end_known;    /* the last fragment came */
    int64_t time_ns;   /* of the fragment that came first */
    uint64_t age;      /* order of creation */
    uint64_t batch;    /* in which it became whole */
    uint32_t end;      /* of the payload; until end_known, of what is seen of it */
    uint32_t readable; /* octets before the first one that the snap length cut */
    uint32_t n_units;
    uint64_t units[UNITS / 64]; /* seen on the wire */
};

struct fragments {
    struct hash_seed seed;
    uint64_t batch, created;
    uint64_t hash[FRAGMENT_DATAGRAMS]; /* of the keys, for the search */
    struct gathered gathered[FRAGMENT_DATAGRAMS];
    uint8_t *octets[FRAGMENT_DATAGRAMS]; /* owned; NULL until the place is first used */
};

struct fragments *fragments_open(struct hash_seed seed)
{
    struct fragments *store = calloc(1, sizeof *store);
    if (store)
        store->seed = seed;
    return store;
}

void fragments_close(struct fragments *store)
{
    for (size_t i = 0; store && i < FRAGMENT_DATAGRAMS; i++)
        free(store->octets[i]);
    free(store);
}

void fragments_begin_batch(struct fragments *store) { store->batch++; }

static struct datagram_key key_of(const struct fragment *piece, const struct packet *p)
{
    bool v4 = address_is_ipv4(&p->source);
    return (struct datagram_key){ .source = p->source,
                                  .destination = p->destination,
                                  .id = piece->id,
                                  .protocol = v4 ? p->ip_protocol : 0 };
}

/* Captures jump in time both ways. */
static uint64_t apart_ns(int64_t a, int64_t b)
{
    return a > b ? (uint64_t)a - (uint64_t)b : (uint64_t)b - (uint64_t)a;
}

static bool is_stale(const struct gathered *g, int64_t time_ns)
{
    return apart_ns(time_ns, g->time_ns) > (g->state == WHOLE ? late_copy_ns : gather_ns);
}

static bool is_lent(const struct fragments *store, const struct gathered *g)
{
    return g->state == WHOLE && g->batch == store->batch;
}

/* The place that is free, or holds the oldest that may go: finished ones before unfinished. */
static size_t place_to_use(const struct fragments *store)
{
    size_t best = FRAGMENT_DATAGRAMS;
    for (size_t i = 0; i < FRAGMENT_DATAGRAMS; i++) {
        const struct gathered *g = &store->gathered[i];
        if (g->state == FREE)
            return i;
        if (is_lent(store, g))
            continue;
        const struct gathered *b = best < FRAGMENT_DATAGRAMS ? &store->gathered[best] : NULL;
        if (!b || g->state > b->state || (g->state == b->state && g->age < b->age))
            best = i;
    }
    return best;
}

static void gathered_begin(struct gathered *g, const struct datagram_key *key, int64_t time_ns,
                           uint64_t age)
{
    *g = (struct gathered){
        .key = *key, .state = GATHERING, .time_ns = time_ns, .age = age, .readable = LARGEST
    };
}

/* The place of this datagram, a new one when there is none; FRAGMENT_DATAGRAMS when all are lent.
 */
static size_t place_of(struct fragments *store, const struct datagram_key *key, int64_t time_ns)
{
    uint64_t hash = hash_bytes(key, sizeof *key, store->seed);
    for (size_t i = 0; i < FRAGMENT_DATAGRAMS; i++) {
        struct gathered *g = &store->gathered[i];
        if (store->hash[i] != hash || g->state == FREE || memcmp(&g->key, key, sizeof *key) != 0)
            continue;
        if (!is_stale(g, time_ns))
            return i;
        if (!is_lent(store, g)) {
            gathered_begin(g, key, time_ns, ++store->created);
            return i;
        }
    }
    size_t i = place_to_use(store);
    if (i < FRAGMENT_DATAGRAMS) {
        store->hash[i] = hash;
        gathered_begin(&store->gathered[i], key, time_ns, ++store->created);
    }
    return i;
}

/* A last fragment fixes the end; nothing may lie beyond it, and only it may end off a unit. */
static bool piece_fits(const struct gathered *g, const struct fragment *piece, size_t length)
{
    size_t end = piece->offset + length;
    if (end >= LARGEST || (piece->more && (length == 0 || length % UNIT != 0)))
        return false;
    if (g->end_known)
        return piece->more ? end <= g->end : end == g->end;
    return piece->more || end >= g->end;
}

/* The first to come stays. */
static void unit_put(struct gathered *g, uint8_t *octets, size_t at, struct bytes unit)
{
    uint64_t *word = &g->units[at / UNIT / 64], bit = (uint64_t)1 << at / UNIT % 64;
    if (*word & bit)
        return;
    *word |= bit;
    g->n_units++;
    memcpy(octets + at, unit.at, unit.left);
    if (unit.clipped && at + unit.left < g->readable)
        g->readable = (uint32_t)(at + unit.left);
}

static void gathered_put(struct gathered *g, uint8_t *octets, const struct fragment *piece,
                         struct bytes body)
{
    uint32_t at = piece->offset;
    while (bytes_on_wire(&body)) {
        size_t there = bytes_on_wire(&body), n = there < UNIT ? there : UNIT;
        unit_put(g, octets, at, bytes_take(&body, n));
        at += (uint32_t)n;
    }
    if (at > g->end)
        g->end = at;
    if (!piece->more)
        g->end_known = true;
}

/* At most once for each place in the life of a store. */
static uint8_t *place_grow(struct fragments *store, size_t place)
{
    if (!store->octets[place])
        store->octets[place] = malloc(LARGEST);
    return store->octets[place];
}

enum fragment_answer fragments_add(struct fragments *store, const struct fragment *piece,
                                   struct packet *p)
{
    struct datagram_key key = key_of(piece, p);
    size_t place = place_of(store, &key, p->time_ns);
    if (place == FRAGMENT_DATAGRAMS)
        return FRAGMENT_HELD;
    struct gathered *g = &store->gathered[place];
    if (g->state == WHOLE)
        return FRAGMENT_HELD;
    if (!piece_fits(g, piece, bytes_on_wire(&p->payload)))
        return FRAGMENT_REFUSED;
    uint8_t *octets = place_grow(store, place);
    if (!octets)
        return FRAGMENT_HELD;
    if (piece->offset == 0 && !(g->units[0] & 1))
        g->protocol = p->ip_protocol;
    gathered_put(g, octets, piece, p->payload);
    if (!g->end_known || g->n_units < (g->end + UNIT - 1) / UNIT)
        return FRAGMENT_HELD;
    g->state = WHOLE;
    g->batch = store->batch;
    p->ip_protocol = g->protocol;
    p->payload = bytes_of(octets, g->readable < g->end ? g->readable : g->end, g->end);
    return FRAGMENT_WHOLE;
}
