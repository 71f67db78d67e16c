#include "flow/neighbour.h"

#include "base/table.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum { WISHES_MAX = 4096, STATIONS_MAX = 4096 };
enum { PAIR = 12 }; /* octets of two hardware addresses */

static const int64_t at_once_ns = 1000000000; /* from a question to its answers */
static const int64_t copy_ns = 1000000;       /* sooner it is the same question, captured twice */

/* What is known of one address on the link. */
struct station {
    uint64_t spoke_frame;
    uint8_t mac[6];
    uint32_t n_unanswered; /* addresses that it wants in vain */
    uint32_t n_found;      /* ... for which it once had an answer */
};

/* The stations that are an end of every unicast frame so far: two after the first, one when it has
 * talked with two others and nobody else was seen, none on a link of many. */
enum ends { ENDS_UNKNOWN, ENDS_TWO, ENDS_ONE, ENDS_NONE };

struct neighbours {
    struct table wishes, stations;
    enum ends ends;
    uint8_t end[2][6];
    uint8_t pair[2][PAIR]; /* addresses of the newest frames that changed nothing of that */
};

struct neighbours *neighbours_open(void)
{
    struct neighbours *n = calloc(1, sizeof *n);
    if (n &&
        table_open(&n->wishes, sizeof(struct neighbour_key), sizeof(struct neighbour),
                   WISHES_MAX) &&
        table_open(&n->stations, sizeof(struct address), sizeof(struct station), STATIONS_MAX))
        return n;
    neighbours_close(n);
    return NULL;
}

void neighbours_close(struct neighbours *n)
{
    if (!n)
        return;
    table_close(&n->wishes);
    table_close(&n->stations);
    free(n);
}

static bool same_mac(const uint8_t *a, const uint8_t *b) { return memcmp(a, b, 6) == 0; }

/* ---- whose link this is ---- */

static bool is_one_of(const uint8_t *mac, const struct packet *p)
{
    return same_mac(mac, p->mac_source) || same_mac(mac, p->mac_destination);
}

static bool is_unicast(const struct packet *p)
{
    static const uint8_t none[6];
    return p->has_mac && !(p->mac_destination[0] & 1) && !same_mac(p->mac_destination, none) &&
           !same_mac(p->mac_source, none);
}

/* Source and destination, as they lie in the packet. */
_Static_assert(offsetof(struct packet, mac_destination) == offsetof(struct packet, mac_source) + 6,
               "a pair is compared at once");

static inline const uint8_t *pair_of(const struct packet *p)
{
    return (const uint8_t *)p + offsetof(struct packet, mac_source);
}

/* Nearly every packet has the addresses of one of the two before it, which told nothing new. */
static inline bool pair_is_known(const struct neighbours *n, const struct packet *p)
{
    return memcmp(n->pair[0], pair_of(p), PAIR) == 0 || memcmp(n->pair[1], pair_of(p), PAIR) == 0;
}

static void pair_keep(struct neighbours *n, const struct packet *p)
{
    memcpy(n->pair[1], n->pair[0], PAIR);
    memcpy(n->pair[0], pair_of(p), PAIR);
}

static void ends_change(struct neighbours *n, const struct packet *p)
{
    if (n->ends == ENDS_UNKNOWN) {
        memcpy(n->end[0], p->mac_source, sizeof n->end[0]);
        memcpy(n->end[1], p->mac_destination, sizeof n->end[1]);
        n->ends = ENDS_TWO;
        return;
    }
    bool first = is_one_of(n->end[0], p), second = n->ends == ENDS_TWO && is_one_of(n->end[1], p);
    if (first && second)
        return;
    if (second)
        memcpy(n->end[0], n->end[1], sizeof n->end[0]);
    if (!first && !second)
        n->ends = ENDS_NONE;
    else
        n->ends = ENDS_ONE;
}

static void ends_note(struct neighbours *n, const struct packet *p)
{
    enum ends before = n->ends;

    if (!is_unicast(p))
        return;
    ends_change(n, p);
    if (n->ends == before)
        pair_keep(n, p);
    else
        memset(n->pair, 0, sizeof n->pair);
}

static bool is_end(const struct neighbours *n, const uint8_t *mac)
{
    return (n->ends == ENDS_ONE && same_mac(n->end[0], mac));
}

bool neighbour_is_watched(const struct neighbours *n, const struct neighbour_key *key,
                          const struct neighbour *w)
{
    const uint8_t *mac = neighbour_mac_of(n, &key->wanted);

    if (w->outgoing || is_end(n, w->asker_mac) || (mac && is_end(n, mac)))
        return true;
    /* Between these two alone: whatever one of them says to the other passes here. */
    return n->ends == ENDS_TWO && mac && !same_mac(mac, w->asker_mac) &&
           (same_mac(n->end[0], mac) || same_mac(n->end[1], mac)) &&
           (same_mac(n->end[0], w->asker_mac) || same_mac(n->end[1], w->asker_mac));
}

/* ---- questions and answers ---- */

static struct neighbour *wish_of(struct neighbours *n, const struct address *asker,
                                 const struct address *wanted, bool make)
{
    struct neighbour_key key;
    memset(&key, 0, sizeof key);
    key.asker = *asker;
    key.wanted = *wanted;
    return make ? table_put(&n->wishes, &key) : table_get(&n->wishes, &key);
}

/* What they wait for came, or is needed no more. */
static void wish_end(struct neighbours *n, const struct address *asker, struct neighbour *w)
{
    struct station *station = table_get(&n->stations, asker);
    if (w->n_asked && station && station->n_unanswered)
        station->n_unanswered--;
    w->n_asked = 0;
}

static void ask_note(struct neighbours *n, const struct packet *p)
{
    if (address_is_unspecified(&p->source) || address_equal(&p->source, &p->wanted))
        return;
    struct neighbour *w = wish_of(n, &p->source, &p->wanted, true);
    struct station *station = table_get(&n->stations, &p->source);
    if (!w || (w->asked_frame && p->time_ns - w->question_ns < copy_ns))
        return;
    if (!w->n_asked && station)
        station->n_unanswered++;
    if (w->n_asked < NEIGHBOUR_FRAMES) {
        w->frames[w->n_asked] = p->frame;
        w->asked_ns[w->n_asked] = p->time_ns;
    }
    w->n_asked += w->n_asked < UINT32_MAX;
    w->last_ns = w->question_ns = p->time_ns;
    w->asked_frame = p->frame;
    w->outgoing = p->outgoing;
    memcpy(w->asker_mac, p->wanted_mac, sizeof w->asker_mac);
}

/* One more piece of hardware that answers the newest question. */
static void mac_note(struct neighbour *w, const struct packet *p)
{
    bool again = w->n_macs && same_mac(w->mac[0], p->wanted_mac);
    bool other = w->n_macs && !again && w->mac_asked[0] == w->asked_frame;

    if (w->n_macs == 2 || !w->asked_frame || p->time_ns - w->question_ns > at_once_ns ||
        !p->wanted_mac_lasts)
        return;
    memcpy(w->mac[other], p->wanted_mac, sizeof w->mac[other]);
    w->mac_frame[other] = p->frame;
    w->mac_asked[other] = w->asked_frame;
    w->n_macs = other ? 2 : 1;
}

static void answer_note(struct neighbours *n, const struct packet *p)
{
    struct neighbour *w = wish_of(n, &p->destination, &p->wanted, false);
    if (!w)
        return;
    bool known = w->n_macs;
    mac_note(w, p);
    struct station *station = table_get(&n->stations, &p->destination);
    if (station && !known && w->n_macs)
        station->n_found++;
    wish_end(n, &p->destination, w);
}

/* Who asks, answers or announces is there. */
static void station_note(struct neighbours *n, const struct packet *p)
{
    const struct address *speaker = p->resolution == RESOLUTION_ASK ? &p->source : &p->wanted;
    struct station *station =
        address_is_unspecified(speaker) ? NULL : table_put(&n->stations, speaker);
    if (!station)
        return;
    station->spoke_frame = p->frame;
    memcpy(station->mac, p->wanted_mac, sizeof station->mac);
}

/* A SYN that leaves has found its way. */
static void syn_note(struct neighbours *n, const struct packet *p)
{
    struct neighbour *w = wish_of(n, &p->source, &p->destination, false);
    if (w)
        wish_end(n, &p->source, w);
}

void neighbours_take(struct neighbours *n, const struct packet *p)
{
    if (n->ends != ENDS_NONE && !pair_is_known(n, p))
        ends_note(n, p);
    if (p->resolution) {
        station_note(n, p);
        if (p->resolution == RESOLUTION_ASK)
            ask_note(n, p);
        else if (p->resolution == RESOLUTION_ANSWER)
            answer_note(n, p);
    } else if (n->wishes.n && p->kind == PACKET_TCP && p->flags & TCP_SYN) {
        syn_note(n, p);
    }
}

size_t neighbours_count(const struct neighbours *n) { return n->wishes.n; }

const struct neighbour *neighbour_at(const struct neighbours *n, size_t i,
                                     const struct neighbour_key **key)
{
    *key = table_key(&n->wishes, i);
    return table_at(&n->wishes, i);
}

bool neighbour_spoke_after(const struct neighbours *n, const struct address *address,
                           uint64_t frame)
{
    const struct station *station = table_get(&n->stations, address);
    return station && station->spoke_frame > frame;
}

const uint8_t *neighbour_mac_of(const struct neighbours *n, const struct address *address)
{
    const struct station *station = table_get(&n->stations, address);
    return station ? station->mac : NULL;
}

uint32_t neighbour_unanswered(const struct neighbours *n, const struct address *asker)
{
    const struct station *station = table_get(&n->stations, asker);
    return station ? station->n_unanswered : 0;
}

bool neighbour_is_only_one(const struct neighbours *n, const struct neighbour_key *key)
{
    const struct station *station = table_get(&n->stations, &key->asker);
    const struct neighbour *w = table_get(&n->wishes, key);
    return station && station->n_found == 1 && w && w->n_macs;
}

bool neighbour_was_wanted(const struct neighbours *n, const struct address *asker,
                          const struct address *wanted)
{
    struct neighbour_key key;
    memset(&key, 0, sizeof key);
    key.asker = *asker;
    key.wanted = *wanted;
    return table_get(&n->wishes, &key) != NULL;
}

static bool has_pair(const struct neighbour *w, const struct neighbour *of)
{
    return w->n_macs == 2 &&
           ((same_mac(w->mac[0], of->mac[0]) && same_mac(w->mac[1], of->mac[1])) ||
            (same_mac(w->mac[0], of->mac[1]) && same_mac(w->mac[1], of->mac[0])));
}

uint32_t neighbour_same_pair(const struct neighbours *n, const struct neighbour_key *key,
                             const struct neighbour *of)
{
    uint32_t same = 0;
    for (size_t i = 0; i < n->wishes.n; i++) {
        const struct neighbour_key *other = table_key(&n->wishes, i);
        same +=
            !address_equal(&other->wanted, &key->wanted) && has_pair(table_at(&n->wishes, i), of);
    }
    return same;
}
