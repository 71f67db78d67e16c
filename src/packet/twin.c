#include "packet/twin.h"

#include "packet/field.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

static const uint64_t window_ns = 1000000;

/* Two ways by 2048 sets, 128 KiB: stays in the second-level cache, and holds more packets than pass
 * within the window at two million a second. */
enum { WAYS = 2, SETS = 2048 };

/* An odd factor, so that two fields of one word never meet bit by bit. */
static const uint64_t OWN_BITS = 0x9fb21c651e98df25;

struct sighting {
    uint64_t hash; /* 0 = free */
    int64_t time_ns;
    uint16_t vlan;
    uint8_t ttl;
};

struct sighting_set {
    _Alignas(64) struct sighting way[WAYS]; /* newest first */
};

struct twins {
    struct sighting_set sets[SETS];
    struct hash_seed seed;
    uint64_t no_payload; /* what payload_hash makes of none */
    struct twin_counts counts;
};

/* Who talks to whom, in this direction, in what, and with what flags or kind of ICMP. */
static uint64_t icmp_ends_hash(const struct packet *p, struct hash_seed seed)
{
    uint64_t from =
        hash_fold(field_64(p->source.octet) ^ seed.a, field_64(p->source.octet + 8) ^ seed.b);
    uint64_t to = hash_fold(field_64(p->destination.octet) ^ seed.b,
                            field_64(p->destination.octet + 8) ^ ~seed.a);
    uint64_t icmp = (uint64_t)p->kind << 16 | (uint64_t)p->icmp_type << 8 | p->icmp_code;
    return hash_mix(from ^ icmp, to, seed);
}

static inline uint64_t ends_hash(const struct packet *p, struct hash_seed seed)
{
    if (__builtin_expect(p->kind != PACKET_TCP && p->kind != PACKET_UDP, 0))
        return icmp_ends_hash(p, seed);
    return p->flow_hash ^ ((uint64_t)p->flags << 1 | p->swapped); /* keyed by the protocol */
}

/* The checksum tells payloads apart, unless the sender's card is to fill it in or UDP has none. */
struct payload_ends {
    uint64_t first, last;
};

static inline struct payload_ends payload_ends(const struct bytes *payload)
{
    struct payload_ends ends = { 0, 0 };
    size_t n = payload->left;
    if (n >= sizeof ends.first) {
        ends.first = hash_load64(payload->at);
        ends.last = hash_load64(payload->at + n - sizeof ends.last);
    } else if (n) {
        memcpy(&ends.first, payload->at, n);
    }
    return ends;
}

_Static_assert(offsetof(struct packet, checksum) == offsetof(struct packet, ip_id) + 6 &&
                   offsetof(struct packet, ack) == offsetof(struct packet, seq) + 4,
               "fields that are hashed together lie together");

static inline uint64_t payload_hash(const struct bytes *payload, struct hash_seed seed)
{
    struct payload_ends ends = payload_ends(payload);
    return hash_fold(bytes_on_wire(payload) * OWN_BITS ^ ends.first ^ seed.b, ends.last ^ ~seed.a);
}

struct twins *twins_open(struct hash_seed seed)
{
    struct twins *twins = aligned_alloc(_Alignof(struct twins), sizeof *twins);
    if (!twins)
        return NULL;
    memset(twins, 0, sizeof *twins);
    twins->seed = seed;
    twins->no_payload = payload_hash(&(struct bytes){ 0 }, seed);
    return twins;
}

void twins_close(struct twins *twins) { free(twins); }

const struct twin_counts *twin_counts(const struct twins *twins) { return &twins->counts; }

/* Equality in all of these makes a copy even where there is no IP identification to tell it from a
 * retransmission (IPv6; ID 0 with DF): within 1 ms a second capture point is by far the likelier
 * cause.  What this may take wrongly is a repeated pure ACK or a resend on a fast LAN; it is then
 * counted once instead of twice, and nothing that was sent goes unseen. */
static inline uint64_t twin_hash(const struct twins *twins, const struct packet *p)
{
    struct hash_seed seed = twins->seed;
    uint64_t numbers = hash_load64(&p->seq), header = hash_load64(&p->ip_id);
    uint64_t h = hash_fold(ends_hash(p, seed) ^ numbers * OWN_BITS ^ seed.a, header ^ seed.b);
    uint64_t g = bytes_on_wire(&p->payload) ? payload_hash(&p->payload, seed) : twins->no_payload;
    return h ^ g ? h ^ g : 1;
}

/* Resets come in true pairs; the pieces of a datagram are sorted out where it is made whole. */
static inline bool may_be_copied(const struct packet *p)
{
    if (__builtin_expect(p->kind == PACKET_TCP, 1))
        return (p->flags & TCP_RST) == 0;
    return p->kind == PACKET_UDP || p->kind == PACKET_ICMP;
}

/* Interfaces of one capture need not agree on the time: a copy may seem to come first. */
static bool is_near(int64_t a, int64_t b)
{
    return (a > b ? (uint64_t)a - (uint64_t)b : (uint64_t)b - (uint64_t)a) <= window_ns;
}

static struct sighting *sighting_find(struct sighting_set *set, uint64_t hash, int64_t time_ns)
{
    for (size_t i = 0; i < WAYS; i++) {
        struct sighting *s = &set->way[i];
        if (s->hash == hash && is_near(s->time_ns, time_ns))
            return s;
    }
    return NULL;
}

static void sighting_add(struct sighting_set *set, uint64_t hash, const struct packet *p)
{
    for (size_t i = WAYS - 1; i > 0; i--)
        set->way[i] = set->way[i - 1];
    set->way[0] =
        (struct sighting){ .hash = hash, .time_ns = p->time_ns, .vlan = p->vlan, .ttl = p->ttl };
}

static void copy_count(struct twin_counts *counts, const struct sighting *first,
                       const struct packet *p)
{
    if (counts->copies++ == 0)
        counts->first_frame = p->frame;
    counts->payload_copies += bytes_on_wire(&p->payload) > 0;
    counts->ttl_steps += first->ttl != p->ttl;
    counts->vlan_steps += first->vlan != p->vlan;
}

void twins_prefetch(const struct twins *twins, struct packet *packets, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct packet *p = &packets[i];
        if (!may_be_copied(p))
            continue;
        p->twin_hash = twin_hash(twins, p);
        __builtin_prefetch(&twins->sets[p->twin_hash % SETS], 1);
    }
}

bool twin_seen(struct twins *twins, const struct packet *p)
{
    twins->counts.payload_packets += bytes_on_wire(&p->payload) > 0;
    uint64_t hash = p->twin_hash;
    if (!hash && !may_be_copied(p))
        return false;
    hash = hash ? hash : twin_hash(twins, p);
    struct sighting_set *set = &twins->sets[hash % SETS];
    struct sighting *first = sighting_find(set, hash, p->time_ns);
    if (!first) {
        sighting_add(set, hash, p);
        return false;
    }
    copy_count(&twins->counts, first, p);
    first->time_ns = p->time_ns; /* a third copy may be that much later again */
    return true;
}
